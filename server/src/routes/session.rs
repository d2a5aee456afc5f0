//! Signing in, out, and who one is. Checking credentials is the door's.

use axum::{Json, extract::State};
use shared::api::session::{Me, SignIn};
use tower_sessions::Session;

use super::Answer;
use crate::{
    AppState,
    answer::NoContent,
    app::user,
    auth::{
        address::Address,
        permit::{Permit, ViewConsole},
        sign_in,
    },
    error::AppError,
    extract::Body,
};

pub(crate) async fn sign_in(
    State(state): State<AppState>,
    session: Session,
    address: Address,
    Body(input): Body<SignIn>,
) -> Answer<Me> {
    Ok(Json(sign_in::sign_in(&state, &session, address, input).await?))
}

pub(crate) async fn me(permit: Permit<ViewConsole>) -> Json<Me> {
    Json(user::me(permit.user()))
}

pub(crate) async fn sign_out(State(state): State<AppState>, session: Session) -> Result<NoContent, AppError> {
    sign_in::sign_out(&state, &session).await?;
    Ok(NoContent)
}
