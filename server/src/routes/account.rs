//! One's own account.

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::Value;
use shared::api::account::{AccountView, CodeIn, PasskeyIn, PasswordIn, RecoveryCodes, TotpView};
use tower_sessions::Session;
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    app::account,
    auth::permit::{ChangeAccount, Permit, ViewAccount},
    error::AppError,
    extract::{Body, NoBody, Path},
};

type Done = Result<StatusCode, AppError>;

pub(crate) async fn view(
    permit: Permit<ViewAccount>,
    State(state): State<AppState>,
    session: Session,
) -> Answer<AccountView> {
    Ok(Json(account::view(&state, &permit, &session).await?))
}

pub(crate) async fn change_password(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    session: Session,
    Body(input): Body<PasswordIn>,
) -> Done {
    account::change_password(&state, &permit, &session, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn totp_begin(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    _: NoBody,
) -> Answer<TotpView> {
    Ok(Json(account::totp_begin(&state, &permit).await?))
}

pub(crate) async fn totp_confirm(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    session: Session,
    Body(input): Body<CodeIn>,
) -> Answer<RecoveryCodes> {
    Ok(Json(account::totp_confirm(&state, &permit, &session, input).await?))
}

pub(crate) async fn totp_remove(permit: Permit<ChangeAccount>, State(state): State<AppState>) -> Done {
    account::totp_remove(&state.store, &permit).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn passkey_begin(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    session: Session,
    _: NoBody,
) -> Answer<Value> {
    Ok(Json(account::passkey_begin(&state, &permit, &session).await?))
}

pub(crate) async fn passkey_add(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    session: Session,
    Body(input): Body<PasskeyIn>,
) -> Answer<RecoveryCodes> {
    Ok(Json(account::passkey_add(&state, &permit, &session, input).await?))
}

pub(crate) async fn passkey_remove(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Done {
    account::passkey_remove(&state.store, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn recovery_codes(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    _: NoBody,
) -> Answer<RecoveryCodes> {
    Ok(Json(account::recovery_codes(&state.store, &permit).await?))
}

pub(crate) async fn session_end(
    permit: Permit<ViewAccount>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Done {
    account::session_end(&state.store, &permit, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn other_sessions_end(
    permit: Permit<ViewAccount>,
    State(state): State<AppState>,
    session: Session,
) -> Done {
    account::other_sessions_end(&state.store, &permit, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
