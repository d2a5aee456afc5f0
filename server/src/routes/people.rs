//! People, and the links that let in once.

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Deserialize;
use shared::{
    api::people::{
        ActiveIn, ContactRolesIn, InviteIn, LinkIn, LinkSeenView, LinkUseIn, LinkUsedView, LinkView, MayView,
        PeopleView, PersonRoleIn, PersonView,
    },
    domain::access::Action,
    ids::UserId,
};
use tower_sessions::Session;
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    app::{access, link, people},
    auth::{
        device::Device,
        permit::{ManagePeople, Permit, ViewPeople},
    },
    error::AppError,
    extract::{Body, NoBody, Path, Query},
};

type Done = Result<StatusCode, AppError>;
type Managed = Permit<ManagePeople>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    action: Action,
}

pub(crate) async fn list(permit: Permit<ViewPeople>, State(state): State<AppState>) -> Answer<PeopleView> {
    Ok(Json(people::list(&state.store, &permit).await?))
}

pub(crate) async fn view(
    permit: Permit<ViewPeople>,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
) -> Answer<PersonView> {
    Ok(Json(people::view(&state.store, &permit, id).await?))
}

pub(crate) async fn may(
    permit: Permit<ViewPeople>,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
    Query(asked): Query<Asked>,
) -> Answer<MayView> {
    Ok(Json(access::may(&state.store, &permit, id, asked.action).await?))
}

pub(crate) async fn invite(
    permit: Managed,
    State(state): State<AppState>,
    Body(input): Body<InviteIn>,
) -> Answer<LinkView> {
    Ok(Json(link::invite(&state, &permit, input).await?))
}

pub(crate) async fn withdraw(permit: Managed, State(state): State<AppState>, Path(id): Path<Uuid>) -> Done {
    link::withdraw(&state.store, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn set_role(
    permit: Managed,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
    Body(input): Body<PersonRoleIn>,
) -> Done {
    people::set_role(&state.store, &permit, id, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn set_contact_roles(
    permit: Managed,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
    Body(input): Body<ContactRolesIn>,
) -> Done {
    people::set_contact_roles(&state.store, &permit, id, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn set_active(
    permit: Managed,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
    Body(input): Body<ActiveIn>,
) -> Done {
    people::set_active(&state.store, &permit, id, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn password_link(
    permit: Managed,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
    _: NoBody,
) -> Answer<LinkView> {
    Ok(Json(link::new_password(&state, &permit, id).await?))
}

pub(crate) async fn remove_factors(permit: Managed, State(state): State<AppState>, Path(id): Path<UserId>) -> Done {
    people::remove_factors(&state.store, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn end_sessions(permit: Managed, State(state): State<AppState>, Path(id): Path<UserId>) -> Done {
    people::end_sessions(&state.store, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn look(
    State(state): State<AppState>,
    device: Device,
    Body(input): Body<LinkIn>,
) -> Answer<LinkSeenView> {
    Ok(Json(link::look(&state, &device, &input.token).await?))
}

pub(crate) async fn use_up(
    State(state): State<AppState>,
    session: Session,
    device: Device,
    Body(input): Body<LinkUseIn>,
) -> Answer<LinkUsedView> {
    Ok(Json(link::use_up(&state, &session, device, input).await?))
}
