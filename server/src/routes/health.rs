//! For whoever watches over the process. Says nothing about what is in the database.

use axum::extract::State;
use http::StatusCode;
use shared::api::audit::AuditHeadsView;

use crate::AppState;

pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, String) {
    match state.store.ready().await {
        Ok(()) => (StatusCode::OK, format!("ready\n{}", about_heads(&state.heads.view()))),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: the database does not answer or is not migrated\n".into())
        }
    }
}

/// What is wrong with them; a server without heads is ready all the same.
fn about_heads(heads: &AuditHeadsView) -> String {
    let mut said = String::new();
    let without = heads.places.iter().filter(|place| place.error.is_some()).count();
    if heads.unmet.is_some() {
        said.push_str("audit: the chain does not meet its signed heads\n");
    }
    if heads.problem.is_some() {
        said.push_str("audit: no heads are signed\n");
    } else if without > 0 {
        said.push_str(&format!("audit: {without} of {} places take no heads\n", heads.places.len()));
    }
    said
}
