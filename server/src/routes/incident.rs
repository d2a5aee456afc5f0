//! Incidents: every command answers with the incident as it is afterwards.

use axum::{Json, extract::State};
use shared::api::{
    List,
    incident::{CloseIn, DeclareIn, IncidentRowView, IncidentView, LevelIn, NoteIn, ResolveIn, UpdateIn},
};
use store::User;

use super::Answer;
use crate::{
    AppState,
    app::{incident, view},
    auth::permit::{DeclareIncident, HandleIncident, Permit, PostUpdate, ViewConsole},
    extract::{Before, Body, Key, NoBody, Path, Query},
};

pub(super) async fn shown(state: &AppState, user: &User, number: i64) -> Answer<IncidentView> {
    Ok(Json(view::incident(&state.store, &state.plans, user, number).await?))
}

pub(crate) async fn list(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Query(page): Query<Before>,
) -> Answer<List<IncidentRowView>> {
    Ok(Json(view::incidents(&state.store, &permit, page.before).await?))
}

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<IncidentView> {
    shown(&state, permit.user(), number).await
}

pub(crate) async fn declare(
    permit: Permit<DeclareIncident>,
    State(state): State<AppState>,
    Key(key): Key,
    Body(input): Body<DeclareIn>,
) -> Answer<IncidentView> {
    let number = incident::declare(&state.store, &state.plans, &permit, key.as_deref(), input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn acknowledge(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    _: NoBody,
) -> Answer<IncidentView> {
    incident::acknowledge(&state.store, &permit, key.as_deref(), number).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn start_work(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    _: NoBody,
) -> Answer<IncidentView> {
    incident::start_work(&state.store, &permit, key.as_deref(), number).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn note(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<NoteIn>,
) -> Answer<IncidentView> {
    incident::note(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn change_level(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<LevelIn>,
) -> Answer<IncidentView> {
    incident::change_level(&state.store, &state.plans, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn post_update(
    permit: Permit<PostUpdate>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<UpdateIn>,
) -> Answer<IncidentView> {
    incident::post_update(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn close(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<CloseIn>,
) -> Answer<IncidentView> {
    incident::close(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn resolve(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<ResolveIn>,
) -> Answer<IncidentView> {
    incident::resolve(&state.store, &state.plans, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}
