//! How long components were not well, day by day, and what of it counts as down. A sum over the state's changes; samples nothing and
//! knows no clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime, Time};

use crate::{domain::status::Impact, timestamp::Timestamp};

/// Days that the public page shows.
pub const DAYS: u32 = 90;

/// What is so with a component from one change to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentState {
    pub impact: Impact,
    /// An announced window is open.
    pub maintenance: bool,
}

impl ComponentState {
    pub const WELL: Self = Self { impact: Impact::Operational, maintenance: false };

    /// What its seconds count as. An outage in a window is still an outage: what was announced is work, not that it goes wrong.
    #[must_use]
    pub fn counts_as(self) -> DayKind {
        match self.impact {
            Impact::MajorOutage => DayKind::Major,
            Impact::PartialOutage => DayKind::Partial,
            _ if self.maintenance => DayKind::Maintenance,
            Impact::Degraded => DayKind::Degraded,
            Impact::Operational => DayKind::Good,
        }
    }
}

/// The worst that a day held; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayKind {
    /// Nothing was recorded: not the same as nothing wrong.
    Unknown,
    Good,
    Maintenance,
    Degraded,
    Partial,
    Major,
}

/// Seconds of one day that were not well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySeconds {
    pub degraded: u32,
    pub partial: u32,
    pub major: u32,
    pub maintenance: u32,
}

impl DaySeconds {
    #[must_use]
    pub fn of(kind: DayKind, seconds: u32) -> Self {
        let mut sum = Self::default();
        match kind {
            DayKind::Unknown | DayKind::Good => {}
            DayKind::Maintenance => sum.maintenance = seconds,
            DayKind::Degraded => sum.degraded = seconds,
            DayKind::Partial => sum.partial = seconds,
            DayKind::Major => sum.major = seconds,
        }
        sum
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            degraded: self.degraded.saturating_add(other.degraded),
            partial: self.partial.saturating_add(other.partial),
            major: self.major.saturating_add(other.major),
            maintenance: self.maintenance.saturating_add(other.maintenance),
        }
    }

    fn worst(self) -> DayKind {
        match self {
            Self { major: 1.., .. } => DayKind::Major,
            Self { partial: 1.., .. } => DayKind::Partial,
            Self { degraded: 1.., .. } => DayKind::Degraded,
            Self { maintenance: 1.., .. } => DayKind::Maintenance,
            _ => DayKind::Good,
        }
    }
}

/// A stretch of one state cut at midnight (UTC). Not well for a moment is not well for a second: nothing is rounded away.
#[must_use]
pub fn by_day(state: ComponentState, since: Timestamp, until: Timestamp) -> Vec<(Date, DaySeconds)> {
    let kind = state.counts_as();
    let mut days = vec![];
    let (mut from, end) = (since.inner(), until.inner());
    while kind > DayKind::Good && from < end {
        let Some(next) = from.date().next_day() else { break };
        let midnight = OffsetDateTime::new_utc(next, Time::MIDNIGHT);
        let stop = midnight.min(end);
        let seconds = (stop.unix_timestamp() - from.unix_timestamp()).max(1);
        days.push((from.date(), DaySeconds::of(kind, u32::try_from(seconds).unwrap_or(86_400))));
        from = stop;
    }
    days
}

/// What is kept of one component: the state that goes on, and the days before it that were not well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    pub state: ComponentState,
    pub changed_at: Timestamp,
    pub first_seen_at: Timestamp,
    /// Not every day is in it, and none twice.
    pub days: Vec<(Date, DaySeconds)>,
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    pub day: Date,
    pub kind: DayKind,
    pub seconds: DaySeconds,
}

impl History {
    /// The last [`DAYS`], oldest first, with what goes on.
    #[must_use]
    pub fn bars(&self, now: Timestamp) -> Vec<Bar> {
        let mut sums = BTreeMap::<Date, DaySeconds>::new();
        for (day, seconds) in self.days.iter().copied().chain(by_day(self.state, self.changed_at, now)) {
            let sum = sums.entry(day).or_default();
            *sum = sum.plus(seconds);
        }
        let today = now.inner().date();
        let days = (0..DAYS).rev().filter_map(|back| today.checked_sub(Duration::days(i64::from(back))));
        days.map(|day| {
            let seconds = sums.get(&day).copied().unwrap_or_default();
            let kind = match seconds.worst() {
                DayKind::Good if day < self.first_seen_at.inner().date() => DayKind::Unknown,
                worst => worst,
            };
            Bar { day, kind, seconds }
        })
        .collect()
    }

    /// Hundredths of a percent, cut and never rounded up: 100 % is said only of what was never down. `None` while there is nothing
    /// to say it of.
    #[must_use]
    pub fn uptime(&self, now: Timestamp) -> Option<u32> {
        let bars = self.bars(now);
        let begin = OffsetDateTime::new_utc(bars.first()?.day, Time::MIDNIGHT);
        let begin = begin.max(self.first_seen_at.inner());
        let total = |of: fn(DaySeconds) -> u32| bars.iter().map(|bar| i64::from(of(bar.seconds))).sum::<i64>();
        let counted = (now.inner() - begin).whole_seconds() - total(|s| s.maintenance);
        let down = total(|s| s.partial.saturating_add(s.major));
        (counted > 0).then(|| u32::try_from((counted - down).max(0) * 10_000 / counted).unwrap_or(0))
    }
}

/// A component whose state is another one now, with what the old one held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub component: String,
    pub state: ComponentState,
    pub held: Vec<(Date, DaySeconds)>,
}

/// What has to be written so that the recorded states are `wanted`; whoever is not in `wanted` is well.
#[must_use]
pub fn settle(
    recorded: &BTreeMap<String, (ComponentState, Timestamp)>,
    wanted: &BTreeMap<String, ComponentState>,
    now: Timestamp,
) -> Vec<Change> {
    let over = recorded.keys().filter(|c| !wanted.contains_key(*c)).map(|c| (c, ComponentState::WELL));
    let all = wanted.iter().map(|(component, state)| (component, *state)).chain(over);
    let changes = all.filter_map(|(component, state)| match recorded.get(component) {
        Some((before, _)) if *before == state => None,
        before => Some(Change {
            component: component.clone(),
            state,
            held: before.map(|(before, since)| by_day(*before, *since, now)).unwrap_or_default(),
        }),
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn at(instant: OffsetDateTime) -> Timestamp {
        Timestamp::new(instant)
    }

    fn state(impact: Impact, maintenance: bool) -> ComponentState {
        ComponentState { impact, maintenance }
    }

    const NOW: OffsetDateTime = datetime!(2026-11-22 06:00 UTC);

    fn history(state: ComponentState, changed_at: OffsetDateTime, days: &[(Date, DaySeconds)]) -> History {
        let first_seen_at = at(datetime!(2026-01-01 00:00 UTC)).min(at(changed_at));
        History { state, changed_at: at(changed_at), first_seen_at, days: days.to_vec() }
    }

    #[test]
    fn a_stretch_is_cut_at_midnight() {
        let major = state(Impact::MajorOutage, false);
        let cases = [
            (datetime!(2026-11-20 23:59:30 UTC), datetime!(2026-11-21 00:00:30 UTC), vec![(20, 30), (21, 30)]),
            (datetime!(2026-11-20 12:00 UTC), datetime!(2026-11-22 00:00 UTC), vec![(20, 43_200), (21, 86_400)]),
            (datetime!(2026-11-20 12:00:00.2 UTC), datetime!(2026-11-20 12:00:00.3 UTC), vec![(20, 1)]),
            (datetime!(2026-11-20 12:00 UTC), datetime!(2026-11-20 12:00 UTC), vec![]),
            (datetime!(2026-11-21 12:00 UTC), datetime!(2026-11-20 12:00 UTC), vec![]),
        ];
        for (since, until, expected) in cases {
            let days: Vec<_> =
                by_day(major, at(since), at(until)).iter().map(|(day, s)| (day.day(), s.major)).collect();
            assert_eq!(days, expected, "{since} to {until}");
        }
        assert!(by_day(ComponentState::WELL, at(datetime!(2026-11-01 0:00 UTC)), at(NOW)).is_empty());
    }

    #[test]
    fn an_outage_in_a_window_is_an_outage_and_slowness_in_it_is_not() {
        let cases = [
            (Impact::Operational, false, DayKind::Good),
            (Impact::Operational, true, DayKind::Maintenance),
            (Impact::Degraded, false, DayKind::Degraded),
            (Impact::Degraded, true, DayKind::Maintenance),
            (Impact::PartialOutage, true, DayKind::Partial),
            (Impact::MajorOutage, true, DayKind::Major),
        ];
        for (impact, maintenance, kind) in cases {
            assert_eq!(state(impact, maintenance).counts_as(), kind, "{impact:?} {maintenance}");
        }
    }

    #[test]
    fn bars_hold_what_has_ended_and_what_goes_on() {
        let ended = [(date!(2026 - 11 - 22), DaySeconds::of(DayKind::Degraded, 60))];
        let history = history(state(Impact::MajorOutage, false), datetime!(2026-11-21 23:00 UTC), &ended);
        let bars = history.bars(at(NOW));
        assert_eq!(bars.len(), 90);
        assert_eq!(bars[0].day, date!(2026 - 08 - 25));
        assert_eq!(bars[88].seconds, DaySeconds::of(DayKind::Major, 3600));
        assert_eq!((bars[89].kind, bars[89].seconds.major, bars[89].seconds.degraded), (DayKind::Major, 21_600, 60));
        assert!(bars[..88].iter().all(|bar| bar.kind == DayKind::Good));
    }

    #[test]
    fn days_before_it_was_known_are_unknown_and_not_good() {
        let since = datetime!(2026-11-20 12:00 UTC);
        let history =
            History { state: ComponentState::WELL, changed_at: at(since), first_seen_at: at(since), days: vec![] };
        let kinds: Vec<_> = history.bars(at(NOW)).iter().map(|bar| bar.kind).collect();
        assert_eq!(kinds[86..], [DayKind::Unknown, DayKind::Good, DayKind::Good, DayKind::Good]);
        assert_eq!(history.uptime(at(NOW)), Some(10_000));
        assert_eq!(history.uptime(at(since)), None, "there is nothing yet that it could be said of");
    }

    #[test]
    fn uptime_leaves_maintenance_out_and_never_flatters() {
        let day = date!(2026 - 11 - 10);
        let of = |kind, seconds| [(day, DaySeconds::of(kind, seconds))];
        let well = ComponentState::WELL;
        let since = datetime!(2026-11-10 20:00 UTC);
        let cases = [
            (of(DayKind::Degraded, 86_400), 10_000, "slow is not down"),
            (of(DayKind::Maintenance, 86_400), 10_000, "announced work is not down"),
            (of(DayKind::Major, 1), 9_999, "a second is not nothing"),
            (of(DayKind::Partial, 86_400), 9_887, "partly down is down"),
        ];
        for (days, expected, why) in cases {
            assert_eq!(history(well, since, &days).uptime(at(NOW)), Some(expected), "{why}");
        }
        // 89 days and six hours, of them 80 days of work and one day down.
        let mut days: BTreeMap<_, _> = (0..80)
            .map(|n| (date!(2026 - 08 - 25) + Duration::days(n), DaySeconds::of(DayKind::Maintenance, 86_400)))
            .collect();
        days.insert(day, DaySeconds { major: 43_200, ..days[&day] });
        let days = Vec::from_iter(days);
        let uptime = history(well, since, &days).uptime(at(NOW)).unwrap();
        assert_eq!(uptime, 9_459, "half a day of nine days and a quarter");
    }

    #[test]
    fn only_what_differs_is_settled() {
        let since = at(datetime!(2026-11-22 05:00 UTC));
        let (well, major) = (ComponentState::WELL, state(Impact::MajorOutage, false));
        let recorded =
            [("down", major), ("stays", major), ("well", well)].map(|(name, state)| (name.to_owned(), (state, since)));
        let wanted = [("stays", major), ("well", major), ("new", well)].map(|(name, state)| (name.to_owned(), state));
        let changes = settle(&recorded.into(), &wanted.into(), at(NOW));
        let told: Vec<_> = changes.iter().map(|c| (c.component.as_str(), c.state, c.held.len())).collect();
        assert_eq!(told, [("new", well, 0), ("well", major, 0), ("down", well, 1)]);
        assert_eq!(changes[2].held, [(date!(2026 - 11 - 22), DaySeconds::of(DayKind::Major, 3600))]);
    }
}
