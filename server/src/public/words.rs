//! Instants, days and spans as the public pages say them. Always UTC: a reader's own zone is the browser's business.

use shared::timestamp::Timestamp;
use time::{Date, Month, format_description::well_known::Rfc3339};

/// An instant in both forms a page needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// For `<time datetime>`.
    pub(crate) machine: String,
    /// `22 Nov 2026, 03:10 UTC`.
    pub(crate) words: String,
}

pub(crate) fn instant(at: Timestamp) -> Instant {
    let t = at.inner();
    let whole = t.replace_microsecond(0).unwrap_or(t);
    Instant {
        machine: whole.format(&Rfc3339).unwrap_or_default(),
        words: format!("{}, {:02}:{:02} UTC", day(t.date()), t.hour(), t.minute()),
    }
}

/// `22 Nov 2026`.
pub(crate) fn day(date: Date) -> String {
    format!("{} {} {}", date.day(), short(date.month()), date.year())
}

/// `9 to 20 Nov 2026`, saying month and year once where they are the same.
pub(crate) fn days(first: Date, last: Date) -> String {
    if first == last {
        day(last)
    } else if first.year() != last.year() {
        format!("{} to {}", day(first), day(last))
    } else if first.month() != last.month() {
        format!("{} {} to {}", first.day(), short(first.month()), day(last))
    } else {
        format!("{} to {}", first.day(), day(last))
    }
}

/// `November 2026`.
pub(crate) fn month(date: Date) -> String {
    format!("{} {}", date.month(), date.year())
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

fn short(month: Month) -> &'static str {
    match month {
        Month::January => "Jan",
        Month::February => "Feb",
        Month::March => "Mar",
        Month::April => "Apr",
        Month::May => "May",
        Month::June => "Jun",
        Month::July => "Jul",
        Month::August => "Aug",
        Month::September => "Sep",
        Month::October => "Oct",
        Month::November => "Nov",
        Month::December => "Dec",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: Month, day: u8) -> Date {
        Date::from_calendar_date(year, month, day).unwrap()
    }

    #[test]
    fn instants_and_days_read_like_speech() {
        let at = instant(Timestamp::from_unix_ms(1_795_317_007_123));
        assert_eq!(at.words, "22 Nov 2026, 03:10 UTC");
        assert_eq!(at.machine, "2026-11-22T03:10:07Z");
        let nov = |d| date(2026, Month::November, d);
        assert_eq!(days(nov(9), nov(20)), "9 to 20 Nov 2026");
        assert_eq!(days(nov(9), nov(9)), "9 Nov 2026");
        assert_eq!(days(date(2026, Month::October, 28), nov(3)), "28 Oct to 3 Nov 2026");
        assert_eq!(days(date(2026, Month::December, 28), date(2027, Month::January, 3)), "28 Dec 2026 to 3 Jan 2027");
        assert_eq!(month(nov(9)), "November 2026");
    }

    #[test]
    fn lists_end_with_and() {
        let words = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(list(&words(0)), "");
        assert_eq!(list(&words(1)), "0");
        assert_eq!(list(&words(3)), "0, 1 and 2");
    }
}
