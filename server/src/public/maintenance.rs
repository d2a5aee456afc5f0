//! Announced maintenance on the public pages: lines on the status page, and a page of its own. Only lays out public fields.

pub(crate) mod words;

use askama::Template;
use shared::{
    domain::{
        maintenance::{MaintenanceState, PublicMaintenance, PublicStep},
        status::StatusSnapshot,
    },
    markdown,
    timestamp::{Timestamp, human_seconds},
};

use super::{
    frame::Frame,
    words::{Instant, instant, list},
};

/// One as a line: on the status page and in the history.
pub(crate) struct Line {
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) state: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) covers: String,
    pub(crate) from: Instant,
    pub(crate) to: Instant,
    pub(crate) lasts: String,
    /// The newest thing that was said: HTML made of Markdown.
    pub(crate) said: Option<String>,
}

/// What the status page and the history say of maintenance.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) under_way: Vec<Line>,
    pub(crate) planned: Vec<Line>,
    pub(crate) past: Vec<Line>,
}

impl Lines {
    pub(crate) fn new(snapshot: &StatusSnapshot) -> Self {
        let of = |state| snapshot.maintenance_in(state).map(Line::new);
        let past = snapshot.maintenance.iter().filter(|m| m.state.over());
        Self {
            under_way: of(MaintenanceState::UnderWay).collect(),
            planned: of(MaintenanceState::Scheduled).collect(),
            past: past.map(Line::new).collect(),
        }
    }
}

impl Line {
    pub(crate) fn new(maintenance: &PublicMaintenance) -> Self {
        let window = maintenance.window;
        Self {
            number: maintenance.number,
            title: maintenance.title.clone(),
            state: words::state(maintenance),
            tone: tone(maintenance.state),
            covers: list(&maintenance.covers),
            from: instant(window.from_at),
            to: instant(window.to_at),
            lasts: human_seconds(window.to_at.seconds_since(window.from_at)),
            said: maintenance.steps.iter().find_map(PublicStep::text).map(markdown::to_html),
        }
    }
}

fn tone(state: MaintenanceState) -> &'static str {
    match state {
        MaintenanceState::Scheduled | MaintenanceState::Cancelled => "none",
        MaintenanceState::UnderWay => "work",
        MaintenanceState::Completed => "good",
    }
}

pub(crate) struct Step {
    pub(crate) word: &'static str,
    pub(crate) at: Instant,
    pub(crate) times: Option<(Instant, Instant)>,
    /// HTML made of Markdown.
    pub(crate) html: Option<String>,
    pub(crate) by_itself: Option<&'static str>,
}

impl Step {
    pub(crate) fn new(step: &PublicStep) -> Self {
        Self {
            word: words::step(&step.event),
            at: instant(step.at),
            times: words::new_times(&step.event),
            html: step.text().map(markdown::to_html),
            by_itself: words::by_itself(&step.event).filter(|_| step.text().is_none()),
        }
    }
}

#[derive(Template)]
#[template(path = "maintenance.html")]
pub(crate) struct MaintenancePage<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) site: &'a str,
    pub(crate) version: &'a str,
    /// Set while the page could not be brought up to date: since when.
    pub(crate) stale_since: Option<Instant>,
    pub(crate) line: Line,
    pub(crate) ended: Option<Instant>,
    pub(crate) steps: Vec<Step>,
}

impl<'a> MaintenancePage<'a> {
    pub(crate) fn new(
        frame: &'a Frame,
        site: &'a str,
        maintenance: &'a PublicMaintenance,
        version: &'a str,
        stale_since: Option<Timestamp>,
    ) -> Self {
        Self {
            frame,
            site,
            version,
            stale_since: stale_since.map(instant),
            line: Line::new(maintenance),
            ended: maintenance.ended_at.filter(|_| maintenance.begun_at.is_some()).map(instant),
            steps: maintenance.steps.iter().map(Step::new).collect(),
        }
    }
}
