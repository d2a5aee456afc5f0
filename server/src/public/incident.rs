//! One public incident on a page of its own, with every update. Only lays out public fields.

use askama::Template;
use shared::{
    domain::status::{PublicIncident, PublicUpdate},
    timestamp::{Timestamp, human_seconds},
};

use super::{
    frame::{Frame, incident_tone},
    words::{self, Instant},
};

pub(crate) struct UpdateLine {
    pub(crate) state: &'static str,
    pub(crate) at: Instant,
    pub(crate) text: String,
}

impl UpdateLine {
    pub(crate) fn new(update: &PublicUpdate) -> Self {
        Self { state: update.state.words(), at: words::instant(update.at), text: update.text.trim().to_owned() }
    }
}

/// Components that suffer the same.
pub(crate) struct Suffering {
    pub(crate) impact: &'static str,
    pub(crate) components: String,
}

impl Suffering {
    pub(crate) fn of(incident: &PublicIncident) -> Vec<Self> {
        let groups = incident.by_impact().into_iter();
        groups.map(|(impact, names)| Self { impact: impact.words(), components: words::list(&names) }).collect()
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
        Self {
            frame,
            site,
            version,
            stale_since: stale_since.map(words::instant),
            number: incident.number,
            title: &incident.title,
            tone: incident_tone(incident.state, incident.impact),
            state: incident.state.words(),
            affected: Suffering::of(incident),
            started: words::instant(incident.started_at),
            resolved: incident.resolved_at.map(words::instant),
            lasted: incident.resolved_at.map(|at| human_seconds(at.seconds_since(incident.started_at).max(0))),
            updates: incident.updates.iter().map(UpdateLine::new).collect(),
            has_report: incident.has_report,
        }
    }
}
