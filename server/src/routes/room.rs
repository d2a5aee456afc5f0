//! The incident room: states, components, duties, entries. Every command answers with the incident as it is afterwards.

use axum::{Json, extract::State};
use shared::{
    api::{
        List,
        incident::{AffectedChangeIn, CorrectionIn, DutyIn, IncidentView, PinIn, ReopenIn, StateIn},
    },
    domain::incident::Person,
};

use super::{Answer, incident::shown};
use crate::{
    AppState,
    app::{duty as duties, entry, room},
    auth::permit::{HandleIncident, Permit, ViewConsole},
    extract::{Body, Key, Path},
};

pub(crate) async fn set_state(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<StateIn>,
) -> Answer<IncidentView> {
    room::set_state(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn change_affected(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<AffectedChangeIn>,
) -> Answer<IncidentView> {
    room::change_affected(&state.store, &state.plans, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn reopen(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<ReopenIn>,
) -> Answer<IncidentView> {
    room::reopen(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn people(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<List<Person>> {
    Ok(Json(duties::people(&state.store, &permit, number).await?))
}

pub(crate) async fn duty(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<DutyIn>,
) -> Answer<IncidentView> {
    duties::act(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn correct(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<CorrectionIn>,
) -> Answer<IncidentView> {
    entry::correct(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn pin(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<PinIn>,
) -> Answer<IncidentView> {
    entry::pin(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}
