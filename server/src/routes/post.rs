//! Public updates beside those that are posted at once: previews, kept texts, and messages that wait for their time.

use axum::{Json, extract::State};
use shared::api::{
    List,
    incident::{DeclareIn, UpdateIn},
    post::{
        FillIn, HandOnIn, HandedOnView, PreparedView, PreviewView, RescheduleIn, ScheduleIn, ScheduledView,
        TemplateChangeIn, TemplateIn, TemplateView,
    },
};
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    answer::NoContent,
    app::{
        post_preview, post_template,
        prepared::{self, About},
        scheduled_post,
    },
    auth::permit::{DeclareIncident, ManageStatusPage, Permit, PlanMaintenance, PostUpdate, ViewConsole},
    error::AppError,
    extract::{Body, Key, Path},
};

pub(crate) async fn preview(
    permit: Permit<PostUpdate>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<UpdateIn>,
) -> Answer<PreviewView> {
    Ok(Json(post_preview::preview(&state, &permit, number, input).await?))
}

pub(crate) async fn preview_declared(
    permit: Permit<DeclareIncident>,
    State(state): State<AppState>,
    Body(input): Body<DeclareIn>,
) -> Answer<PreviewView> {
    Ok(Json(post_preview::declared(&state, &permit, input).await?))
}

pub(crate) async fn scheduled(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<List<ScheduledView>> {
    Ok(Json(scheduled_post::list(&state.store, &permit, number).await?))
}

async fn shown(state: &AppState, number: i64) -> Answer<List<ScheduledView>> {
    let record = state.store.incident_by_number(number).await?;
    Ok(Json(List { items: state.store.scheduled_posts(record.id).await?, next: None }))
}

pub(crate) async fn schedule(
    permit: Permit<PostUpdate>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Key(key): Key,
    Body(input): Body<ScheduleIn>,
) -> Answer<List<ScheduledView>> {
    scheduled_post::schedule(&state.store, &permit, key.as_deref(), number, input).await?;
    shown(&state, number).await
}

pub(crate) async fn reschedule(
    permit: Permit<PostUpdate>,
    State(state): State<AppState>,
    Path((number, post)): Path<(i64, i64)>,
    Body(input): Body<RescheduleIn>,
) -> Answer<List<ScheduledView>> {
    scheduled_post::change(&state.store, &permit, number, post, input).await?;
    shown(&state, number).await
}

pub(crate) async fn cancel(
    permit: Permit<PostUpdate>,
    State(state): State<AppState>,
    Path((number, post)): Path<(i64, i64)>,
) -> Result<NoContent, AppError> {
    scheduled_post::cancel(&state.store, &permit, number, post).await?;
    Ok(NoContent)
}

pub(crate) async fn templates_for(
    permit: Permit<PostUpdate>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<List<TemplateView>> {
    Ok(Json(post_template::list_for(&state, &permit, number).await?))
}

pub(crate) async fn templates_for_work(
    permit: Permit<PlanMaintenance>,
    State(state): State<AppState>,
    Body(input): Body<FillIn>,
) -> Answer<List<TemplateView>> {
    Ok(Json(post_template::list_for_work(&state, &permit, input).await?))
}

pub(crate) async fn prepared_for_incident(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<PreparedView> {
    Ok(Json(prepared::of_incident(&state, &permit, number).await?))
}

pub(crate) async fn prepared_for_maintenance(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<PreparedView> {
    Ok(Json(prepared::of_maintenance(&state, &permit, number).await?))
}

pub(crate) async fn hand_on_incident(
    permit: Permit<PostUpdate>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(read): Body<HandOnIn>,
) -> Answer<HandedOnView> {
    Ok(Json(prepared::hand_on(&state, &permit, About::Incident(number), read).await?))
}

pub(crate) async fn hand_on_maintenance(
    permit: Permit<PostUpdate>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(read): Body<HandOnIn>,
) -> Answer<HandedOnView> {
    Ok(Json(prepared::hand_on(&state, &permit, About::Maintenance(number), read).await?))
}

pub(crate) async fn templates(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
) -> Answer<List<TemplateView>> {
    Ok(Json(post_template::list(&state.store, &permit).await?))
}

pub(crate) async fn add_template(
    permit: Permit<ManageStatusPage>,
    State(state): State<AppState>,
    Body(input): Body<TemplateIn>,
) -> Answer<TemplateView> {
    Ok(Json(post_template::add(&state.store, &permit, input).await?))
}

pub(crate) async fn change_template(
    permit: Permit<ManageStatusPage>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Body(input): Body<TemplateChangeIn>,
) -> Answer<TemplateView> {
    Ok(Json(post_template::change(&state.store, &permit, id, input).await?))
}

pub(crate) async fn remove_template(
    permit: Permit<ManageStatusPage>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    post_template::remove(&state.store, &permit, id).await?;
    Ok(NoContent)
}
