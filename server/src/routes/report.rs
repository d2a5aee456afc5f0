//! Post-incident reports, what others say of them, and what leaves Muster of them.

use axum::{Json, extract::State};
use http::{HeaderValue, header};
use shared::{
    api::{
        List,
        report::{
            CommentIn, PublicPreview, PublicPreviewIn, PublishIn, ReportIn, ReportReviewIn, ReportVersionView,
            ReportView, ReviewAskIn, SettleIn, VersionHead,
        },
    },
    domain::incident::Person,
};
use store::User;
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    answer::{As, Html, Markdown},
    app::{report, report_publish, report_review},
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

pub(crate) async fn versions(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<List<VersionHead>> {
    Ok(Json(List { items: report::versions(&state.store, &permit, number).await?, next: None }))
}

pub(crate) async fn version(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(which): Path<(i64, i32)>,
) -> Answer<ReportVersionView> {
    Ok(Json(report::version(&state.store, &permit, which).await?))
}

pub(crate) async fn comment(
    permit: Permit<EditReport>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<CommentIn>,
) -> Answer<ReportView> {
    report_review::comment(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn settle(
    permit: Permit<EditReport>,
    State(state): State<AppState>,
    Path((number, comment)): Path<(i64, Uuid)>,
    Body(input): Body<SettleIn>,
) -> Answer<ReportView> {
    report_review::settle(&state.store, &permit, (number, comment), input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn reviewers(
    permit: Permit<EditReport>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<List<Person>> {
    Ok(Json(report_review::reviewers(&state.store, &permit, number).await?))
}

pub(crate) async fn ask(
    permit: Permit<EditReport>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<ReviewAskIn>,
) -> Answer<ReportView> {
    report_review::ask(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn judge(
    permit: Permit<PublishReport>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<ReportReviewIn>,
) -> Answer<ReportView> {
    report_review::judge(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn preview(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<PublicPreviewIn>,
) -> Answer<PublicPreview> {
    Ok(Json(report_publish::preview(&state.store, &permit, number, input).await?))
}

pub(crate) async fn publish(
    permit: Permit<PublishReport>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<PublishIn>,
) -> Answer<ReportView> {
    report_publish::publish(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

/// To be read and printed in the browser: its address stays.
pub(crate) async fn print(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Result<As<Html>, AppError> {
    let document = report_publish::html(&state.store, &permit, number).await?;
    let policy = HeaderValue::try_from(document.policy).map_err(|error| AppError::bug(error.to_string()))?;
    Ok(As::new(document.html).with(header::CONTENT_SECURITY_POLICY, policy))
}

pub(crate) async fn export_html(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Result<As<Html>, AppError> {
    let document = report_publish::html(&state.store, &permit, number).await?;
    As::file(&format!("incident-{number}-report.html"), document.html)
}

pub(crate) async fn export_markdown(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Result<As<Markdown>, AppError> {
    let text = report_publish::markdown(&state.store, &permit, number).await?;
    As::file(&format!("incident-{number}-report.md"), text)
}
