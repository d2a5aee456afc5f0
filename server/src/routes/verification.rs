//! Verifications of backups: how they are made, asked for, read, cancelled. What they restore is the worker's.

use axum::{Json, extract::State};
use shared::api::verification::{VerificationSettingsIn, VerificationView, VerificationsView};
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    app::verification,
    auth::permit::{ManageMonitors, Permit, ViewConsole},
    extract::{Body, NoBody, Path},
};

pub(crate) async fn list(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<VerificationsView> {
    Ok(Json(verification::list(&state, &permit, &slug).await?))
}

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Answer<VerificationView> {
    Ok(Json(verification::one(&state, &permit, id).await?))
}

pub(crate) async fn set(
    permit: Permit<ManageMonitors>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<VerificationSettingsIn>,
) -> Answer<VerificationsView> {
    Ok(Json(verification::set(&state, &permit, &slug, input).await?))
}

pub(crate) async fn ask(
    permit: Permit<ManageMonitors>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    _: NoBody,
) -> Answer<VerificationView> {
    Ok(Json(verification::ask(&state, &permit, &slug).await?))
}

pub(crate) async fn cancel(
    permit: Permit<ManageMonitors>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    _: NoBody,
) -> Answer<VerificationView> {
    Ok(Json(verification::cancel(&state, &permit, id).await?))
}
