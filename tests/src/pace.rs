//! Waiting for what another program does: looks soon, then less and less often, so that looking does not slow down what it waits for.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(200);

/// How often to look, and until when.
pub struct Pace {
    pause: Duration,
    until: Instant,
}

impl Pace {
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self { pause: FIRST, until: Instant::now() + limit }
    }

    /// Whether the time is up.
    #[must_use]
    pub fn over(&self) -> bool {
        Instant::now() > self.until
    }

    /// Until it is worth looking again.
    pub async fn rest(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 3 / 2).min(LONGEST);
    }
}
