//! Consent runs out even if nobody looks: ends runs whose time is over. Changes nothing else.

use serde_json::json;
use shared::{
    domain::{
        actor::Actor,
        incident::RunMoment,
        run::{RunEvent, RunState},
    },
    ids::RunId,
};
use store::Store;

use super::moment;
use crate::error::AppError;

/// # Errors
/// If the database does not answer; what was not ended is ended next time.
pub async fn sweep(store: &Store) -> Result<(), AppError> {
    let mut failed = Ok(());
    for id in store.runs_expired().await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = expire(store, id).await.and(failed);
    }
    failed
}

async fn expire(store: &Store, id: RunId) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock_id(id).await?.run;
    // Somebody may have been faster since the list was made.
    let waits = matches!(run.state, RunState::AwaitingApproval | RunState::Queued);
    if !waits || run.expires_at().is_none_or(|at| tx.now() <= at) {
        return Ok(());
    }
    tx.run_append(&mut run, RunEvent::Expired, &Actor::Muster).await?;
    tx.job_finish(id).await?;
    moment::tell(&mut tx, &run, RunMoment::Expired, "", &Actor::Muster).await?;
    tx.audit(&Actor::Muster, "run.expired", format!("run {}", run.header.number), json!({"policy": run.header.policy}));
    Ok(tx.commit().await?)
}
