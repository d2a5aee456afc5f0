//! Signing in, showing anew that one is oneself, out, and who one is. Checking what is shown is the door's.

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::Value;
use shared::api::session::{Me, ProofIn, SignIn};
use tower_sessions::Session;

use super::Answer;
use crate::{
    AppState,
    app::user,
    auth::{
        device::Device,
        permit::{Permit, ViewAccount},
        sign_in,
    },
    error::AppError,
    extract::{Body, NoBody},
};

pub(crate) async fn sign_in(
    State(state): State<AppState>,
    session: Session,
    device: Device,
    Body(input): Body<SignIn>,
) -> Answer<Me> {
    Ok(Json(sign_in::sign_in(&state, &session, device, input).await?))
}

pub(crate) async fn challenge(State(state): State<AppState>, session: Session, _: NoBody) -> Answer<Value> {
    Ok(Json(sign_in::challenge(&state, &session).await?))
}

pub(crate) async fn second(
    State(state): State<AppState>,
    session: Session,
    device: Device,
    Body(proof): Body<ProofIn>,
) -> Answer<Me> {
    Ok(Json(sign_in::second(&state, &session, device, proof).await?))
}

pub(crate) async fn prove(
    permit: Permit<ViewAccount>,
    State(state): State<AppState>,
    session: Session,
    Body(proof): Body<ProofIn>,
) -> Result<StatusCode, AppError> {
    sign_in::prove(&state, &session, &permit, proof).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn me(permit: Permit<ViewAccount>) -> Json<Me> {
    Json(user::me(permit.user()))
}

pub(crate) async fn sign_out(State(state): State<AppState>, session: Session) -> Result<StatusCode, AppError> {
    sign_in::sign_out(&state, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
