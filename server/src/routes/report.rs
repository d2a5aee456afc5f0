//! Post-incident reports, and what leaves Muster of them.

use axum::{Json, extract::State};
use shared::api::report::{PublishIn, ReportIn, ReportView};
use store::User;

use super::Answer;
use crate::{
    AppState,
    answer::{As, Html, Markdown},
    app::report,
    auth::permit::{EditReport, Permit, PublishReport, ViewConsole},
    error::AppError,
    extract::{Body, NoBody, Path},
};

async fn shown(state: &AppState, user: &User, number: i64) -> Answer<ReportView> {
    Ok(Json(report::view(&state.store, user, number).await?))
}

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<ReportView> {
    shown(&state, permit.user(), number).await
}

pub(crate) async fn write_draft(
    permit: Permit<EditReport>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    _: NoBody,
) -> Answer<ReportView> {
    report::write_draft(&state.store, &permit, number).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn save(
    permit: Permit<EditReport>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<ReportIn>,
) -> Answer<ReportView> {
    report::save(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn publish(
    permit: Permit<PublishReport>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<PublishIn>,
) -> Answer<ReportView> {
    report::publish(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn export_html(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Result<As<Html>, AppError> {
    let html = report::export_html(&state.store, &permit, number).await?;
    As::file(&format!("incident-{number}-report.html"), html)
}

pub(crate) async fn export_markdown(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Result<As<Markdown>, AppError> {
    let text = report::export_markdown(&state.store, &permit, number).await?;
    As::file(&format!("incident-{number}-report.md"), text)
}
