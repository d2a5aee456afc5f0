//! Reviews of access and audits of security: begun, decided, ended, exported. Every command answers with the inspection as it is afterwards.

use axum::{Json, extract::State};
use http::{HeaderValue, header};
use shared::api::inspection::{DecideIn, EndIn, InspectionIn, InspectionView, InspectionsView};

use super::Answer;
use crate::{
    AppState,
    answer::{As, Csv, Html},
    app::{inspection, inspection_decide},
    auth::permit::{BeginInspection, Inspect, Permit, ViewInspections},
    documents::{inspection_csv, inspection_html},
    error::AppError,
    extract::{Body, Path},
};

pub(crate) async fn list(
    permit: Permit<ViewInspections>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<InspectionsView> {
    Ok(Json(inspection::list(&state, &permit, &slug).await?))
}

pub(crate) async fn view(
    permit: Permit<ViewInspections>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<InspectionView> {
    Ok(Json(inspection::view(&state, &permit, number).await?))
}

pub(crate) async fn begin(
    permit: Permit<BeginInspection>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<InspectionIn>,
) -> Answer<InspectionView> {
    let number = inspection::begin(&state, &permit, &slug, input).await?;
    Ok(Json(inspection::view(&state, &permit, number).await?))
}

pub(crate) async fn decide(
    permit: Permit<Inspect>,
    State(state): State<AppState>,
    Path((number, place)): Path<(i64, u32)>,
    Body(input): Body<DecideIn>,
) -> Answer<InspectionView> {
    inspection_decide::decide(&state, &permit, number, place, input).await?;
    Ok(Json(inspection::view(&state, &permit, number).await?))
}

pub(crate) async fn sign_off(
    permit: Permit<Inspect>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<EndIn>,
) -> Answer<InspectionView> {
    inspection_decide::sign_off(&state, &permit, number, input).await?;
    Ok(Json(inspection::view(&state, &permit, number).await?))
}

pub(crate) async fn call_off(
    permit: Permit<Inspect>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<EndIn>,
) -> Answer<InspectionView> {
    inspection_decide::call_off(&state, &permit, number, input).await?;
    Ok(Json(inspection::view(&state, &permit, number).await?))
}

/// For a spreadsheet.
pub(crate) async fn csv(
    permit: Permit<ViewInspections>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Result<As<Csv>, AppError> {
    let view = inspection::view(&state, &permit, number).await?;
    As::file(&format!("{}-{number}.csv", view.row.kind), inspection_csv(&view))
}

/// To be read and printed in the browser.
pub(crate) async fn print(
    permit: Permit<ViewInspections>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Result<As<Html>, AppError> {
    let document = inspection_html(&inspection::view(&state, &permit, number).await?);
    let policy = HeaderValue::try_from(document.policy).map_err(|error| AppError::bug(error.to_string()))?;
    Ok(As::new(document.html).with(header::CONTENT_SECURITY_POLICY, policy))
}
