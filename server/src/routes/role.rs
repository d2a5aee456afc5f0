//! Roles and the table of who may do what.

use axum::{Json, extract::State};
use http::StatusCode;
use shared::{
    api::people::{AccessView, RoleIn},
    domain::access::RoleName,
};

use super::Answer;
use crate::{
    AppState,
    app::access,
    auth::permit::{ManageRoles, Permit, ViewPeople},
    error::AppError,
    extract::{Body, Path},
};

pub(crate) async fn table(permit: Permit<ViewPeople>, State(state): State<AppState>) -> Answer<AccessView> {
    Ok(Json(access::table(&state.store, &permit).await?))
}

pub(crate) async fn save(
    permit: Permit<ManageRoles>,
    State(state): State<AppState>,
    Path(name): Path<String>,
    Body(input): Body<RoleIn>,
) -> Result<StatusCode, AppError> {
    access::save(&state.store, &permit, named(&name)?, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn delete(
    permit: Permit<ManageRoles>,
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<StatusCode, AppError> {
    access::delete(&state.store, &permit, named(&name)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn named(name: &str) -> Result<RoleName, AppError> {
    RoleName::parse(name).map_err(|why| AppError::invalid("name", why))
}
