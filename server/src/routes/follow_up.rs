//! Follow-ups of incidents: all of them, those of one, and what people do with them.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::api::{
    List,
    follow_up::{FollowUpChangeIn, FollowUpEndIn, FollowUpIn, FollowUpView, FollowUpsShown},
};

use super::Answer;
use crate::{
    AppState,
    app::follow_up,
    auth::permit::{HandleIncident, Permit, ViewConsole},
    extract::{Body, Key, Path, Query},
};

#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Absent: the open ones.
    #[serde(default)]
    shown: Option<FollowUpsShown>,
}

pub(crate) async fn list(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Query(which): Query<Which>,
) -> Answer<List<FollowUpView>> {
    let shown = which.shown.unwrap_or(FollowUpsShown::Open);
    Ok(Json(follow_up::list(&state.store, &permit, shown).await?))
}

pub(crate) async fn of_incident(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<List<FollowUpView>> {
    Ok(Json(follow_up::of_incident(&state.store, &permit, number).await?))
}

pub(crate) async fn add(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<FollowUpIn>,
) -> Answer<FollowUpView> {
    let made = follow_up::add(&state.store, &permit, key.as_deref(), number, input).await?;
    Ok(Json(follow_up::one(&state.store, made).await?))
}

pub(crate) async fn change(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<FollowUpChangeIn>,
) -> Answer<FollowUpView> {
    follow_up::change(&state.store, &permit, number, input).await?;
    Ok(Json(follow_up::one(&state.store, number).await?))
}

pub(crate) async fn settle(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<FollowUpEndIn>,
) -> Answer<FollowUpView> {
    follow_up::settle(&state.store, &permit, number, input).await?;
    Ok(Json(follow_up::one(&state.store, number).await?))
}
