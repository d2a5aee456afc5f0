//! Recovery runs: every command answers with the run as it is afterwards.

use axum::{Json, extract::State};
use shared::api::{
    List,
    incident::RunRowView,
    run::{
        AnswerIn, CancelIn, CheckIn, ConfirmIn, DecisionIn, FreezeIn, FreezeView, GlassIn, PriorityIn, ReviewIn,
        RunRequestIn, RunView, WithdrawIn,
    },
};
use store::User;

use super::Answer;
use crate::{
    AppState,
    app::{answer, approval, check, control, glass, line, run, view},
    auth::permit::{
        AnswerStep, BreakGlass, CancelRun, ConfirmAnswer, DecideRun, Freeze, HandleIncident, Permit, RequestRun,
        ReviewGlass, ViewConsole,
    },
    extract::{Before, Body, Key, Path, Query},
};

async fn shown(state: &AppState, user: &User, number: i64) -> Answer<RunView> {
    Ok(Json(view::run(&state.store, &state.plans, user, number).await?))
}

pub(crate) async fn list(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Query(page): Query<Before>,
) -> Answer<List<RunRowView>> {
    Ok(Json(view::runs(&state.store, &permit, page.before).await?))
}

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<RunView> {
    shown(&state, permit.user(), number).await
}

pub(crate) async fn request(
    permit: Permit<RequestRun>,
    State(state): State<AppState>,
    Path(incident): Path<i64>,
    Key(key): Key,
    Body(input): Body<RunRequestIn>,
) -> Answer<RunView> {
    let number = run::request(&state.store, &state.plans, &permit, key.as_deref(), incident, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn decide(
    permit: Permit<DecideRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<DecisionIn>,
) -> Answer<RunView> {
    approval::decide(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn break_glass(
    permit: Permit<BreakGlass>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<GlassIn>,
) -> Answer<RunView> {
    glass::break_it(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn review(
    permit: Permit<ReviewGlass>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<ReviewIn>,
) -> Answer<RunView> {
    glass::review(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn prioritise(
    permit: Permit<RequestRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<PriorityIn>,
) -> Answer<RunView> {
    line::prioritise(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn withdraw(
    permit: Permit<RequestRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<WithdrawIn>,
) -> Answer<RunView> {
    run::withdraw(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn answer(
    permit: Permit<AnswerStep>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<AnswerIn>,
) -> Answer<RunView> {
    answer::answer(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn confirm(
    permit: Permit<ConfirmAnswer>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<ConfirmIn>,
) -> Answer<RunView> {
    answer::confirm(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn check(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<CheckIn>,
) -> Answer<RunView> {
    check::check(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn cancel(
    permit: Permit<CancelRun>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Body(input): Body<CancelIn>,
) -> Answer<RunView> {
    control::cancel(&state.store, &permit, number, input).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn frozen(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<Option<FreezeView>> {
    Ok(Json(control::frozen(&state.store, &permit).await?))
}

pub(crate) async fn freeze(
    permit: Permit<Freeze>,
    State(state): State<AppState>,
    Body(input): Body<FreezeIn>,
) -> Answer<Option<FreezeView>> {
    Ok(Json(control::freeze(&state.store, &permit, input).await?))
}
