//! When a run will be over, from what its steps took before; and the early warning where that would break a promise. How it is reckoned is the
//! domain's.

use serde_json::json;
use shared::{
    api::run::{ComponentTimeView, ForecastView, TimesView},
    domain::{
        actor::Actor,
        forecast::{Forecast, Now, Promise, forecast},
        incident::{Duty, Incident, RunMoment},
        outbox::Purpose,
        run::{Run, RunState, StepState},
    },
    ids::RunId,
    timestamp::{Timestamp, human_seconds},
};
use store::Store;

use super::{
    moment,
    tell::{self, Person, Telling},
};
use crate::error::AppError;

/// The newest are most like what goes on.
const RUNS: i64 = 50;

/// Of a run that goes on or is about to; `None` if it waits for a person or has ended.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn of(
    store: &Store,
    run: &Run,
    incident: &Incident,
    now: Timestamp,
) -> Result<Option<ForecastView>, AppError> {
    if !matches!(run.state, RunState::Resolving | RunState::AwaitingApproval | RunState::Queued | RunState::Running) {
        return Ok(None);
    }
    let forecast = reckon(store, run, now).await?;
    let promise = promise(incident);
    let late = promise.as_ref().is_some_and(|promise| forecast.may_miss(promise));
    Ok(Some(ForecastView { forecast, promise, late, begun: run.state == RunState::Running }))
}

async fn reckon(store: &Store, run: &Run, now: Timestamp) -> Result<Forecast, AppError> {
    let past = store.step_times(run.header.system, run.header.procedure.digest, RUNS).await?;
    let open: Vec<u32> = run
        .steps
        .iter()
        .filter(|step| matches!(step.state, StepState::Pending | StepState::Running | StepState::Failed { .. }))
        .map(|step| step.number)
        .filter(|number| !run.is_checked_by_hand(*number))
        .collect();
    let going = run.steps.iter().find(|step| step.state == StepState::Running);
    let going = going.and_then(|step| Some((step.number, step.started_at?)));
    Ok(forecast(&past, &Now { open: &open, going, at: now }))
}

/// Of what is affected and not back: the promise that is due first.
pub(super) fn promise(incident: &Incident) -> Option<Promise> {
    let open = incident.affected.iter().filter(|a| a.restored_at.is_none());
    let promises = open.filter_map(|affected| {
        let (seconds, since) = (affected.rto_seconds?, affected.since.unwrap_or(incident.declared_at));
        let due_at = since.plus_seconds(seconds);
        Some(Promise { component: affected.name.clone(), since, seconds, due_at })
    });
    promises.min_by_key(|promise| promise.due_at)
}

/// What it took, from the request and from when each component went down, until its last check held.
pub(super) fn times(run: &Run, incident: &Incident) -> Option<TimesView> {
    let ended = run.ended_at.filter(|_| run.state == RunState::Succeeded)?;
    let measured = incident.affected.iter().filter_map(|affected| {
        let since = affected.since.unwrap_or(incident.declared_at);
        // What was affected only afterwards is not what it recovered.
        (since <= ended).then(|| ComponentTimeView {
            component: affected.name.clone(),
            from_start_seconds: ended.seconds_since(since),
            promised_seconds: affected.rto_seconds,
        })
    });
    Some(TimesView {
        from_request_seconds: ended.seconds_since(run.header.requested_at),
        components: measured.collect(),
    })
}

/// Warns once of each run that will probably be late. Several servers may look.
///
/// # Errors
/// If the database does not answer; who was not warned is warned next time.
pub async fn warn(store: &Store) -> Result<(), AppError> {
    let mut failed = Ok(());
    for id in store.runs_going().await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = warn_of(store, id).await.and(failed);
    }
    failed
}

async fn warn_of(store: &Store, id: RunId) -> Result<(), AppError> {
    let seen = store.run_fetch(id).await?;
    let incident = store.incident_by_number(seen.incident_number).await?;
    let Some(promise) = promise(&incident.incident) else { return Ok(()) };
    let foreseen = reckon(store, &seen.run, store.now().await?).await?;
    if !foreseen.may_miss(&promise) {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let run = tx.run_lock_id(id).await?.run;
    if run.state != RunState::Running || !tx.run_late_say(id).await? {
        return Ok(());
    }
    let record = tx.incident_lock_id(run.header.incident).await?;
    let text = words(&foreseen, &promise);
    let by = Actor::Muster;
    moment::tell_of(&mut tx, &record, &run, RunMoment::Late, text.clone(), &by).await?;
    tx.audit(&by, "run.late", format!("run {}", run.header.number), json!({"forecast": foreseen, "promise": promise}));
    let commander = record.incident.duties.iter().find(|held| held.duty == Duty::Commander);
    if let Some(held) = commander {
        let user = tx.user_fetch(held.holder.id).await?;
        let ways = tx.ways_of(&[user.id]).await?;
        let number = run.header.number;
        let (cause, link) = (format!("run-late:{number}"), format!("/console/runs/{number}"));
        let subject = format!("Run {number} will probably miss its objective (incident {})", record.number);
        let telling = Telling {
            link: Some(&link),
            incident: Some(record.id),
            ..Telling::new(Purpose::Notice, &cause, &subject, &text)
        };
        tell::person(&mut tx, &telling, Person { id: user.id, name: &user.name, email: &user.email }, &ways).await?;
    }
    Ok(tx.commit().await?)
}

fn words(forecast: &Forecast, promise: &Promise) -> String {
    let within = human_seconds(i64::try_from(promise.seconds).unwrap_or(i64::MAX));
    let at = |at: Option<Timestamp>| at.map(Timestamp::utc_text).unwrap_or_default();
    format!(
        "By {} past runs it will end at {}, at the latest at {}; {} was promised within {within}, which is {}",
        forecast.runs,
        at(forecast.expected_at),
        at(forecast.latest_at),
        promise.component,
        promise.due_at.utc_text()
    )
}
