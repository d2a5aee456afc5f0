//! People to call: one's own ways to be reached, a system's contacts, who was called.

use axum::{Json, extract::State};
use shared::api::contact::{
    CallsView, ContactDrillIn, ContactDrillsView, ContactTestIn, ContactsIn, ContactsView, QuietHoursIn, WayCodeIn,
    WayIn, WayMade, WaysView,
};
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    answer::NoContent,
    app::{contact, contact_drill, paging, way},
    auth::permit::{ChangeAccount, ManageContacts, Permit, ViewAccount, ViewConsole, ViewContacts},
    error::AppError,
    extract::{Body, Path},
};

pub(crate) async fn ways(permit: Permit<ViewAccount>, State(state): State<AppState>) -> Answer<WaysView> {
    Ok(Json(way::list(&state, &permit).await?))
}

pub(crate) async fn add_way(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    Body(input): Body<WayIn>,
) -> Answer<WayMade> {
    Ok(Json(way::add(&state, &permit, input).await?))
}

pub(crate) async fn send_code(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    way::resend(&state, &permit, id).await?;
    Ok(NoContent)
}

pub(crate) async fn confirm_way(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Body(input): Body<WayCodeIn>,
) -> Result<NoContent, AppError> {
    way::confirm(&state, &permit, id, &input.code).await?;
    Ok(NoContent)
}

pub(crate) async fn remove_way(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    way::remove(&state, &permit, id).await?;
    Ok(NoContent)
}

pub(crate) async fn list(
    permit: Permit<ViewContacts>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<ContactsView> {
    Ok(Json(contact::list(&state, &permit, &slug).await?))
}

pub(crate) async fn set(
    permit: Permit<ManageContacts>,
    State(state): State<AppState>,
    Path((slug, role)): Path<(String, String)>,
    Body(input): Body<ContactsIn>,
) -> Answer<ContactsView> {
    Ok(Json(contact::set(&state, &permit, &slug, &role, input).await?))
}

pub(crate) async fn test(
    permit: Permit<ManageContacts>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<ContactTestIn>,
) -> Answer<ContactsView> {
    Ok(Json(contact::test(&state, &permit, &slug, input).await?))
}

pub(crate) async fn set_quiet(
    permit: Permit<ChangeAccount>,
    State(state): State<AppState>,
    Body(input): Body<QuietHoursIn>,
) -> Result<NoContent, AppError> {
    way::set_quiet(&state, &permit, input.hours).await?;
    Ok(NoContent)
}

pub(crate) async fn drills(
    permit: Permit<ViewContacts>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
) -> Answer<ContactDrillsView> {
    Ok(Json(contact_drill::list(&state, &permit, &slug).await?))
}

pub(crate) async fn begin_drill(
    permit: Permit<ManageContacts>,
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Body(input): Body<ContactDrillIn>,
) -> Result<NoContent, AppError> {
    contact_drill::begin(&state, &permit, &slug, input).await?;
    Ok(NoContent)
}

pub(crate) async fn calls(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<CallsView> {
    Ok(Json(paging::calls(&state, &permit, number).await?))
}
