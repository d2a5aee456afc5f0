//! Monitors: kept, looked at, checked at once. What they look at is the worker's.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    api::{
        List,
        monitor::{MonitorChangeIn, MonitorHistory, MonitorView, MonitorsIn, SuggestedView},
    },
    domain::monitor::Span,
};
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    answer::NoContent,
    app::monitor,
    auth::permit::{ManageMonitors, Permit, ViewConsole},
    error::AppError,
    extract::{Body, NoBody, Path, Query},
};

pub(crate) async fn list(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<MonitorView>> {
    Ok(Json(monitor::list(&state, &permit).await?))
}

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Answer<MonitorView> {
    Ok(Json(monitor::one(&state, &permit, id).await?))
}

#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    span: Span,
}

pub(crate) async fn history(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Query(which): Query<Which>,
) -> Answer<MonitorHistory> {
    Ok(Json(monitor::history(&state, &permit, id, which.span).await?))
}

pub(crate) async fn suggested(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<SuggestedView> {
    Ok(Json(monitor::suggested(&state, &permit, &slug).await?))
}

pub(crate) async fn create(
    permit: Permit<ManageMonitors>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<MonitorsIn>,
) -> Answer<List<MonitorView>> {
    Ok(Json(monitor::create(&state, &permit, &slug, input).await?))
}

pub(crate) async fn change(
    permit: Permit<ManageMonitors>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Body(input): Body<MonitorChangeIn>,
) -> Answer<MonitorView> {
    Ok(Json(monitor::change(&state, &permit, id, input).await?))
}

pub(crate) async fn check_now(
    permit: Permit<ManageMonitors>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    _: NoBody,
) -> Result<NoContent, AppError> {
    monitor::check_now(&state, &permit, id).await?;
    Ok(NoContent)
}

pub(crate) async fn remove(
    permit: Permit<ManageMonitors>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    monitor::remove(&state, &permit, id).await?;
    Ok(NoContent)
}
