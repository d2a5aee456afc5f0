//! Systems and their plans. Importing is the command line's.

use axum::{Json, extract::State};
use shared::api::{
    List,
    system::{PlanView, SystemView},
};

use super::Answer;
use crate::{
    AppState,
    app::plan,
    auth::permit::{Permit, ViewConsole},
    extract::Path,
};

pub(crate) async fn list(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<SystemView>> {
    Ok(Json(plan::systems(&state.store, &permit).await?))
}

pub(crate) async fn plan(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<PlanView> {
    Ok(Json(plan::view(&state.store, &state.plans, &permit, &slug).await?))
}
