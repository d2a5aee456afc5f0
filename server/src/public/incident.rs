//! One public incident on a page of its own, with every update. Only lays out public fields.

use askama::Template;
use shared::{
    domain::status::{PublicIncident, PublicUpdate},
    timestamp::Timestamp,
};

use super::{
    frame::{Frame, incident_tone},
    speech::{Instant, Speech},
};

pub(crate) struct UpdateLine {
    pub(crate) state: &'static str,
    pub(crate) at: Instant,
    /// Set if it was said afterwards.
    pub(crate) told: Option<Instant>,
    pub(crate) text: String,
}

impl UpdateLine {
    pub(crate) fn new(update: &PublicUpdate, speech: &Speech) -> Self {
        let (state, at) = (speech.texts.state(update.state), speech.instant(update.at));
        let told = update.told_at.map(|at| speech.instant(at));
        Self { state, at, told, text: update.text.trim().to_owned() }
    }
}

/// Components that suffer the same.
pub(crate) struct Suffering {
    /// At the beginning of a sentence, and within one.
    pub(crate) impact: &'static str,
    pub(crate) impact_within: &'static str,
    pub(crate) components: String,
}

impl Suffering {
    pub(crate) fn of(incident: &PublicIncident, speech: &Speech) -> Vec<Self> {
        let of = |(impact, names): (_, Vec<String>)| Self {
            impact: speech.texts.impact(impact),
            impact_within: speech.texts.impact_within(impact),
            components: speech.list(&names),
        };
        incident.by_impact().into_iter().map(of).collect()
    }
}

#[derive(Template)]
#[template(path = "incident.html")]
pub(crate) struct IncidentPage<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) site: &'a str,
    pub(crate) version: &'a str,
    /// Set while the page could not be brought up to date: since when.
    pub(crate) stale_since: Option<Instant>,
    pub(crate) number: i64,
    pub(crate) title: &'a str,
    pub(crate) tone: &'static str,
    pub(crate) state: &'static str,
    pub(crate) affected: Vec<Suffering>,
    pub(crate) started: Instant,
    pub(crate) resolved: Option<Instant>,
    pub(crate) lasted: Option<String>,
    pub(crate) updates: Vec<UpdateLine>,
    pub(crate) has_report: bool,
}

impl<'a> IncidentPage<'a> {
    pub(crate) fn new(
        frame: &'a Frame,
        site: &'a str,
        incident: &'a PublicIncident,
        version: &'a str,
        stale_since: Option<Timestamp>,
    ) -> Self {
        let speech = &frame.speech;
        Self {
            frame,
            site,
            version,
            stale_since: stale_since.map(|at| speech.instant(at)),
            number: incident.number,
            title: &incident.title,
            tone: incident_tone(incident.state, incident.impact),
            state: speech.texts.state(incident.state),
            affected: Suffering::of(incident, speech),
            started: speech.instant(incident.started_at),
            resolved: incident.resolved_at.map(|at| speech.instant(at)),
            lasted: incident.resolved_at.map(|at| speech.span(at.seconds_since(incident.started_at))),
            updates: incident.updates.iter().map(|update| UpdateLine::new(update, speech)).collect(),
            has_report: incident.has_report,
        }
    }
}
