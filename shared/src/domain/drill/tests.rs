//! Tables of cases for drills.

use time::macros::datetime;

use super::*;

fn at(instant: time::OffsetDateTime) -> Timestamp {
    Timestamp::new(instant)
}

#[test]
fn a_rule_counts_months_and_skips_those_that_are_over() {
    let cases = [
        (
            Every::Monthly,
            datetime!(2026-01-31 9:00 UTC),
            datetime!(2026-01-31 9:00 UTC),
            datetime!(2026-02-28 9:00 UTC),
        ),
        (
            Every::Monthly,
            datetime!(2026-12-05 9:00 UTC),
            datetime!(2026-12-06 0:00 UTC),
            datetime!(2027-01-05 9:00 UTC),
        ),
        (
            Every::Monthly,
            datetime!(2026-01-05 9:00 UTC),
            datetime!(2026-04-01 0:00 UTC),
            datetime!(2026-04-05 9:00 UTC),
        ),
        (
            Every::Quarterly,
            datetime!(2026-11-30 9:00 UTC),
            datetime!(2026-11-30 9:00 UTC),
            datetime!(2027-02-28 9:00 UTC),
        ),
        // It was done before its time: it comes again one time later.
        (
            Every::Monthly,
            datetime!(2026-06-15 9:00 UTC),
            datetime!(2026-06-01 9:00 UTC),
            datetime!(2026-07-15 9:00 UTC),
        ),
    ];
    for (every, due, now, next) in cases {
        assert_eq!(every.after(at(due), at(now)), at(next), "{every:?} {due} {now}");
    }
}

#[test]
fn blocked_time_moves_what_is_due_to_its_end() {
    let window = |from: i64, until: i64, reason: &str| Window {
        from_at: Timestamp::from_unix(from),
        until_at: Timestamp::from_unix(until),
        reason: reason.into(),
    };
    let windows = [window(200, 300, "holidays"), window(100, 200, "freeze"), window(500, 600, "audit")];
    for (due, to) in [(99, None), (100, Some((300, "freeze; holidays"))), (250, Some((300, "holidays"))), (300, None)] {
        let to = to.map(|(at, why): (i64, &str)| (Timestamp::from_unix(at), why.to_owned()));
        assert_eq!(moved(Timestamp::from_unix(due), &windows), to, "{due}");
    }
}

#[test]
fn a_drill_ends_for_what_is_real_and_when_its_time_is_over() {
    let around = Around {
        begun_at: Timestamp::from_unix(0),
        limit_seconds: 100,
        incident: None,
        down: None,
        now: Timestamp::from_unix(50),
    };
    let cases = [
        (around, None),
        (Around { incident: Some((7, 1)), ..around }, None),
        (Around { incident: Some((7, 2)), ..around }, Some("Incident 7 has level 2")),
        (Around { down: Some("Height"), ..around }, Some("The monitor Height is down")),
        (Around { now: Timestamp::from_unix(100), ..around }, Some("Its time is over")),
    ];
    for (around, why) in cases {
        let stop = must_stop(&around);
        assert_eq!(stop.is_some(), why.is_some(), "{around:?}");
        assert!(stop.unwrap_or_default().starts_with(why.unwrap_or_default()), "{around:?}");
    }
}
