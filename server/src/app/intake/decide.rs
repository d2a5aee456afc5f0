//! What an alert leads to: the rules' word, carried out. An incident is declared, joined or opened again; calls nobody.

use serde_json::json;
use shared::{
    api::alert::Outcome,
    domain::{
        alert::{Alert, Consequence, Declaration, SourceKind, judge},
        incident::{Affected, Incident, IncidentEvent, IncidentState},
        text::Title,
    },
    plan::Plan,
};
use store::{AlertSource, IncidentRecord, Tx};

use super::{COMPONENT, actor, append, fired, muted};
use crate::{
    app::{plan::PlanInForce, standing_order::due},
    error::AppError,
};

/// What was decided about an alert.
struct Decided {
    outcome: Outcome,
    incident: Option<IncidentRecord>,
    /// The incident was not there, or not open, before.
    news: bool,
}

impl Decided {
    fn nothing(outcome: Outcome) -> Self {
        Self { outcome, incident: None, news: false }
    }
}

/// Decides, and writes down what was decided. The incident that people are to be called for, if there is one: not while an order is due.
pub(super) async fn settle(
    tx: &mut Tx,
    plan: Option<&PlanInForce>,
    source: &AlertSource,
    alert: &Alert,
    number: i64,
) -> Result<Option<IncidentRecord>, AppError> {
    let Decided { outcome, incident, news } = decide(tx, plan, source, alert, number).await?;
    tx.alert_decide(number, outcome, incident.as_ref().map(|record| record.id)).await?;
    let ordered = due::mark(tx, source, alert, number, incident.as_ref()).await?;
    Ok(incident.filter(|_| news && !ordered))
}

async fn decide(
    tx: &mut Tx,
    plan: Option<&PlanInForce>,
    source: &AlertSource,
    alert: &Alert,
    number: i64,
) -> Result<Decided, AppError> {
    let (rule, then) = judge(&source.rules, alert);
    // What people have consented to beforehand is for an incident, also where no rule says so; a rule that ignores keeps it from that.
    let order = match then {
        Consequence::Ignore {} => return Ok(Decided::nothing(Outcome::Ignored)),
        Consequence::Declare(_) => None,
        Consequence::Show {} => due::order(tx, source, alert).await?,
    };
    let what = match (then, &order) {
        (Consequence::Declare(what), _) => what,
        (_, Some(order)) => &order.order.terms.declares,
        (_, None) => return Ok(Decided::nothing(Outcome::Shown)),
    };
    if muted(tx, source, alert).await? {
        return Ok(Decided::nothing(Outcome::Muted));
    }
    if let Some(incident) = tx.alert_incident_before(source.id, &alert.key).await? {
        let incident = join(tx, source, alert, number, incident).await?;
        return Ok(Decided { outcome: Outcome::Joined, incident: Some(incident), news: false });
    }
    let window = plan.and_then(|plan| plan.compiled.plan.watch).map_or(WATCH_SECONDS, |watch| watch.seconds);
    if let Some(incident) = tx.alert_incident_lately(source.id, &alert.key, window).await?
        && let Some(incident) = reopen(tx, source, alert, number, (incident, Again::Same)).await?
    {
        return Ok(Decided { outcome: Outcome::Joined, incident: Some(incident), news: true });
    }
    if let Some(incident) = reopen_alike(tx, source, alert, number, (what, window)).await? {
        return Ok(Decided { outcome: Outcome::Joined, incident: Some(incident), news: true });
    }
    let plan = plan.map(|plan| &plan.compiled.plan);
    let incident = declare(tx, source, alert, (number, rule), plan, what).await?;
    Ok(Decided { outcome: Outcome::Declared, incident: Some(incident), news: true })
}

/// The same trouble again, while the incident that it led to is still open.
async fn join(
    tx: &mut Tx,
    source: &AlertSource,
    alert: &Alert,
    number: i64,
    incident: i64,
) -> Result<IncidentRecord, AppError> {
    let mut record = tx.incident_lock(incident).await?;
    // It may have been merged while this waited for it.
    while let Some(into) = record.incident.merged_into {
        record = tx.incident_lock(into).await?;
    }
    append(tx, &record, &fired(source, alert, number), source).await?;
    Ok(record)
}

/// How long after it was resolved the same trouble is the same incident, where the plan does not say how long to watch.
const WATCH_SECONDS: u64 = 86_400;

/// Why what was resolved is taken to be back.
#[derive(Clone, Copy)]
enum Again<'a> {
    /// The alert that led to it.
    Same,
    /// Another one about the same components, and not worse.
    Alike { components: &'a [&'a str], level: u8 },
}

/// Another alert about what was resolved and is still watched. `None` if there is nothing of that kind.
async fn reopen_alike(
    tx: &mut Tx,
    source: &AlertSource,
    alert: &Alert,
    number: i64,
    (what, window): (&Declaration, u64),
) -> Result<Option<IncidentRecord>, AppError> {
    let monitored = alert.labels.get(COMPONENT).filter(|_| source.kind == SourceKind::Monitors);
    let components: Vec<&str> = what.components.iter().chain(monitored).map(String::as_str).collect();
    let lately = tx.incidents_resolved_lately(source.system, window).await?;
    let Some(found) = lately.iter().find(|record| record.incident.is_again(&components, what.level)) else {
        return Ok(None);
    };
    let again = Again::Alike { components: &components, level: what.level };
    reopen(tx, source, alert, number, (found.number, again)).await
}

/// Trouble again, while what was resolved is still watched: it was not over. Nothing is said in public by a program. `None` if somebody
/// has put it away or restricted it meanwhile.
async fn reopen(
    tx: &mut Tx,
    source: &AlertSource,
    alert: &Alert,
    number: i64,
    (incident, again): (i64, Again<'_>),
) -> Result<Option<IncidentRecord>, AppError> {
    let mut record = tx.incident_lock(incident).await?;
    if record.incident.state != IncidentState::Resolved {
        return Ok(None);
    }
    let watched = "in the time that it is watched after it was resolved";
    let reason = match again {
        Again::Same => format!("{} again, {watched}", alert.title),
        Again::Alike { components, level } if record.incident.is_again(components, level) => {
            format!("{}: trouble with {} again, {watched}", alert.title, named(&record, components))
        }
        Again::Alike { .. } => return Ok(None),
    };
    for event in [IncidentEvent::Reopened { reason: reason.clone() }, fired(source, alert, number)] {
        append(tx, &record, &event, source).await?;
        record.incident = record.incident.apply(&event, tx.now())?;
        record.n_events += 1;
    }
    let detail = json!({"reason": reason, "alert": number});
    tx.audit(&actor(source), "incident.reopened", format!("incident {incident}"), detail);
    Ok(Some(record))
}

fn named(record: &IncidentRecord, components: &[&str]) -> String {
    let affected = record.incident.affected.iter().filter(|one| components.contains(&one.component.as_str()));
    let names: Vec<&str> = affected.map(|one| one.name.as_str()).collect();
    if names.is_empty() { "the system".into() } else { names.join(", ") }
}

/// What the plan in force does not have is left out, never the incident.
async fn declare(
    tx: &mut Tx,
    source: &AlertSource,
    alert: &Alert,
    (number, rule): (i64, Option<usize>),
    plan: Option<&Plan>,
    what: &Declaration,
) -> Result<IncidentRecord, AppError> {
    let levels = plan.map_or(&[][..], |plan| &plan.levels);
    // A level that the plan lost becomes the next worse one, or the worst there is.
    let level = levels.iter().find(|level| level.level >= what.level).or(levels.last());
    let level = level.cloned().unwrap_or_else(|| shared::plan::Level {
        level: what.level,
        name: format!("Level {}", what.level),
        criteria: vec![],
        response_seconds: None,
        line: 0,
    });
    let components = plan.into_iter().flat_map(|plan| &plan.components);
    let affected: Vec<Affected> = components
        .filter(|component| what.components.contains(&component.id))
        .map(|component| Affected::new(&component.id, &component.name, what.impact, component.rto_seconds))
        .collect();
    let title = Title::parse(&alert.title)
        .or_else(|_| Title::parse(&format!("Alert from {}", source.name)))
        .map_err(|why| AppError::bug(format!("an alert without a title: {why}")))?;
    let text = alert.text.clone().filter(|text| !text.is_empty());
    let first = IncidentEvent::Declared { level: level.level, affected: affected.clone(), text, seen: vec![] };
    let level_now = (level.level, level.response_seconds);
    let incident = Incident::declared(title.into_inner(), level_now, affected, None, tx.now());
    let by = actor(source);
    let mut record = tx.incident_create(source.system, &incident, &level.name, &by, &first).await?;
    let detail = json!({"title": incident.title, "event": first, "alert": number, "rule": rule});
    tx.audit(&by, "incident.declared", format!("incident {}", record.number), detail);
    append(tx, &record, &fired(source, alert, number), source).await?;
    record.n_events += 1;
    Ok(record)
}
