//! An instant in UTC with microsecond precision, as Postgres keeps it. Never reads a clock: callers pass `now` in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// An instant; RFC 3339 in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// From any instant; moved to UTC and cut to microseconds, so that a value survives the database unchanged.
    #[must_use]
    pub fn new(instant: OffsetDateTime) -> Self {
        let utc = instant.to_offset(UtcOffset::UTC);
        Self(utc.replace_microsecond(utc.microsecond()).unwrap_or(utc))
    }

    /// From seconds since 1970; out of range saturates at the epoch.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Self {
        Self(OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// From milliseconds since 1970, as browsers count.
    #[must_use]
    pub fn from_unix_ms(ms: i64) -> Self {
        Self::new(
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        )
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn unix_ms(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }

    /// The instant as the `time` crate has it.
    #[must_use]
    pub fn inner(self) -> OffsetDateTime {
        self.0
    }

    /// Whole seconds from `earlier` to `self`, negative if `self` is before it.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).whole_seconds()
    }

    /// This instant moved by seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        let moved = Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        self.0.checked_add(moved).map_or(self, Self)
    }

    /// `2026-11-22 03:10:07 UTC`: for documents and terminals.
    #[must_use]
    pub fn utc_text(self) -> String {
        let t = self.0;
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).unwrap_or_else(|_| self.utc_text()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map(Self::new).map_err(serde::de::Error::custom)
    }
}

/// A span in words people use: `45 s`, `12 min`, `1 h 5 min`, `2 d 3 h`.
#[must_use]
pub fn human_seconds(seconds: i64) -> String {
    let s = seconds.unsigned_abs();
    let sign = if seconds < 0 { "-" } else { "" };
    match s {
        0..60 => format!("{sign}{s} s"),
        60..3600 if !s.is_multiple_of(60) => format!("{sign}{} min {} s", s / 60, s % 60),
        60..3600 => format!("{sign}{} min", s / 60),
        3600..86_400 if s % 3600 >= 60 => format!("{sign}{} h {} min", s / 3600, s % 3600 / 60),
        3600..86_400 if !s.is_multiple_of(3600) => format!("{sign}{} h {} s", s / 3600, s % 3600),
        3600..86_400 => format!("{sign}{} h", s / 3600),
        _ if s % 86_400 >= 3600 => format!("{sign}{} d {} h", s / 86_400, s % 86_400 / 3600),
        _ => format!("{sign}{} d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_round_trips_to_the_microsecond() {
        let instant = Timestamp::new(OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap());
        let text = serde_json::to_string(&instant).unwrap();
        assert_eq!(text, "\"2023-11-14T22:13:20.123456Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), instant);
    }

    #[test]
    fn spans_read_like_speech() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (600, "10 min"),
            (3600, "1 h"),
            (3640, "1 h 40 s"),
            (3900, "1 h 5 min"),
            (3940, "1 h 5 min"),
            (-90, "-1 min 30 s"),
            (90_000, "1 d 1 h"),
        ];
        for (seconds, words) in cases {
            assert_eq!(human_seconds(seconds), words);
        }
    }
}
