//! Tasks of incidents, and what is about the person who asks. Commands on a task answer with the incident as it is afterwards.

use axum::{Json, extract::State};
use shared::{
    api::{
        List,
        incident::IncidentView,
        task::{NudgeView, OwnTaskView, TaskDeedIn, TaskIn},
    },
    domain::incident::Person,
};

use super::{Answer, incident::shown};
use crate::{
    AppState,
    answer::NoContent,
    app::{nudge, task},
    auth::permit::{AcknowledgeNotice, HandleIncident, Permit, ViewConsole},
    error::AppError,
    extract::{Body, Key, NoBody, Path},
};

pub(crate) async fn add(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<TaskIn>,
) -> Answer<IncidentView> {
    task::add(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn act(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path((number, task)): Path<(i64, u32)>,
    Key(key): Key,
    Body(input): Body<TaskDeedIn>,
) -> Answer<IncidentView> {
    task::act(&state.store, &permit, key.as_deref(), (number, task), input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn own(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<OwnTaskView>> {
    Ok(Json(task::own(&state.store, &permit).await?))
}

pub(crate) async fn readers(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<List<Person>> {
    Ok(Json(nudge::readers(&state.store, &permit, number).await?))
}

pub(crate) async fn nudges(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<NudgeView>> {
    Ok(Json(nudge::list(&state.store, &permit).await?))
}

pub(crate) async fn put_nudge_away(
    permit: Permit<AcknowledgeNotice>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    _: NoBody,
) -> Result<NoContent, AppError> {
    nudge::put_away(&state.store, &permit, number).await?;
    Ok(NoContent)
}
