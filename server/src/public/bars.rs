//! The last 90 days of a component as bars, each with its words: shape, colour and text say the same. Adds nothing up itself.

use shared::{
    domain::uptime::{Bar, DayKind, History},
    timestamp::Timestamp,
};

use super::{speech::Speech, texts::fill};

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
    pub(crate) fn new(history: &History, now: Timestamp, speech: &Speech) -> Self {
        let t = speech.texts;
        let bars = history.bars(now);
        let uptime = history.uptime(now).map(|n| fill(t.uptime, &[("percent", &speech.percent(n))]));
        let told: Vec<_> = bars
            .iter()
            .rev()
            .filter(|bar| bar.kind > DayKind::Good)
            .map(|bar| Told { day: speech.day(bar.day), what: what(bar, speech) })
            .collect();
        let since = match bars.first() {
            Some(first) if first.kind != DayKind::Unknown => t.days_ago.to_owned(),
            _ => fill(t.recorded_since, &[("day", &speech.day(history.first_seen_at.inner().date()))]),
        };
        let told_words = t.days_told.of(told.len());
        let summary = match (&uptime, told.is_empty()) {
            (Some(uptime), true) => fill(t.summary_calm, &[("since", &since), ("uptime", uptime)]),
            (Some(uptime), false) => {
                fill(t.summary_told, &[("since", &since), ("uptime", uptime), ("told", &told_words)])
            }
            (None, _) => fill(t.summary_bare, &[("since", &since)]),
        };
        Self {
            bars: bars.iter().enumerate().map(|(n, bar)| OneBar::new(n, bar, speech)).collect(),
            summary,
            since,
            uptime,
            told,
            told_words,
        }
    }
}

impl OneBar {
    fn new(n: usize, bar: &Bar, speech: &Speech) -> Self {
        let shape = match bar.kind {
            DayKind::Unknown => "d-none",
            DayKind::Good => "d-good",
            DayKind::Maintenance => "d-work",
            DayKind::Degraded => "d-notice",
            DayKind::Partial => "d-warning",
            DayKind::Major => "d-critical",
        };
        Self { x: n * STEP, shape, words: format!("{}: {}", speech.day(bar.day), what(bar, speech)) }
    }
}

/// What a day held, the worst first.
fn what(bar: &Bar, speech: &Speech) -> String {
    let (s, t) = (bar.seconds, speech.texts);
    let parts = [
        (t.held_major, s.major),
        (t.held_partial, s.partial),
        (t.held_degraded, s.degraded),
        (t.held_maintenance, s.maintenance),
    ];
    let told: Vec<_> = parts
        .iter()
        .filter(|(_, seconds)| *seconds > 0)
        .map(|(name, seconds)| fill(t.held_for, &[("what", name), ("span", &speech.span(i64::from(*seconds)))]))
        .collect();
    match bar.kind {
        DayKind::Unknown => t.not_recorded.into(),
        _ if told.is_empty() => t.no_outage.into(),
        _ => told.join(", "),
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
        let bars =
            Bars::new(&history(200 * 86_400, vec![of(20, mixed)]), Timestamp::from_unix(NOW), &Speech::default());
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
        let bars = Bars::new(&history(86_400, vec![]), Timestamp::from_unix(NOW), &Speech::default());
        assert_eq!(bars.since, "Recorded since 21 Nov 2026");
        assert_eq!((bars.bars[0].shape, bars.bars[0].words.as_str()), ("d-none", "25 Aug 2026: not recorded"));
    }
}
