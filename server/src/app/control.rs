//! The brakes: cancelling a run that goes on, and the freeze of everything. What a cancelled step leaves behind is the worker's.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        run::{CancelIn, FreezeIn, FreezeView},
    },
    domain::{
        incident::RunMoment,
        run::{Run, RunEvent, RunState},
        text::Message,
    },
};
use store::Store;

use super::moment;
use crate::{
    auth::permit::{self, CancelRun, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Why a run in this state cannot be cancelled.
pub(super) fn not_to_cancel(run: &Run) -> Option<String> {
    Some(match run.state {
        RunState::Running => return None,
        RunState::Cancelling => "This run is being cancelled already.".into(),
        RunState::Asking => "This run waits for a decision; stop it there.".into(),
        state if state.live() => "This run has not started; withdraw it instead.".into(),
        state => format!("This run has ended: {}.", state.words().to_lowercase()),
    })
}

/// Nothing more is begun; what was begun is ended or waited for, and the run says which.
///
/// # Errors
/// If the run does not go on.
pub async fn cancel(store: &Store, permit: &Permit<CancelRun>, number: i64, input: CancelIn) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    if let Some(why) = not_to_cancel(&run) {
        return Err(AppError::not_now(why));
    }
    let reason = input.reason.into_inner();
    tx.audit(&by, "run.cancel-asked", format!("run {number}"), json!({ "reason": reason }));
    tx.run_append(&mut run, RunEvent::CancelAsked { reason: reason.clone() }, &by).await?;
    tx.workers_call().await?;
    moment::tell(&mut tx, &run, RunMoment::CancelAsked, reason, &by).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If the database does not answer.
pub async fn frozen(store: &Store, _permit: &Permit<ViewConsole>) -> Result<Option<FreezeView>, AppError> {
    Ok(seen(store).await?)
}

pub(super) async fn seen(store: &Store) -> Result<Option<FreezeView>, store::StoreError> {
    let freeze = store.freeze_fetch().await?;
    Ok(freeze.map(|f| FreezeView { by: f.by, reason: f.reason, since: f.since }))
}

/// From its commit on no worker begins anything.
///
/// # Errors
/// If it is so already, or no reason is given for setting it.
pub async fn freeze(
    store: &Store,
    permit: &Permit<permit::Freeze>,
    input: FreezeIn,
) -> Result<Option<FreezeView>, AppError> {
    let by = permit.actor();
    let mut tx = store.begin().await?;
    if input.frozen {
        let reason = input.reason.map(Message::into_inner);
        let reason = reason.ok_or_else(|| AppError::invalid("reason", "A freeze needs a reason."))?;
        if !tx.freeze_set(&by, &reason).await? {
            return Err(AppError::not_now("Everything is frozen already."));
        }
        tx.audit(&by, "freeze.set", "all runs", json!({ "reason": reason }));
    } else {
        if !tx.freeze_lift().await? {
            return Err(AppError::not_now("Nothing is frozen."));
        }
        tx.audit(&by, "freeze.lifted", "all runs", json!({}));
    }
    // Those who hold something stop before their next step; those who wait find out that they may go on.
    tx.workers_call().await?;
    tx.live(Topic::Freeze {});
    tx.commit().await?;
    Ok(seen(store).await?)
}
