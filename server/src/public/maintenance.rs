//! Announced maintenance on the public pages: lines on the status page, and a page of its own. Only lays out public fields.

use askama::Template;
use shared::{
    domain::{
        maintenance::{Maintenance, MaintenanceEvent, MaintenanceState, PublicMaintenance, PublicStep},
        status::StatusSnapshot,
    },
    markdown,
    timestamp::Timestamp,
};

use super::{
    frame::Frame,
    speech::{Instant, Speech},
    texts::fill,
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
    pub(crate) fn new(snapshot: &StatusSnapshot, speech: &Speech) -> Self {
        let line = |one| Line::new(one, speech);
        let of = |state| snapshot.maintenance_in(state).map(line);
        let past = snapshot.maintenance.iter().filter(|m| m.state.over());
        Self {
            under_way: of(MaintenanceState::UnderWay).collect(),
            planned: of(MaintenanceState::Scheduled).collect(),
            past: past.map(line).collect(),
        }
    }
}

impl Line {
    pub(crate) fn new(maintenance: &PublicMaintenance, speech: &Speech) -> Self {
        let window = maintenance.window;
        Self {
            number: maintenance.number,
            title: maintenance.title.clone(),
            state: speech.texts.work(maintenance),
            tone: tone(maintenance.state),
            covers: speech.list(&maintenance.covers),
            from: speech.instant(window.from_at),
            to: speech.instant(window.to_at),
            lasts: speech.span(window.to_at.seconds_since(window.from_at)),
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
    pub(crate) fn new(step: &PublicStep, speech: &Speech) -> Self {
        Self {
            word: speech.texts.work_step(&step.event),
            at: speech.instant(step.at),
            times: new_times(&step.event, speech),
            html: step.text().map(markdown::to_html),
            by_itself: speech.texts.work_said(&step.event).filter(|_| step.text().is_none()),
        }
    }
}

/// From and to, where a step says other ones.
fn new_times(event: &MaintenanceEvent, speech: &Speech) -> Option<(Instant, Instant)> {
    match event {
        MaintenanceEvent::Moved { window, .. } => Some((speech.instant(window.from_at), speech.instant(window.to_at))),
        _ => None,
    }
}

/// For programs, which show no markup: what a step says, its times with it.
pub(crate) fn plain(step: &PublicStep, speech: &Speech) -> String {
    let t = speech.texts;
    let times = new_times(&step.event, speech)
        .map(|(from, to)| format!("{} {} {} {}.", t.work_from, from.words, t.work_until, to.words));
    let said = step.text().or(t.work_said(&step.event).filter(|_| times.is_none()));
    times.into_iter().chain(said.map(str::to_owned)).collect::<Vec<_>>().join("\n\n")
}

/// Subject and text of the mail to subscribers, as the page speaks.
pub(crate) fn mail(maintenance: &Maintenance, event: &MaintenanceEvent, speech: &Speech) -> (String, String) {
    let (t, window) = (speech.texts, maintenance.window);
    let (from, to) = (speech.instant(window.from_at).words, speech.instant(window.to_at).words);
    let with_times = matches!(
        event,
        MaintenanceEvent::Planned { .. }
            | MaintenanceEvent::Moved { .. }
            | MaintenanceEvent::Reminded
            | MaintenanceEvent::Begun
    );
    let times = with_times.then(|| fill(t.subscribing.mail_times, &[("from", &from), ("to", &to)]));
    let said = event.text().or(t.work_said(event)).map(str::to_owned);
    let parts: Vec<_> = times.into_iter().chain(said).collect();
    (format!("{}: {}", t.mail_work(event), maintenance.title), parts.join("\n\n"))
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
        let speech = &frame.speech;
        let instant = |at| speech.instant(at);
        Self {
            frame,
            site,
            version,
            stale_since: stale_since.map(instant),
            line: Line::new(maintenance, speech),
            ended: maintenance.ended_at.filter(|_| maintenance.begun_at.is_some()).map(instant),
            steps: maintenance.steps.iter().map(|step| Step::new(step, speech)).collect(),
        }
    }
}
