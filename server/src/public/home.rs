//! The status page itself: one sentence, then what is wrong, then every component, then the last days. Only lays out a snapshot.

use askama::Template;
use shared::{
    domain::status::{ComponentStatus, Impact, PublicIncident, StatusSnapshot, roll_up},
    timestamp::Timestamp,
};

use super::{
    bars::Bars,
    frame::{Frame, incident_tone, tone},
    incident::{Suffering, UpdateLine},
    maintenance,
    past::{self, Days, Row},
    speech::{Instant, Speech},
    texts::Texts,
};

/// Open incidents told at length; the others get a line each.
const AT_LENGTH: usize = 20;
/// Updates of an open incident shown here; the incident's own page has all.
const UPDATES: usize = 3;
/// With more open incidents than this the components come first and each incident tells only its newest update.
const FEW: usize = 3;

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct Home<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) site: &'a str,
    pub(crate) version: &'a str,
    pub(crate) headline: String,
    pub(crate) tone: &'static str,
    pub(crate) as_of: Instant,
    /// Set when the page could not be brought up to date: it then says since when.
    pub(crate) stale: bool,
    pub(crate) sections: Vec<Section<'a>>,
    pub(crate) has_bars: bool,
    pub(crate) components_first: bool,
    pub(crate) open: Vec<OpenIncident>,
    pub(crate) more_open: Vec<Row>,
    pub(crate) maintenance: maintenance::Lines,
    pub(crate) days: Vec<Days>,
    /// False if so much happened that not all days fit.
    pub(crate) days_whole: bool,
}

pub(crate) struct Section<'a> {
    pub(crate) group: Option<GroupLine<'a>>,
    pub(crate) components: Vec<ComponentLine<'a>>,
}

/// A group says the worst of its components.
pub(crate) struct GroupLine<'a> {
    pub(crate) name: &'a str,
    pub(crate) tone: &'static str,
    pub(crate) words: &'static str,
}

pub(crate) struct ComponentLine<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) tone: &'static str,
    pub(crate) words: &'static str,
    pub(crate) bars: Option<Bars>,
}

pub(crate) struct OpenIncident {
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) tone: &'static str,
    pub(crate) affected: Vec<Suffering>,
    pub(crate) started: Instant,
    pub(crate) updates: Vec<UpdateLine>,
    pub(crate) n_earlier: usize,
}

impl OpenIncident {
    fn new(incident: &PublicIncident, n_updates: usize, speech: &Speech) -> Self {
        Self {
            number: incident.number,
            title: incident.title.clone(),
            tone: incident_tone(incident.state, incident.impact),
            affected: Suffering::of(incident, speech),
            started: speech.instant(incident.started_at),
            updates: incident.updates.iter().take(n_updates).map(|update| UpdateLine::new(update, speech)).collect(),
            n_earlier: incident.updates.len().saturating_sub(n_updates),
        }
    }
}

impl<'a> Home<'a> {
    pub(crate) fn new(
        frame: &'a Frame,
        snapshot: &'a StatusSnapshot,
        version: &'a str,
        stale: bool,
        cut: bool,
    ) -> Self {
        let tone = match (snapshot.components.is_empty(), snapshot.open.is_empty()) {
            (true, true) => "none",
            (_, true) if snapshot.only_worked_on() => "work",
            (_, true) => tone(snapshot.overall()),
            // An incident without a component still is not "all good".
            (_, false) => incident_tone(shared::domain::incident::PublicState::Investigating, snapshot.overall()),
        };
        let speech = &frame.speech;
        let (days, days_whole) = past::recent_days(snapshot, cut, speech);
        let many = snapshot.open.len() > FEW;
        let n_updates = if many { 1 } else { UPDATES };
        Self {
            frame,
            site: &snapshot.title,
            version,
            headline: headline(snapshot, speech.texts).to_owned(),
            tone,
            as_of: speech.instant(snapshot.taken_at),
            stale,
            sections: snapshot.sections().map(|section| Section::new(section, snapshot.taken_at, speech)).collect(),
            has_bars: snapshot.components.iter().any(|c| c.history.is_some()),
            components_first: many,
            open: snapshot.open.iter().take(AT_LENGTH).map(|i| OpenIncident::new(i, n_updates, speech)).collect(),
            more_open: snapshot.open.iter().skip(AT_LENGTH).map(|i| Row::new(i, speech)).collect(),
            maintenance: maintenance::Lines::new(snapshot, speech),
            days,
            days_whole,
        }
    }

    /// Nothing was set up and nothing ever happened: the page explains itself instead of listing quiet days.
    fn is_new(&self) -> bool {
        self.sections.is_empty() && self.open.is_empty() && self.days.iter().all(|d| d.ended.is_empty())
    }
}

impl<'a> Section<'a> {
    fn new(components: &'a [ComponentStatus], now: Timestamp, speech: &Speech) -> Self {
        let impact = roll_up(components);
        let group = components.first().and_then(|c| c.group.as_ref());
        let worked_on = impact == Impact::Operational && components.iter().any(ComponentStatus::worked_on);
        let (tone, words) = look(impact, worked_on, speech.texts);
        Self {
            group: group.map(|g| GroupLine { name: &g.name, tone, words }),
            components: components.iter().map(|c| ComponentLine::new(c, now, speech)).collect(),
        }
    }
}

fn look(impact: Impact, worked_on: bool, t: &'static Texts) -> (&'static str, &'static str) {
    if worked_on { ("work", t.under_maintenance) } else { (tone(impact), t.impact(impact)) }
}

impl<'a> ComponentLine<'a> {
    fn new(component: &'a ComponentStatus, now: Timestamp, speech: &Speech) -> Self {
        let (tone, words) = look(component.impact, component.worked_on(), speech.texts);
        Self {
            name: &component.name,
            description: component.description.as_deref(),
            tone,
            words,
            bars: component.history.as_ref().map(|history| Bars::new(history, now, speech)),
        }
    }
}

/// The one sentence a visitor came for; [`StatusSnapshot::headline`] in the page's language.
fn headline(snapshot: &StatusSnapshot, t: &'static Texts) -> &'static str {
    let overall = snapshot.overall();
    match overall {
        Impact::Operational if snapshot.components.is_empty() => t.nothing_set_up,
        Impact::Operational if snapshot.only_worked_on() => t.work_is_under_way,
        Impact::Operational if snapshot.open.is_empty() => t.all_operational,
        Impact::Operational => t.operational_but_open,
        Impact::Degraded => t.some_degraded,
        Impact::PartialOutage => t.some_partial,
        Impact::MajorOutage if snapshot.components.iter().all(|c| c.impact == overall) => t.all_major,
        Impact::MajorOutage => t.some_major,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::fixtures;

    #[test]
    fn the_sentence_is_the_one_that_programs_read() {
        let mut all_down = fixtures::broken();
        for component in &mut all_down.components {
            component.impact = Impact::MajorOutage;
        }
        let mut unnamed = fixtures::broken();
        unnamed.components[0].impact = Impact::Operational;
        let found =
            [fixtures::calm(), fixtures::broken(), fixtures::empty(), fixtures::absurd(), fixtures::worked_on()];
        for snapshot in found.into_iter().chain([all_down, unnamed]) {
            assert_eq!(headline(&snapshot, Speech::default().texts), snapshot.headline());
        }
    }
}
