//! What a rehearsal of the contact tree says about one person. Calls nobody, knows no clock.

use serde::{Deserialize, Serialize};

use crate::{domain::escalation::Reach, timestamp::Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DrillOutcome {
    /// There is time left.
    Waiting,
    InTime,
    /// Answered, after the response time.
    Late,
    NoAnswer,
    /// Nothing that was sent got through.
    NotReached,
}

impl DrillOutcome {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting for an answer",
            Self::InTime => "Answered in time",
            Self::Late => "Answered too late",
            Self::NoAnswer => "No answer",
            Self::NotReached => "Not reached",
        }
    }
}

/// An answer counts whenever it comes; without one, what was not delivered is said before what was not answered.
#[must_use]
pub fn outcome(due_at: Timestamp, answered_at: Option<Timestamp>, reach: Reach, now: Timestamp) -> DrillOutcome {
    match (answered_at, reach) {
        (Some(at), _) if at <= due_at => DrillOutcome::InTime,
        (Some(_), _) => DrillOutcome::Late,
        (None, Reach::None) => DrillOutcome::NotReached,
        (None, Reach::Possible) if now < due_at => DrillOutcome::Waiting,
        (None, Reach::Possible) => DrillOutcome::NoAnswer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_drill_says_about_somebody() {
        let at = Timestamp::from_unix;
        for (answered, reach, now, expected) in [
            (None, Reach::Possible, 99, DrillOutcome::Waiting),
            (None, Reach::Possible, 100, DrillOutcome::NoAnswer),
            (None, Reach::None, 5, DrillOutcome::NotReached),
            (Some(100), Reach::Possible, 500, DrillOutcome::InTime),
            (Some(101), Reach::Possible, 500, DrillOutcome::Late),
            (Some(50), Reach::None, 500, DrillOutcome::InTime),
        ] {
            assert_eq!(outcome(at(100), answered.map(at), reach, at(now)), expected, "{answered:?} {now}");
        }
    }
}
