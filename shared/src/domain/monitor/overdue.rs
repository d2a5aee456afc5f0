//! Checks that nobody makes: when a monitor is overdue. Who should make them, it does not know.

use crate::timestamp::Timestamp;

/// A check that is so late is made by nobody.
pub const OVERDUE_SECONDS: i64 = 90;

/// Whether nobody makes its checks any more. Of a paused one nothing is due.
#[must_use]
pub fn overdue(due_at: Option<Timestamp>, now: Timestamp) -> bool {
    due_at.is_some_and(|due| now.seconds_since(due) > OVERDUE_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix(second)
    }

    #[test]
    fn a_check_that_nobody_makes_is_overdue_and_a_paused_one_is_not() {
        assert!(!overdue(None, at(9_999)));
        for (late, expected) in [(0, false), (OVERDUE_SECONDS, false), (OVERDUE_SECONDS + 1, true)] {
            assert_eq!(overdue(Some(at(1_000)), at(1_000 + late)), expected, "{late}");
        }
    }
}
