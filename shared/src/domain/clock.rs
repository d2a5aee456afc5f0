//! Clocks that people watch: when something is due and how near that is. Never reads the time itself.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Clock {
    /// "Response", "Recovery of Validator 1".
    pub label: String,
    pub started_at: Timestamp,
    pub limit_seconds: u64,
    /// Set once what was due has happened.
    pub stopped_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClockState {
    Running,
    /// 75 % of the time is gone.
    Close,
    Overdue,
    Met,
    Missed,
}

impl Clock {
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        self.started_at.plus_seconds(self.limit_seconds)
    }

    /// Seconds used, up to `now` or to when it stopped.
    #[must_use]
    pub fn used_seconds(&self, now: Timestamp) -> i64 {
        self.stopped_at.unwrap_or(now).seconds_since(self.started_at).max(0)
    }

    #[must_use]
    pub fn state(&self, now: Timestamp) -> ClockState {
        let used = self.stopped_at.unwrap_or(now);
        match (used <= self.due_at() || self.immediate_and_met(), self.stopped_at) {
            (true, Some(_)) => ClockState::Met,
            (false, Some(_)) => ClockState::Missed,
            (false, None) => ClockState::Overdue,
            (true, None) => {
                let quarters = self.used_seconds(now).saturating_mul(4);
                let three_quarters = i64::try_from(self.limit_seconds).unwrap_or(i64::MAX).saturating_mul(3);
                if quarters >= three_quarters { ClockState::Close } else { ClockState::Running }
            }
        }
    }

    /// "Immediate" is met by whoever answers within a minute: a plan that says so means "drop everything", not "before it happened".
    fn immediate_and_met(&self) -> bool {
        self.limit_seconds == 0 && self.stopped_at.is_some_and(|t| t.seconds_since(self.started_at) <= 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        let at = Timestamp::from_unix;
        let clock = |limit, stopped: Option<i64>| Clock {
            label: "x".into(),
            started_at: at(0),
            limit_seconds: limit,
            stopped_at: stopped.map(at),
        };
        let cases = [
            (clock(100, None), 10, ClockState::Running),
            (clock(100, None), 75, ClockState::Close),
            (clock(100, None), 101, ClockState::Overdue),
            (clock(100, Some(90)), 5000, ClockState::Met),
            (clock(100, Some(101)), 5000, ClockState::Missed),
            (clock(0, None), 1, ClockState::Overdue),
            (clock(0, Some(30)), 99, ClockState::Met),
            (clock(0, Some(61)), 99, ClockState::Missed),
        ];
        for (clock, now, expected) in cases {
            assert_eq!(clock.state(at(now)), expected, "{clock:?} at {now}");
        }
    }
}
