//! The plan of a system and its versions.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use shared::api::{
    List,
    plan::{PlanDiff, PlanIn, PlanVersionView},
    system::PlanView,
};

use super::Answer;
use crate::{
    AppState,
    app::{
        plan,
        plan_version::{self, Saved},
    },
    auth::permit::{EditPlan, Permit, ViewConsole},
    error::AppError,
    extract::{Before, Body, Path, Query},
};

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<PlanView> {
    Ok(Json(plan::view(&state.store, &state.plans, &permit, &slug).await?))
}

pub(crate) async fn save(
    permit: Permit<EditPlan>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<PlanIn>,
) -> Result<Response, AppError> {
    Ok(match plan_version::save(&state.store, &permit, &slug, input).await? {
        Saved::New(version) => (StatusCode::CREATED, Json(version)).into_response(),
        Saved::Already(version) => Json(version).into_response(),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    #[serde(default)]
    version: Option<i32>,
}

pub(crate) async fn source(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Query(which): Query<Which>,
) -> Result<Response, AppError> {
    let (name, source) = plan_version::source(&state.store, &permit, &slug, which.version).await?;
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.map_err(|e| AppError::bug(e.to_string()))?;
    let content_type = HeaderValue::from_static("text/markdown; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type), (header::CONTENT_DISPOSITION, disposition)], source).into_response())
}

pub(crate) async fn versions(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Query(page): Query<Before>,
) -> Answer<List<PlanVersionView>> {
    Ok(Json(plan_version::list(&state.store, &permit, &slug, page.before).await?))
}

pub(crate) async fn version(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path((slug, number)): Path<(String, i32)>,
) -> Answer<PlanView> {
    Ok(Json(plan_version::view(&state.store, &state.plans, &permit, &slug, number).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    #[serde(default)]
    from: Option<i32>,
}

pub(crate) async fn diff(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path((slug, number)): Path<(String, i32)>,
    Query(since): Query<Since>,
) -> Answer<PlanDiff> {
    Ok(Json(plan_version::diff(&state.store, &state.plans, &permit, &slug, (since.from, number)).await?))
}
