//! Drills: seen, begun, stopped, judged, scheduled. Every command answers with what it is about as it is afterwards.

use axum::{Json, extract::State};
use shared::api::drill::{
    DrillIn, DrillScheduleChangeIn, DrillScheduleIn, DrillStopIn, DrillVerdictIn, DrillView, DrillWindowIn, DrillsView,
};
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    answer::{As, Ical, NoContent},
    app::{drill, drill_calendar, drill_schedule, drill_window},
    auth::permit::{CancelRun, Permit, PlanDrills, RequestRun, ViewConsole},
    error::AppError,
    extract::{Body, Key, Path},
};

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<DrillsView> {
    Ok(Json(drill_schedule::view(&state, &permit, &slug).await?))
}

pub(crate) async fn one(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<DrillView> {
    Ok(Json(drill_schedule::one(&state, &permit, number).await?))
}

pub(crate) async fn calendar(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Result<As<Ical>, AppError> {
    drill_calendar::of(&state, &permit, &slug).await.map(As::new)
}

pub(crate) async fn begin(
    permit: Permit<RequestRun>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Key(key): Key,
    Body(input): Body<DrillIn>,
) -> Answer<DrillView> {
    let number = drill::begin(&state, &permit, key.as_deref(), &slug, input).await?;
    Ok(Json(drill_schedule::fetched(&state, number).await?))
}

pub(crate) async fn stop(
    permit: Permit<CancelRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<DrillStopIn>,
) -> Answer<DrillView> {
    drill::stop(&state, &permit, number, input).await?;
    Ok(Json(drill_schedule::fetched(&state, number).await?))
}

pub(crate) async fn judge(
    permit: Permit<RequestRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<DrillVerdictIn>,
) -> Answer<DrillView> {
    drill::judge(&state, &permit, number, input).await?;
    Ok(Json(drill_schedule::fetched(&state, number).await?))
}

pub(crate) async fn schedule(
    permit: Permit<PlanDrills>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<DrillScheduleIn>,
) -> Result<NoContent, AppError> {
    drill_schedule::schedule(&state, &permit, &slug, input).await?;
    Ok(NoContent)
}

pub(crate) async fn change_schedule(
    permit: Permit<PlanDrills>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Body(input): Body<DrillScheduleChangeIn>,
) -> Result<NoContent, AppError> {
    drill_schedule::change_schedule(&state, &permit, id, input).await?;
    Ok(NoContent)
}

pub(crate) async fn end_schedule(
    permit: Permit<PlanDrills>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    drill_schedule::end_schedule(&state, &permit, id).await?;
    Ok(NoContent)
}

pub(crate) async fn block(
    permit: Permit<PlanDrills>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<DrillWindowIn>,
) -> Result<NoContent, AppError> {
    drill_window::block(&state, &permit, &slug, input).await?;
    Ok(NoContent)
}

pub(crate) async fn unblock(
    permit: Permit<PlanDrills>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    drill_window::unblock(&state, &permit, id).await?;
    Ok(NoContent)
}
