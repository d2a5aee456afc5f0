//! What was shown counts less as it ages: how much is left of it, and in which words its age is said. Knows no promises.

use super::{FRESH_DAYS, STALE_DAYS};
use crate::timestamp::Timestamp;

pub(super) const DAY: u64 = 86_400;

/// How much of `weight` is left of what was shown at `at`.
pub(super) fn left(weight: u32, at: Timestamp, now: Timestamp) -> u32 {
    left_of(weight, at, now, (FRESH_DAYS, STALE_DAYS))
}

/// The same, of what counts in full for so many days and no more after so many.
pub(super) fn left_of(weight: u32, at: Timestamp, now: Timestamp, (fresh, stale): (u64, u64)) -> u32 {
    let age = u64::try_from(now.seconds_since(at)).unwrap_or_default();
    let (fresh, stale) = (fresh * DAY, stale * DAY);
    match age {
        age if age <= fresh => weight,
        age if age >= stale => 0,
        age => u32::try_from(u64::from(weight) * (stale - age) / (stale - fresh)).unwrap_or(weight),
    }
}

pub(super) fn fresh_until(at: Timestamp) -> Timestamp {
    at.plus_seconds(FRESH_DAYS * DAY)
}

pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.seconds_since(at).max(0) / 86_400 {
        0 => "today".into(),
        1 => "yesterday".into(),
        days => format!("{days} days ago"),
    }
}

/// Why something that was shown counts less; nothing while it is fresh.
pub(super) fn aged(at: Timestamp, now: Timestamp) -> &'static str {
    if left(1_000, at, now) == 1_000 { "" } else { " What was shown so long ago counts less every day." }
}
