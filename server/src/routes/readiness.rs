//! How ready a system is.

use axum::{Json, extract::State};
use shared::api::readiness::ReadinessView;

use super::Answer;
use crate::{
    AppState,
    app::readiness,
    auth::permit::{Permit, ViewConsole},
    extract::Path,
};

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<ReadinessView> {
    Ok(Json(readiness::view(&state, &permit, &slug).await?))
}
