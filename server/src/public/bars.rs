//! The last 90 days of a component as bars, each with its words: shape, colour and text say the same. Adds nothing up itself.

use shared::{
    domain::uptime::{Bar, DayKind, History},
    timestamp::{Timestamp, human_seconds},
};

use super::words;

/// Width of a bar in the drawing's units.
const STEP: usize = 4;

pub(crate) struct Bars {
    pub(crate) bars: Vec<OneBar>,
    /// For who does not see them.
    pub(crate) summary: String,
    pub(crate) since: String,
    /// "99.98 % uptime"; `None` while there is nothing to say it of.
    pub(crate) uptime: Option<String>,
    /// Days with something to tell, newest first.
    pub(crate) told: Vec<Told>,
    pub(crate) told_words: String,
}

pub(crate) struct OneBar {
    pub(crate) x: usize,
    /// Names the shape in the page.
    pub(crate) shape: &'static str,
    pub(crate) words: String,
}

pub(crate) struct Told {
    pub(crate) day: String,
    pub(crate) what: String,
}

impl Bars {
    pub(crate) fn new(history: &History, now: Timestamp) -> Self {
        let bars = history.bars(now);
        let uptime = history.uptime(now).map(percent);
        let told: Vec<_> = bars
            .iter()
            .rev()
            .filter(|bar| bar.kind > DayKind::Good)
            .map(|bar| Told { day: words::day(bar.day), what: what(bar) })
            .collect();
        let since = match bars.first() {
            Some(first) if first.kind != DayKind::Unknown => "90 days ago".to_owned(),
            _ => format!("Recorded since {}", words::day(history.first_seen_at.inner().date())),
        };
        let told_words = match told.len() {
            1 => "1 day to tell about".to_owned(),
            n => format!("{n} days to tell about"),
        };
        let summary = match (&uptime, told.is_empty()) {
            (Some(uptime), true) => format!("{since} until today: {uptime} uptime, no outage."),
            (Some(uptime), false) => format!("{since} until today: {uptime} uptime, {told_words}, listed below."),
            (None, _) => format!("{since}."),
        };
        Self {
            bars: bars.iter().enumerate().map(|(n, bar)| OneBar::new(n, bar)).collect(),
            summary,
            since,
            uptime,
            told,
            told_words,
        }
    }
}

impl OneBar {
    fn new(n: usize, bar: &Bar) -> Self {
        let shape = match bar.kind {
            DayKind::Unknown => "d-none",
            DayKind::Good => "d-good",
            DayKind::Maintenance => "d-work",
            DayKind::Degraded => "d-notice",
            DayKind::Partial => "d-warning",
            DayKind::Major => "d-critical",
        };
        Self { x: n * STEP, shape, words: format!("{}: {}", words::day(bar.day), what(bar)) }
    }
}

/// What a day held, the worst first.
fn what(bar: &Bar) -> String {
    let s = bar.seconds;
    let parts = [
        ("major outage", s.major),
        ("partial outage", s.partial),
        ("degraded", s.degraded),
        ("maintenance", s.maintenance),
    ];
    let told: Vec<_> = parts
        .iter()
        .filter(|(_, seconds)| *seconds > 0)
        .map(|(name, seconds)| format!("{name} for {}", human_seconds(i64::from(*seconds))))
        .collect();
    match bar.kind {
        DayKind::Unknown => "not recorded".into(),
        _ if told.is_empty() => "no outage".into(),
        _ => told.join(", "),
    }
}

/// `99.98 %`, and `100 %` only of what was never down.
fn percent(hundredths: u32) -> String {
    match (hundredths / 100, hundredths % 100) {
        (whole, 0) => format!("{whole} %"),
        (whole, rest) if rest % 10 == 0 => format!("{whole}.{} %", rest / 10),
        (whole, rest) => format!("{whole}.{rest:02} %"),
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{
        status::Impact,
        uptime::{ComponentState, DaySeconds},
    };

    use super::*;

    const NOW: i64 = 1_795_318_200;

    fn history(first_seen: i64, days: Vec<(time::Date, DaySeconds)>) -> History {
        let state = ComponentState { impact: Impact::MajorOutage, maintenance: false };
        let (changed_at, first_seen_at) = (Timestamp::from_unix(NOW - 90), Timestamp::from_unix(NOW - first_seen));
        History { state, changed_at, first_seen_at, days }
    }

    #[test]
    fn every_bar_says_its_day_and_what_it_held() {
        let of = |day, seconds| (time::macros::date!(2026 - 11 - 01).replace_day(day).unwrap(), seconds);
        let mixed = DaySeconds { degraded: 60, partial: 3600, major: 0, maintenance: 7200 };
        let bars = Bars::new(&history(200 * 86_400, vec![of(20, mixed)]), Timestamp::from_unix(NOW));
        let last: Vec<_> = bars.bars[87..].iter().map(|b| (b.x, b.shape, b.words.as_str())).collect();
        assert_eq!(
            last,
            [
                (348, "d-warning", "20 Nov 2026: partial outage for 1 h, degraded for 1 min, maintenance for 2 h"),
                (352, "d-good", "21 Nov 2026: no outage"),
                (356, "d-critical", "22 Nov 2026: major outage for 1 min 30 s"),
            ]
        );
        assert_eq!(bars.since, "90 days ago");
        assert_eq!(bars.told.iter().map(|t| t.day.as_str()).collect::<Vec<_>>(), ["22 Nov 2026", "20 Nov 2026"]);
        assert_eq!(bars.summary, "90 days ago until today: 99.95 % uptime, 2 days to tell about, listed below.");
    }

    #[test]
    fn what_was_not_recorded_is_said() {
        let bars = Bars::new(&history(86_400, vec![]), Timestamp::from_unix(NOW));
        assert_eq!(bars.since, "Recorded since 21 Nov 2026");
        assert_eq!((bars.bars[0].shape, bars.bars[0].words.as_str()), ("d-none", "25 Aug 2026: not recorded"));
    }

    #[test]
    fn percentages_are_cut_not_rounded() {
        for (hundredths, words) in
            [(10_000, "100 %"), (9_999, "99.99 %"), (9_950, "99.5 %"), (9_905, "99.05 %"), (0, "0 %")]
        {
            assert_eq!(percent(hundredths), words);
        }
    }
}
