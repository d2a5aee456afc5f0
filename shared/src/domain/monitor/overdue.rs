//! Checks that nobody makes: when a monitor is overdue, and the alert that those of a system are together. Who should make them, it does
//! not know.

use crate::{
    domain::alert::{Alert, AlertState},
    timestamp::Timestamp,
};

/// A check that is so late is made by nobody.
pub const OVERDUE_SECONDS: i64 = 90;

/// Whether nobody makes its checks any more. Of a paused one nothing is due.
#[must_use]
pub fn overdue(due_at: Option<Timestamp>, now: Timestamp) -> bool {
    due_at.is_some_and(|due| now.seconds_since(due) > OVERDUE_SECONDS)
}

/// The key of [`unwatched`].
pub const UNWATCHED: &str = "unwatched";

/// The alert that the overdue monitors of a system are: `n` of them, the first since `since`.
#[must_use]
pub fn unwatched(system: &str, n: i64, since: Timestamp, url: String) -> Alert {
    let checks = if n == 1 { "1 check of" } else { &format!("{n} checks of") };
    let are = if n == 1 { "is" } else { "are" };
    let labels = [("check", "worker"), ("state", UNWATCHED)];
    Alert {
        key: UNWATCHED.into(),
        state: AlertState::Firing,
        title: format!("{checks} {system} {are} not made since {}", since.utc_text()),
        text: Some(
            "No worker looks at its host, or none keeps up. What its monitors found last is old, and nobody would notice if something went down."
                .into(),
        ),
        url: Some(url),
        labels: labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into(),
    }
}

/// A server that has not looked for so long was away itself, or its database was.
const AWAY_SECONDS: i64 = 30;

/// Since when a server has looked for overdue checks without a gap; `before`: since when and when it looked last. Whoever was away has
/// to give the workers, who may have been away too, the time to catch up.
#[must_use]
pub fn looking_since(before: Option<(Timestamp, Timestamp)>, now: Timestamp) -> Timestamp {
    before.filter(|(_, last)| now.seconds_since(*last) <= AWAY_SECONDS).map_or(now, |(since, _)| since)
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

    #[test]
    fn a_server_that_was_away_begins_to_look_anew() {
        assert_eq!(looking_since(None, at(7)), at(7));
        assert_eq!(looking_since(Some((at(7), at(100))), at(100 + AWAY_SECONDS)), at(7));
        assert_eq!(looking_since(Some((at(7), at(100))), at(101 + AWAY_SECONDS)), at(101 + AWAY_SECONDS));
    }

    #[test]
    fn the_alert_says_how_many_and_since_when() {
        let title = |n| unwatched("BT2C", n, at(0), String::new()).title;
        assert_eq!(title(1), "1 check of BT2C is not made since 1970-01-01 00:00:00 UTC");
        assert!(title(12).starts_with("12 checks of BT2C are not made since 1970"));
    }
}
