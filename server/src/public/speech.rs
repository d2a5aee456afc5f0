//! How the public pages speak: texts of a language, instants and days in a time zone, spans. Knows no incident.

use jiff::tz::TimeZone;
use shared::{
    domain::brand::{Brand, ZoneName},
    timestamp::Timestamp,
};
use time::{Date, Month, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use super::texts::{Texts, fill};

/// An instant in both forms a page needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// For `<time datetime>`.
    pub(crate) machine: String,
    /// `22 Nov 2026, 03:10 UTC`.
    pub(crate) words: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Speech {
    pub(crate) texts: &'static Texts,
    zone: TimeZone,
    zone_name: String,
}

impl Default for Speech {
    fn default() -> Self {
        Self::of(&Brand::default())
    }
}

/// Whether the time zone database has it.
pub(crate) fn zone_exists(zone: &ZoneName) -> bool {
    TimeZone::get(zone.as_str()).is_ok()
}

impl Speech {
    pub(crate) fn of(brand: &Brand) -> Self {
        // Checked when it was saved; a zone that a newer database has no more is told in UTC, which the page then says.
        let named = TimeZone::get(brand.zone.as_str()).map(|zone| (zone, brand.zone.as_str().to_owned()));
        let (zone, zone_name) = named.unwrap_or_else(|_| (TimeZone::UTC, "UTC".to_owned()));
        Self { texts: Texts::of(brand.language), zone, zone_name }
    }

    /// In the page's zone, and what the zone is called then.
    fn local(&self, at: Timestamp) -> (OffsetDateTime, String) {
        let utc = at.inner();
        let Ok(instant) = jiff::Timestamp::from_second(utc.unix_timestamp()) else { return (utc, "UTC".into()) };
        let info = self.zone.to_offset_info(instant);
        let offset = UtcOffset::from_whole_seconds(info.offset().seconds()).unwrap_or(UtcOffset::UTC);
        (utc.to_offset(offset), info.abbreviation().to_owned())
    }

    pub(crate) fn date(&self, at: Timestamp) -> Date {
        self.local(at).0.date()
    }

    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        let (local, zone) = self.local(at);
        let own = self.texts.zones.iter().find(|(known, _)| *known == zone).map(|(_, own)| (*own).to_owned());
        let utc = at.inner();
        let whole = utc.replace_microsecond(0).unwrap_or(utc);
        Instant {
            machine: whole.format(&Rfc3339).unwrap_or_default(),
            words: format!(
                "{}, {:02}:{:02} {}",
                self.day(local.date()),
                local.hour(),
                local.minute(),
                own.unwrap_or(zone)
            ),
        }
    }

    /// As the time zone database calls it.
    pub(crate) fn zone_name(&self) -> &str {
        if self.zone_name == "UTC" { "Etc/UTC" } else { &self.zone_name }
    }

    /// "Times are in …".
    pub(crate) fn zone_words(&self) -> String {
        fill(self.texts.zone, &[("zone", &self.zone_name)])
    }

    /// As [`Speech::zone_words`], with a place for the reader's own zone.
    pub(crate) fn zone_own_words(&self) -> String {
        fill(self.texts.zone_own, &[("zone", &self.zone_name), ("own", "{own}")])
    }

    /// `22 Nov 2026`.
    pub(crate) fn day(&self, date: Date) -> String {
        let (day, year) = (date.day().to_string(), date.year().to_string());
        fill(self.texts.day, &[("day", &day), ("month", self.short(date.month())), ("year", &year)])
    }

    /// `9 to 20 Nov 2026`, saying month and year once where they are the same.
    pub(crate) fn days(&self, first: Date, last: Date) -> String {
        if first == last {
            return self.day(last);
        }
        let day = first.day().to_string();
        let values = [("day", day.as_str()), ("month", self.short(first.month()))];
        let begin = if first.year() != last.year() {
            self.day(first)
        } else if first.month() != last.month() {
            fill(self.texts.day_of_year, &values)
        } else {
            fill(self.texts.day_of_month, &values)
        };
        fill(self.texts.days, &[("first", &begin), ("last", &self.day(last))])
    }

    /// `November 2026`.
    pub(crate) fn month(&self, year: i32, month: u8) -> String {
        let name = self.texts.months.get(usize::from(month.saturating_sub(1))).copied().unwrap_or_default();
        fill(self.texts.month, &[("month", name), ("year", &year.to_string())])
    }

    /// `a`, `a and b`, `a, b and c`.
    pub(crate) fn list(&self, words: &[String]) -> String {
        match words {
            [] => String::new(),
            [one] => one.clone(),
            [head @ .., last] => format!("{} {} {last}", head.join(", "), self.texts.and),
        }
    }

    /// `45 s`, `1 h 5 min`, `2 d 3 h`: at most two units.
    pub(crate) fn span(&self, seconds: i64) -> String {
        let seconds = seconds.max(0);
        let sizes = [86_400, 3600, 60, 1];
        let first = sizes.iter().position(|size| seconds >= *size).unwrap_or(3);
        let mut words = format!("{} {}", seconds / sizes[first], self.texts.units[first]);
        if let Some(size) = sizes.get(first + 1) {
            let rest = seconds % sizes[first] / size;
            if rest > 0 {
                words.push_str(&format!(" {rest} {}", self.texts.units[first + 1]));
            }
        }
        words
    }

    /// `99.98 %`, and `100 %` only of what was never down.
    pub(crate) fn percent(&self, hundredths: u32) -> String {
        let point = self.texts.decimal;
        match (hundredths / 100, hundredths % 100) {
            (whole, 0) => format!("{whole} %"),
            (whole, rest) if rest % 10 == 0 => format!("{whole}{point}{} %", rest / 10),
            (whole, rest) => format!("{whole}{point}{rest:02} %"),
        }
    }

    fn short(&self, month: Month) -> &'static str {
        self.texts.months_short[usize::from(u8::from(month)) - 1]
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::brand::Language;

    use super::*;

    fn date(year: i32, month: u8, day: u8) -> Date {
        Date::from_calendar_date(year, Month::try_from(month).unwrap(), day).unwrap()
    }

    fn german() -> Speech {
        Speech::of(&Brand {
            language: Language::German,
            zone: ZoneName::parse("Europe/Berlin").unwrap(),
            ..Brand::default()
        })
    }

    #[test]
    fn instants_and_days_read_like_speech() {
        let speech = Speech::default();
        let at = Timestamp::from_unix_ms(1_795_317_007_123);
        assert_eq!(speech.instant(at).words, "22 Nov 2026, 03:10 UTC");
        assert_eq!(speech.instant(at).machine, "2026-11-22T03:10:07Z");
        let nov = |d| date(2026, 11, d);
        assert_eq!(speech.days(nov(9), nov(20)), "9 to 20 Nov 2026");
        assert_eq!(speech.days(nov(9), nov(9)), "9 Nov 2026");
        assert_eq!(speech.days(date(2026, 10, 28), nov(3)), "28 Oct to 3 Nov 2026");
        assert_eq!(speech.days(date(2026, 12, 28), date(2027, 1, 3)), "28 Dec 2026 to 3 Jan 2027");
        assert_eq!(speech.month(2026, 11), "November 2026");
        let german = german();
        assert_eq!(german.days(nov(9), nov(20)), "9. bis 20. Nov. 2026");
        assert_eq!(german.days(date(2026, 10, 28), nov(3)), "28. Okt. bis 3. Nov. 2026");
        assert_eq!(german.month(2026, 3), "März 2026");
    }

    #[test]
    fn a_zone_has_its_summer_and_its_own_midnight() {
        let german = german();
        let winter = Timestamp::from_unix(1_795_303_800);
        assert_eq!(german.instant(winter).words, "22. Nov. 2026, 00:30 MEZ");
        assert_eq!((german.date(winter), Speech::default().date(winter)), (date(2026, 11, 22), date(2026, 11, 21)));
        assert_eq!(german.instant(winter).machine, "2026-11-21T23:30:00Z", "programs read the same instant");
        let summer = Timestamp::from_unix(1_782_000_000);
        assert_eq!(german.instant(summer).words, "21. Juni 2026, 02:00 MESZ");
        assert!(zone_exists(&ZoneName::parse("America/Argentina/Buenos_Aires").unwrap()));
        assert!(!zone_exists(&ZoneName::parse("Europe/Nowhere").unwrap()));
    }

    #[test]
    fn spans_and_lists_read_like_speech() {
        let (english, german) = (Speech::default(), german());
        for (seconds, en, de) in [
            (0, "0 s", "0 Sek."),
            (61, "1 min 1 s", "1 Min. 1 Sek."),
            (3600, "1 h", "1 Std."),
            (3940, "1 h 5 min", "1 Std. 5 Min."),
            (90_000, "1 d 1 h", "1 Tg. 1 Std."),
        ] {
            assert_eq!((english.span(seconds).as_str(), german.span(seconds).as_str()), (en, de));
        }
        let words = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(english.list(&words(0)), "");
        assert_eq!(english.list(&words(1)), "0");
        assert_eq!(english.list(&words(3)), "0, 1 and 2");
        assert_eq!(german.list(&words(3)), "0, 1 und 2");
    }

    #[test]
    fn percentages_are_cut_not_rounded() {
        for (hundredths, words) in
            [(10_000, "100 %"), (9_999, "99.99 %"), (9_950, "99.5 %"), (9_905, "99.05 %"), (0, "0 %")]
        {
            assert_eq!(Speech::default().percent(hundredths), words);
        }
        assert_eq!(german().percent(9_998), "99,98 %");
    }
}
