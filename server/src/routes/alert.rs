//! Alerts and their sources, and the one address that strangers write to.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::{
    api::{
        List,
        alert::{
            AlertView, SilenceIn, SilenceView, SourceChangeIn, SourceIn, SourceMade, SourceView, TakenView, TriedView,
            TryIn,
        },
    },
    domain::alert::SourceKind,
};
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    answer::{Accepted, NoContent},
    app::{alert_source, intake, silence},
    auth::{
        address::Address,
        permit::{ManageAlertSources, Permit, SilenceAlerts, ViewAlertSources, ViewConsole},
    },
    error::AppError,
    extract::{Body, Message, NoBody, Path, Query},
};

#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only what fires now.
    #[serde(default)]
    firing: bool,
    /// The `next` of the page before.
    #[serde(default)]
    before: Option<i64>,
}

pub(crate) async fn list(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Query(which): Query<Which>,
) -> Answer<List<AlertView>> {
    Ok(Json(alert_source::alerts(&state, &permit, which.firing, which.before).await?))
}

pub(crate) async fn of_incident(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<List<AlertView>> {
    Ok(Json(alert_source::of_incident(&state, &permit, number).await?))
}

pub(crate) async fn silences(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<SilenceView>> {
    Ok(Json(silence::list(&state, &permit).await?))
}

pub(crate) async fn silence(
    permit: Permit<SilenceAlerts>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<SilenceIn>,
) -> Answer<SilenceView> {
    Ok(Json(silence::create(&state, &permit, &slug, input).await?))
}

pub(crate) async fn end_silence(
    permit: Permit<SilenceAlerts>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    silence::end(&state, &permit, id).await?;
    Ok(NoContent)
}

pub(crate) async fn sources(
    permit: Permit<ViewAlertSources>,
    State(state): State<AppState>,
) -> Answer<List<SourceView>> {
    Ok(Json(alert_source::list(&state, &permit).await?))
}

pub(crate) async fn create_source(
    permit: Permit<ManageAlertSources>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<SourceIn>,
) -> Answer<SourceMade> {
    Ok(Json(alert_source::create(&state, &permit, &slug, input).await?))
}

pub(crate) async fn change_source(
    permit: Permit<ManageAlertSources>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Body(input): Body<SourceChangeIn>,
) -> Answer<SourceView> {
    Ok(Json(alert_source::change(&state, &permit, id, input).await?))
}

pub(crate) async fn renew_key(
    permit: Permit<ManageAlertSources>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    _: NoBody,
) -> Answer<SourceMade> {
    Ok(Json(alert_source::renew_key(&state, &permit, id).await?))
}

pub(crate) async fn retire_source(
    permit: Permit<ManageAlertSources>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    alert_source::retire(&state, &permit, id).await?;
    Ok(NoContent)
}

pub(crate) async fn attempt(
    permit: Permit<ViewAlertSources>,
    State(_): State<AppState>,
    Body(input): Body<TryIn>,
) -> Answer<List<TriedView>> {
    Ok(Json(alert_source::attempt(&permit, &input)?))
}

pub(crate) async fn take(
    State(state): State<AppState>,
    address: Address,
    Path((kind, key)): Path<(SourceKind, String)>,
    Message(message): Message,
) -> Result<Accepted<TakenView>, AppError> {
    Ok(Accepted(intake::take(&state, kind, &key, address, &message).await?))
}
