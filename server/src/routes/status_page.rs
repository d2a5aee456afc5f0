//! How the public page is arranged, and whose it is. The page itself is elsewhere (`public`).

use axum::{Json, extract::State};
use shared::api::{
    status_brand::{BrandIn, BrandView},
    status_page::{LayoutIn, StatusPageView},
};

use super::Answer;
use crate::{
    AppState,
    app::{status_brand, status_page},
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

pub(crate) async fn brand(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<BrandView> {
    Ok(Json(status_brand::view(&state.store, &permit).await?))
}

pub(crate) async fn save_brand(
    permit: Permit<ManageStatusPage>,
    State(state): State<AppState>,
    Body(input): Body<BrandIn>,
) -> Answer<BrandView> {
    Ok(Json(status_brand::save(&state.store, &permit, input).await?))
}
