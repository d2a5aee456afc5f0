//! How the public page is arranged. The page itself is elsewhere (`public`).

use axum::{Json, extract::State};
use shared::api::status_page::{LayoutIn, StatusPageView};

use super::Answer;
use crate::{
    AppState,
    app::status_page,
    auth::permit::{ManageStatusPage, Permit, ViewConsole},
    extract::Body,
};

pub(crate) async fn view(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<StatusPageView> {
    Ok(Json(status_page::view(&state.store, &state.plans, &permit).await?))
}

pub(crate) async fn save(
    permit: Permit<ManageStatusPage>,
    State(state): State<AppState>,
    Body(input): Body<LayoutIn>,
) -> Answer<StatusPageView> {
    Ok(Json(status_page::save(&state.store, &state.plans, &permit, input).await?))
}
