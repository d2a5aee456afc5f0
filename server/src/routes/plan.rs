//! The plan of a system and its versions.

use axum::{Json, extract::State};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::api::{
    List,
    plan::{PlanDiff, PlanIn, PlanProposalView, PlanVersionView},
    system::PlanView,
};

use super::Answer;
use crate::{
    AppState,
    answer::{As, Made, Markdown},
    app::{
        plan, plan_proposal,
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

pub(crate) async fn proposal(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<PlanProposalView> {
    Ok(Json(plan_proposal::view(&state.store, &permit, number).await?))
}

pub(crate) async fn adopt(
    permit: Permit<EditPlan>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<PlanIn>,
) -> Result<Made<PlanVersionView>, AppError> {
    Ok(match plan_proposal::adopt(&state.store, &permit, number, input).await? {
        Saved::New(version) => Made::New(version),
        Saved::Already(version) => Made::Already(version),
    })
}

pub(crate) async fn save(
    permit: Permit<EditPlan>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<PlanIn>,
) -> Result<Made<PlanVersionView>, AppError> {
    Ok(match plan_version::save(&state.store, &permit, &slug, input).await? {
        Saved::New(version) => Made::New(version),
        Saved::Already(version) => Made::Already(version),
    })
}

#[derive(Debug, Deserialize, JsonSchema)]
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
) -> Result<As<Markdown>, AppError> {
    let (name, source) = plan_version::source(&state.store, &permit, &slug, which.version).await?;
    As::file(&name, source)
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

#[derive(Debug, Deserialize, JsonSchema)]
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
