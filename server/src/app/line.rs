//! The line of runs that wait for a target: who is called when it is free, and who goes first. What a run does is not decided here.

use serde_json::json;
use shared::{
    api::run::PriorityIn,
    domain::{
        actor::Actor,
        incident::{IncidentCommand, RunMoment},
        run::{RunEvent, RunState},
    },
    ids::RunId,
};
use store::{JobKind, Store, StoreError};

use super::moment;
use crate::{
    auth::permit::{Permit, RequestRun},
    error::{AppError, Found as _},
};

/// Calls the first in line wherever nothing is live any more.
///
/// # Errors
/// If the database does not answer; who was not called is called next time.
pub async fn call(store: &Store) -> Result<(), AppError> {
    let mut failed = Ok(());
    for id in store.runs_first_in_line().await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = call_one(store, id).await.and(failed);
    }
    failed
}

async fn call_one(store: &Store, id: RunId) -> Result<(), AppError> {
    let by = Actor::Muster;
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock_id(id).await?.run;
    // Somebody may have been faster since the list was made.
    if run.state != RunState::Waiting {
        return Ok(());
    }
    let record = tx.incident_lock_id(run.header.incident).await?;
    if let Err(refusal) = record.incident.permits(IncidentCommand::RequestRun) {
        let reason = format!("Its turn had come, but: {}", refusal.message);
        tx.run_append(&mut run, RunEvent::Withdrawn { reason: reason.clone() }, &by).await?;
        moment::tell_of(&mut tx, &record, &run, RunMoment::Withdrawn, reason.clone(), &by).await?;
        tx.audit(&by, "run.withdrawn", format!("run {}", run.header.number), json!({ "reason": reason }));
        return Ok(tx.commit().await?);
    }
    match tx.run_append(&mut run, RunEvent::Called, &by).await {
        Err(StoreError::Conflict(name)) if name == "run_one_live_per_system" => return Ok(()),
        done => done?,
    }
    tx.job_add(id, JobKind::Resolve).await?;
    moment::tell_of(&mut tx, &record, &run, RunMoment::Called, "the run before it has ended", &by).await?;
    tx.audit(&by, "run.called", format!("run {}", run.header.number), json!({}));
    Ok(tx.commit().await?)
}

/// Why a run in this state has no place in any line.
pub(super) fn not_to_prioritise(state: RunState) -> Option<String> {
    match state {
        RunState::Waiting | RunState::Resolving | RunState::AwaitingApproval | RunState::Queued => None,
        state if state.live() => Some("This run has started; it waits for nothing any more.".into()),
        state => Some(format!("This run has ended: {}.", state.words().to_lowercase())),
    }
}

/// # Errors
/// If the run waits for nothing any more.
pub async fn prioritise(
    store: &Store,
    permit: &Permit<RequestRun>,
    number: i64,
    input: PriorityIn,
) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    if let Some(why) = not_to_prioritise(run.state) {
        return Err(AppError::not_now(why));
    }
    if run.priority == input.priority {
        return Ok(());
    }
    let (from, to) = (run.priority, input.priority);
    tx.run_append(&mut run, RunEvent::Prioritised { priority: to }, &by).await?;
    tx.audit(&by, "run.prioritised", format!("run {number}"), json!({ "from": from, "to": to }));
    let text = format!("{} priority instead of {}", to.name(), from.name());
    moment::tell(&mut tx, &run, RunMoment::Prioritised, text, &by).await?;
    Ok(tx.commit().await?)
}
