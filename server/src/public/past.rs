//! The last days one by one. A day counts as quiet only if no incident touched it, and only as far back as that is known.

use shared::{
    domain::status::{PublicIncident, StatusSnapshot},
    timestamp::Timestamp,
};
use time::{Date, Duration};

use super::{
    speech::{Instant, Speech},
    texts::fill,
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
    pub(crate) fn new(incident: &PublicIncident, speech: &Speech) -> Self {
        let outcome = match incident.resolved_at {
            Some(at) => {
                let span = speech.span(at.seconds_since(incident.started_at));
                fill(speech.texts.resolved_after, &[("span", &span)])
            }
            None => speech.texts.state(incident.state).to_owned(),
        };
        Self::telling(incident, outcome, speech)
    }

    fn telling(incident: &PublicIncident, outcome: String, speech: &Speech) -> Self {
        Self {
            number: incident.number,
            title: incident.title.clone(),
            outcome,
            components: speech.list(&incident.component_names()),
            started: speech.instant(incident.started_at),
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
pub(crate) fn recent_days(snapshot: &StatusSnapshot, cut: bool, speech: &Speech) -> (Vec<Days>, bool) {
    let today = speech.date(snapshot.taken_at);
    let oldest = snapshot.past.last().filter(|_| cut).and_then(|i| i.resolved_at).map(|at| speech.date(at));
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
        let day = one_day(snapshot, date, speech);
        if day.ended.is_empty() && day.ongoing.is_empty() {
            quiet = Some((quiet.map_or(date, |(newest, _)| newest), date));
            continue;
        }
        groups.extend(quiet.take().map(|quiet| quiet_days(quiet, speech)));
        groups.push(day);
    }
    groups.extend(quiet.map(|quiet| quiet_days(quiet, speech)));
    (groups, whole)
}

fn quiet_days((newest, oldest): (Date, Date), speech: &Speech) -> Days {
    Days { label: speech.days(oldest, newest), ..Days::default() }
}

fn one_day(snapshot: &StatusSnapshot, date: Date, speech: &Speech) -> Days {
    let on = |at: Timestamp| speech.date(at);
    let ended = snapshot.past.iter().filter(|i| i.resolved_at.is_some_and(|at| on(at) == date));
    let ongoing = snapshot
        .open
        .iter()
        .chain(&snapshot.past)
        .filter(|i| on(i.started_at) <= date && i.resolved_at.is_none_or(|at| on(at) > date));
    Days {
        label: speech.day(date),
        ended: ended.map(|i| Row::new(i, speech)).collect(),
        ongoing: ongoing.map(|i| went_on(i, speech)).collect(),
    }
}

fn went_on(incident: &PublicIncident, speech: &Speech) -> Row {
    let t = speech.texts;
    let outcome = if incident.resolved_at.is_some() { t.went_on } else { t.still_open };
    Row::telling(incident, outcome.to_owned(), speech)
}
