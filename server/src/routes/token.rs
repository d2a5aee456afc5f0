//! API tokens and the accounts of programs.

use axum::{Json, extract::State};
use shared::{
    api::{
        people::PersonRowView,
        token::{ServiceAccountIn, TokenIn, TokenMade, TokensView},
    },
    ids::UserId,
};
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    answer::NoContent,
    app::token,
    auth::permit::{ChangeAccount, ManagePeople, Permit, ViewAccount, ViewPeople},
    error::AppError,
    extract::{Body, Path},
};

pub(crate) async fn own(permit: Permit<ViewAccount>, State(state): State<AppState>) -> Answer<TokensView> {
    Ok(Json(token::own(&state.store, &permit).await?))
}

pub(crate) async fn make_own(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    Body(input): Body<TokenIn>,
) -> Answer<TokenMade> {
    Ok(Json(token::make_own(&state.store, &permit, input).await?))
}

pub(crate) async fn revoke_own(
    permit: Permit<ViewAccount>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    token::revoke_own(&state.store, &permit, id).await?;
    Ok(NoContent)
}

pub(crate) async fn of(
    permit: Permit<ViewPeople>,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
) -> Answer<TokensView> {
    Ok(Json(token::of(&state.store, &permit, id).await?))
}

pub(crate) async fn make_for(
    permit: Permit<ManagePeople>,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
    Body(input): Body<TokenIn>,
) -> Answer<TokenMade> {
    Ok(Json(token::make_for(&state.store, &permit, id, input).await?))
}

pub(crate) async fn revoke_of(
    permit: Permit<ManagePeople>,
    State(state): State<AppState>,
    Path((id, token)): Path<(UserId, Uuid)>,
) -> Result<NoContent, AppError> {
    token::revoke_of(&state.store, &permit, id, token).await?;
    Ok(NoContent)
}

pub(crate) async fn create_service_account(
    permit: Permit<ManagePeople>,
    State(state): State<AppState>,
    Body(input): Body<ServiceAccountIn>,
) -> Answer<PersonRowView> {
    Ok(Json(token::create_service_account(&state.store, &permit, input).await?))
}
