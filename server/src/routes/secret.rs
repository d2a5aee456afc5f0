//! Secrets of a system. Nothing here answers a value.

use axum::{Json, extract::State};
use shared::api::secret::{SecretIn, SecretView, SecretsView};

use super::Answer;
use crate::{
    AppState,
    answer::NoContent,
    app::secret,
    auth::permit::{ManageSecrets, Permit, ViewSecrets},
    error::AppError,
    extract::{Body, Path},
};

pub(crate) async fn list(
    permit: Permit<ViewSecrets>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<SecretsView> {
    Ok(Json(secret::list(&state.store, &permit, &slug).await?))
}

pub(crate) async fn set(
    permit: Permit<ManageSecrets>,
    State(state): State<AppState>,
    Path((slug, name)): Path<(String, String)>,
    Body(input): Body<SecretIn>,
) -> Answer<SecretView> {
    Ok(Json(secret::set(&state, &permit, &slug, &name, input).await?))
}

pub(crate) async fn delete(
    permit: Permit<ManageSecrets>,
    State(state): State<AppState>,
    Path((slug, name)): Path<(String, String)>,
) -> Result<NoContent, AppError> {
    secret::delete(&state.store, &permit, &slug, &name).await?;
    Ok(NoContent)
}
