//! How a monitor looks while what it is about was brought back lately. Until when that is, plan and runs say, not this.

use super::Definition;

/// Four times as often.
const SOONER: u32 = 4;
const SOONEST_SECONDS: u32 = 5;
/// One bad check may be chance; two are not.
const MOST_RETRIES: u8 = 1;

impl Definition {
    /// Seconds from one check to the next while it is watched closely: never sooner than a check may take.
    #[must_use]
    pub fn closely_every_seconds(&self) -> u32 {
        let least = SOONEST_SECONDS.max(self.timeout_seconds);
        (self.every_seconds / SOONER).max(least).min(self.every_seconds)
    }

    /// The definition by which it is checked now.
    #[must_use]
    pub fn in_force(&self, closely: bool) -> Self {
        if !closely {
            return self.clone();
        }
        Self { every_seconds: self.closely_every_seconds(), retries: self.retries.min(MOST_RETRIES), ..self.clone() }
    }
}
