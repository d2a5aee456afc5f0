//! Who asked to be told by mail, for the people of the console. The pages that strangers ask on are `subscribe`.

use axum::{Json, extract::State};
use shared::api::{
    List,
    subscriber::{ConcernedQuery, SubscriberView, SubscribersCount},
};
use uuid::Uuid;

use super::Answer;
use crate::{
    AppState,
    answer::NoContent,
    app::subscriber,
    auth::permit::{ManageSubscribers, Permit, ViewConsole},
    error::AppError,
    extract::{Path, Query},
};

pub(crate) async fn count(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Query(of): Query<ConcernedQuery>,
) -> Answer<SubscribersCount> {
    Ok(Json(subscriber::count(&state, &permit, &of).await?))
}

pub(crate) async fn list(
    permit: Permit<ManageSubscribers>,
    State(state): State<AppState>,
) -> Answer<List<SubscriberView>> {
    Ok(Json(subscriber::list(&state, &permit).await?))
}

pub(crate) async fn remove(
    permit: Permit<ManageSubscribers>,
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
) -> Result<NoContent, AppError> {
    subscriber::remove(&state.store, &permit, id).await?;
    Ok(NoContent)
}
