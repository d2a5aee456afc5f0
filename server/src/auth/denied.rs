//! Refused attempts become audit entries. Decides nothing: whoever refuses calls this.

use std::time::Instant;

use http::Method;
use serde_json::json;
use shared::domain::{access::Action, actor::Actor, alert::SourceKind};
use uuid::Uuid;

use crate::{AppState, auth::address::Address, error::AppError};

/// How an address that was asked for stands in the audit log, which is read by many and forgets nothing: without what may be a key.
#[must_use]
pub fn asked(method: &Method, path: &str) -> String {
    let mut after_intake = false;
    let masked = path.split('/').map(|part| {
        let key = after_intake || (part.len() > LONGEST && Uuid::try_parse(part).is_err());
        after_intake |= part.eq_ignore_ascii_case("intake");
        if key && !part.is_empty() && SourceKind::ALL.iter().all(|kind| kind.name() != part) { "…" } else { part }
    });
    format!("{method} {}", masked.collect::<Vec<_>>().join("/"))
}

/// No name in an address is longer; tokens and keys are.
const LONGEST: usize = 40;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_in_what_was_asked_for() {
        let id = "0199f3a4-5b6c-7d8e-9f00-112233445566";
        let uuid = format!("/api/v1/account/ways/{id}/code");
        let token = format!("/answer/{}", "A".repeat(43));
        for (path, expected) in [
            ("/api/v1/incidents/7", "POST /api/v1/incidents/7"),
            ("/api/v1/intake/generic/abc", "POST /api/v1/intake/generic/…"),
            ("/API/v1/Intake/generic/abc/def", "POST /API/v1/Intake/generic/…/…"),
            ("/api/v1/intake/abc", "POST /api/v1/intake/…"),
            (&uuid, &format!("POST {uuid}")),
            (&token, "POST /answer/…"),
        ] {
            assert_eq!(asked(&Method::POST, path), expected);
        }
    }
}
