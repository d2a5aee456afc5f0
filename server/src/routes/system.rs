//! Systems. Their plans are `plan`'s.

use axum::{Json, extract::State};
use shared::api::{List, system::SystemView};

use super::Answer;
use crate::{
    AppState,
    app::plan,
    auth::permit::{Permit, ViewConsole},
};

pub(crate) async fn list(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<SystemView>> {
    Ok(Json(plan::systems(&state.store, &permit).await?))
}
