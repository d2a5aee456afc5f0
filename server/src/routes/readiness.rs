//! How ready a system is.

use axum::{Json, extract::State};
use http::{HeaderValue, header};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::{api::readiness::ReadinessView, domain::audit::document::SignedDocument};

use super::Answer;
use crate::{
    AppState,
    answer::{As, Html},
    app::{readiness, readiness_report},
    auth::permit::{Permit, ViewConsole},
    error::AppError,
    extract::{Path, Query},
};

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<ReadinessView> {
    Ok(Json(readiness::view(&state, &permit, &slug).await?))
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    /// How far back it tells of runs and incidents; absent: 90.
    #[serde(default)]
    days: Option<u32>,
}

const DAYS: u32 = 90;

/// The signed file.
pub(crate) async fn report(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Query(span): Query<Span>,
) -> Answer<SignedDocument> {
    Ok(Json(readiness_report::signed(&state, &permit, &slug, span.days.unwrap_or(DAYS)).await?))
}

/// To be read and printed in the browser.
pub(crate) async fn print(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Query(span): Query<Span>,
) -> Result<As<Html>, AppError> {
    let document = readiness_report::printed(&state, &permit, &slug, span.days.unwrap_or(DAYS)).await?;
    let policy = HeaderValue::try_from(document.policy).map_err(|error| AppError::bug(error.to_string()))?;
    Ok(As::new(document.html).with(header::CONTENT_SECURITY_POLICY, policy))
}
