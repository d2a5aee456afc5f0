//! Systems whose monitors nobody checks any more: an alert for each, until the checks are made again. Makes no check itself.

use shared::{
    domain::monitor::{OVERDUE_SECONDS, UNWATCHED, looking_since, unwatched},
    ids::SystemId,
    timestamp::Timestamp,
};
use store::Unwatched;
use tokio::sync::Mutex;

use super::intake;
use crate::{AppState, error::AppError};

/// Since when this server has looked, and when it looked last.
#[derive(Debug, Default)]
pub struct Looking(Mutex<Option<(Timestamp, Timestamp)>>);

/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn sweep(state: &AppState, looking: &Looking) -> Result<(), AppError> {
    let now = state.store.now().await?;
    let since = {
        let mut looked = looking.0.lock().await;
        let since = looking_since(*looked, now);
        *looked = Some((since, now));
        since
    };
    tell(state, since).await
}

/// `since`: when this server began to look. What was late before that may be made in a moment. Several servers may do it at once: one
/// alert fires under its key.
///
/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn tell(state: &AppState, since: Timestamp) -> Result<(), AppError> {
    let now = state.store.now().await?;
    let mut failed = Ok(());
    for Unwatched { system, late, told } in state.store.monitors_unwatched().await? {
        let done = match late {
            Some((n, due)) if !told && now.seconds_since(due.max(since)) > OVERDUE_SECONDS => {
                fire(state, system, (n, due)).await
            }
            None if told => end(state, system).await,
            _ => Ok(()),
        };
        // One that cannot be seen to does not keep the others waiting.
        failed = done.and(failed);
    }
    failed
}

async fn fire(state: &AppState, system: SystemId, (n, due): (i64, Timestamp)) -> Result<(), AppError> {
    let name = state.store.system_fetch(system).await?.name;
    let plan = state.plans.current(system).await?;
    let address = format!("{}/console/monitors", state.settings.public_url.origin());
    let mut tx = state.store.begin().await?;
    let Some(source) = tx.alert_source_of_monitors(system).await? else { return Ok(()) };
    let alert = unwatched(&name, n, due, address);
    let declared = intake::fires(&mut tx, plan.as_deref(), &source, &alert).await?;
    intake::call(&mut tx, declared.as_slice()).await?;
    Ok(tx.commit().await?)
}

async fn end(state: &AppState, system: SystemId) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let Some(source) = tx.alert_source_of_monitors(system).await? else { return Ok(()) };
    intake::ends(&mut tx, &source, UNWATCHED).await?;
    Ok(tx.commit().await?)
}
