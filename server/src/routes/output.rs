//! What the steps of a run printed, in parts, searched, and as a file. Translates and nothing else.

use axum::{Json, body::Body, extract::State};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::api::{
    List,
    run::{OutputLine, OutputPart},
};

use super::Answer;
use crate::{
    AppState,
    answer::{As, Text},
    app::output,
    auth::permit::{Permit, ViewConsole},
    error::AppError,
    extract::{Path, Query},
};

pub(crate) async fn part(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Query(part): Query<OutputPart>,
) -> Answer<List<OutputLine>> {
    Ok(Json(output::part(&state.store, &permit, number, part).await?))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    q: String,
    #[serde(default)]
    after: i64,
}

pub(crate) async fn search(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Query(search): Query<Search>,
) -> Answer<List<i64>> {
    Ok(Json(output::search(&state.store, &permit, number, &search.q, search.after).await?))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfStep {
    #[serde(default)]
    step: Option<u32>,
}

pub(crate) async fn download(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Query(OfStep { step }): Query<OfStep>,
) -> Result<As<Text>, AppError> {
    let pieces = output::whole(&state.store, &permit, number, step).await?;
    let name = step.map_or(format!("run-{number}"), |step| format!("run-{number}-step-{step}"));
    As::file(&format!("{name}.txt"), Body::from_stream(pieces))
}
