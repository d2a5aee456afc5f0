//! Refused attempts become audit entries. Decides nothing: whoever refuses calls this.

use std::time::Instant;

use serde_json::json;
use shared::domain::{access::Action, actor::Actor};

use crate::{AppState, auth::address::Address, error::AppError};

/// Somebody signed in tried what their role does not allow.
///
/// # Errors
/// If the entry cannot be written.
pub async fn record(state: &AppState, by: &Actor, action: Action, path: &str) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    tx.audit_denied(by, "access.denied", path, json!({"action": action, "path": path}));
    Ok(tx.commit().await?)
}

/// Somebody unknown tried something. Beyond a limit for each address only the log tells, so that nobody can fill the chain.
///
/// # Errors
/// If the entry cannot be written.
pub async fn record_unknown(
    state: &AppState,
    by: &Actor,
    action: &str,
    object: String,
    address: Address,
) -> Result<(), AppError> {
    let (network, address) = (address.key(), address.text());
    if state.throttles.unknown.attempt(&network, Instant::now()).is_err() {
        tracing::warn!(address, action, object, "a refused attempt; too many from there for the audit log");
        return Ok(());
    }
    let mut tx = state.store.begin().await?;
    tx.audit_denied(by, action, object, json!({"address": address}));
    Ok(tx.commit().await?)
}
