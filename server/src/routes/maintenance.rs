//! Announced maintenance: every command answers with it as it is afterwards.

use axum::{Json, extract::State};
use shared::api::{
    List,
    maintenance::{MaintenanceEndIn, MaintenanceIn, MaintenancePostIn, MaintenanceTimesIn, MaintenanceView},
};
use store::User;

use super::Answer;
use crate::{
    AppState,
    app::maintenance,
    auth::permit::{Permit, PlanMaintenance, ViewConsole},
    extract::{Body, Key, Path},
};

async fn shown(state: &AppState, user: &User, number: i64) -> Answer<MaintenanceView> {
    Ok(Json(maintenance::view(&state.store, user, number).await?))
}

pub(crate) async fn list(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<MaintenanceView>> {
    Ok(Json(maintenance::list(&state.store, &permit).await?))
}

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<MaintenanceView> {
    shown(&state, permit.user(), number).await
}

pub(crate) async fn plan(
    permit: Permit<PlanMaintenance>,
    State(state): State<AppState>,
    Key(key): Key,
    Body(input): Body<MaintenanceIn>,
) -> Answer<MaintenanceView> {
    let number = maintenance::plan(&state.store, &state.plans, &permit, key.as_deref(), input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn post(
    permit: Permit<PlanMaintenance>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<MaintenancePostIn>,
) -> Answer<MaintenanceView> {
    maintenance::post(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn change_times(
    permit: Permit<PlanMaintenance>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<MaintenanceTimesIn>,
) -> Answer<MaintenanceView> {
    maintenance::change_times(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn finish(
    permit: Permit<PlanMaintenance>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<MaintenanceEndIn>,
) -> Answer<MaintenanceView> {
    maintenance::finish(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn cancel(
    permit: Permit<PlanMaintenance>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<MaintenanceEndIn>,
) -> Answer<MaintenanceView> {
    maintenance::cancel(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}
