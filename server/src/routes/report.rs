//! Post-incident reports, and what leaves Muster of them.

use axum::{
    Json,
    extract::State,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, header};
use shared::api::report::{PublishIn, ReportIn, ReportView};
use store::User;

use super::Answer;
use crate::{
    AppState,
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
) -> Result<Response, AppError> {
    let html = report::export_html(&state.store, &permit, number).await?;
    Ok(([(header::CONTENT_DISPOSITION, file(number, "html")?)], Html(html)).into_response())
}

pub(crate) async fn export_markdown(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Result<Response, AppError> {
    let text = report::export_markdown(&state.store, &permit, number).await?;
    let content_type = HeaderValue::from_static("text/markdown; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type), (header::CONTENT_DISPOSITION, file(number, "md")?)], text)
        .into_response())
}

fn file(number: i64, ending: &str) -> Result<HeaderValue, AppError> {
    HeaderValue::try_from(format!("attachment; filename=\"incident-{number}-report.{ending}\""))
        .map_err(|e| AppError::bug(e.to_string()))
}
