//! For whoever watches over the process. Says nothing about what is in the database.

use axum::extract::State;
use http::StatusCode;

use crate::AppState;

pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    match state.store.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: the database does not answer or is not migrated\n")
        }
    }
}
