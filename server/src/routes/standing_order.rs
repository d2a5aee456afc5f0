//! Standing orders over HTTP. Translates; decides nothing.

use axum::{Json, extract::State};
use shared::api::{
    List,
    standing_order::{HandsOffView, OrderDecisionIn, OrderIn, OrderView, OrderWhyIn},
};

use super::Answer;
use crate::{
    AppState,
    app::standing_order,
    auth::permit::{CancelRun, DecideRun, Permit, RequestRun, ViewConsole},
    extract::{Body, NoBody, Path},
};

pub(crate) async fn list(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<OrderView>> {
    Ok(Json(standing_order::view::list(&state, &permit).await?))
}

pub(crate) async fn propose(
    permit: Permit<RequestRun>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<OrderIn>,
) -> Answer<OrderView> {
    Ok(Json(standing_order::propose(&state, &permit, &slug, input).await?))
}

pub(crate) async fn decide(
    permit: Permit<DecideRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<OrderDecisionIn>,
) -> Answer<OrderView> {
    Ok(Json(standing_order::decide(&state, &permit, number, input).await?))
}

pub(crate) async fn suspend(
    permit: Permit<CancelRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<OrderWhyIn>,
) -> Answer<OrderView> {
    Ok(Json(standing_order::suspend(&state, &permit, number, input).await?))
}

pub(crate) async fn resume(
    permit: Permit<DecideRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    _: NoBody,
) -> Answer<OrderView> {
    Ok(Json(standing_order::resume(&state, &permit, number).await?))
}

pub(crate) async fn revoke(
    permit: Permit<CancelRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<OrderWhyIn>,
) -> Answer<OrderView> {
    Ok(Json(standing_order::revoke(&state, &permit, number, input).await?))
}

pub(crate) async fn hands_off(
    permit: Permit<CancelRun>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<OrderWhyIn>,
) -> Answer<HandsOffView> {
    Ok(Json(standing_order::hands_off(&state, &permit, &slug, input).await?))
}
