//! Past incidents in the order people look for them: the last days one by one, older ones by month. A day counts as quiet only if
//! no incident touched it.

use askama::Template;
use shared::{
    domain::status::{PublicIncident, StatusSnapshot},
    timestamp::{Timestamp, human_seconds},
};
use time::{Date, Duration};

use super::{
    frame::Frame,
    maintenance,
    words::{self, Instant},
};

const RECENT_DAYS: i64 = 14;

/// One incident as one line.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) number: i64,
    pub(crate) title: String,
    /// "Resolved after 42 min", or "Open".
    pub(crate) outcome: String,
    pub(crate) components: String,
    pub(crate) started: Instant,
    pub(crate) has_report: bool,
}

impl Row {
    pub(crate) fn new(incident: &PublicIncident) -> Self {
        let outcome = match incident.resolved_at {
            Some(at) => format!("Resolved after {}", human_seconds(at.seconds_since(incident.started_at).max(0))),
            None => incident.state.words().to_owned(),
        };
        Self::telling(incident, outcome)
    }

    fn telling(incident: &PublicIncident, outcome: String) -> Self {
        Self {
            number: incident.number,
            title: incident.title.clone(),
            outcome,
            components: words::list(&incident.component_names()),
            started: words::instant(incident.started_at),
            has_report: incident.has_report,
        }
    }
}

/// A day with something to tell, or a run of quiet days.
#[derive(Debug, Default)]
pub(crate) struct Days {
    pub(crate) label: String,
    /// Ended on this day.
    pub(crate) ended: Vec<Row>,
    /// Went on during this day and ended later or not yet.
    pub(crate) ongoing: Vec<Row>,
}

pub(crate) fn recent_days(snapshot: &StatusSnapshot) -> Vec<Days> {
    let today = snapshot.taken_at.inner().date();
    let mut groups: Vec<Days> = Vec::new();
    // Newest and oldest day of the quiet run being gathered.
    let mut quiet: Option<(Date, Date)> = None;
    for back in 0..RECENT_DAYS {
        let Some(date) = today.checked_sub(Duration::days(back)) else { break };
        let day = one_day(snapshot, date);
        if day.ended.is_empty() && day.ongoing.is_empty() {
            quiet = Some((quiet.map_or(date, |(newest, _)| newest), date));
            continue;
        }
        groups.extend(quiet.take().map(quiet_days));
        groups.push(day);
    }
    groups.extend(quiet.map(quiet_days));
    groups
}

fn quiet_days((newest, oldest): (Date, Date)) -> Days {
    Days { label: words::days(oldest, newest), ..Days::default() }
}

fn one_day(snapshot: &StatusSnapshot, date: Date) -> Days {
    let on = |at: Timestamp| at.inner().date();
    let ended = snapshot.past.iter().filter(|i| i.resolved_at.is_some_and(|at| on(at) == date));
    let ongoing = snapshot
        .open
        .iter()
        .chain(&snapshot.past)
        .filter(|i| on(i.started_at) <= date && i.resolved_at.is_none_or(|at| on(at) > date));
    Days { label: words::day(date), ended: ended.map(Row::new).collect(), ongoing: ongoing.map(went_on).collect() }
}

fn went_on(incident: &PublicIncident) -> Row {
    let outcome = if incident.resolved_at.is_some() { "Went on during this day" } else { "Still open" };
    Row::telling(incident, outcome.to_owned())
}

#[derive(Debug)]
pub(crate) struct MonthOf {
    pub(crate) label: String,
    pub(crate) rows: Vec<Row>,
}

/// By the month in which they began, newest first.
fn months(snapshot: &StatusSnapshot) -> Vec<MonthOf> {
    let mut past: Vec<_> = snapshot.past.iter().collect();
    past.sort_by_key(|i| std::cmp::Reverse((i.started_at, i.number)));
    let mut months: Vec<MonthOf> = Vec::new();
    for incident in past {
        let label = words::month(incident.started_at.inner().date());
        match months.last_mut().filter(|m| m.label == label) {
            Some(month) => month.rows.push(Row::new(incident)),
            None => months.push(MonthOf { label, rows: vec![Row::new(incident)] }),
        }
    }
    months
}

#[derive(Template)]
#[template(path = "history.html")]
pub(crate) struct History<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) site: &'a str,
    pub(crate) version: &'a str,
    pub(crate) n_open: usize,
    pub(crate) months: Vec<MonthOf>,
    pub(crate) maintenance: maintenance::Lines,
    /// True if there may be older ones that are not on this page.
    pub(crate) cut: bool,
}

impl<'a> History<'a> {
    pub(crate) fn new(frame: &'a Frame, snapshot: &'a StatusSnapshot, version: &'a str, limit: usize) -> Self {
        Self {
            frame,
            site: &snapshot.title,
            version,
            n_open: snapshot.open.len(),
            months: months(snapshot),
            maintenance: maintenance::Lines::new(snapshot),
            cut: snapshot.past.len() >= limit,
        }
    }
}
