//! Who may see an incident, and which others it is the same as or has to do with. Every command answers with the incident as it is
//! afterwards.

use axum::{Json, extract::State};
use shared::{
    api::{
        List,
        incident::IncidentView,
        related::{MergeIn, RelationIn},
        restricted::{OpenIn, ReaderIn, RestrictIn},
    },
    domain::incident::Person,
};

use super::{Answer, incident::shown};
use crate::{
    AppState,
    app::{related, restricted},
    auth::permit::{HandleIncident, Permit, ViewConsole},
    extract::{Body, Key, Path},
};

pub(crate) async fn people(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<Person>> {
    Ok(Json(restricted::people(&state.store, &permit).await?))
}

pub(crate) async fn restrict(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<RestrictIn>,
) -> Answer<IncidentView> {
    restricted::restrict(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn open(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<OpenIn>,
) -> Answer<IncidentView> {
    restricted::open(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn change_reader(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<ReaderIn>,
) -> Answer<IncidentView> {
    restricted::change_reader(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn merge(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<MergeIn>,
) -> Answer<IncidentView> {
    related::merge(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn relate(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<RelationIn>,
) -> Answer<IncidentView> {
    related::relate(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}
