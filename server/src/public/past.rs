//! The last days one by one. A day counts as quiet only if no incident touched it, and only as far back as that is known.

use shared::{
    domain::status::{PublicIncident, StatusSnapshot},
    timestamp::{Timestamp, human_seconds},
};
use time::{Date, Duration};

use super::words::{self, Instant};

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

/// The days, and whether they are all that there should be. `cut`: the snapshot does not hold everything that is over, so before
/// the oldest end in it nothing is known.
pub(crate) fn recent_days(snapshot: &StatusSnapshot, cut: bool) -> (Vec<Days>, bool) {
    let today = snapshot.taken_at.inner().date();
    let oldest = snapshot.past.last().filter(|_| cut).and_then(|i| i.resolved_at).map(|at| at.inner().date());
    let mut groups: Vec<Days> = Vec::new();
    // Newest and oldest day of the quiet run being gathered.
    let mut quiet: Option<(Date, Date)> = None;
    let mut whole = true;
    for back in 0..RECENT_DAYS {
        let Some(date) = today.checked_sub(Duration::days(back)) else { break };
        if oldest.is_some_and(|oldest| date < oldest) {
            whole = false;
            break;
        }
        let day = one_day(snapshot, date);
        if day.ended.is_empty() && day.ongoing.is_empty() {
            quiet = Some((quiet.map_or(date, |(newest, _)| newest), date));
            continue;
        }
        groups.extend(quiet.take().map(quiet_days));
        groups.push(day);
    }
    groups.extend(quiet.map(quiet_days));
    (groups, whole)
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
