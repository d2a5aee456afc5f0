//! Notices for the person who asks.

use axum::{Json, extract::State};
use shared::api::{List, notice::NoticeView};

use super::Answer;
use crate::{
    AppState,
    app::notice,
    auth::permit::{AcknowledgeNotice, Permit, ViewConsole},
    extract::Path,
};

pub(crate) async fn list(permit: Permit<ViewConsole>, State(state): State<AppState>) -> Answer<List<NoticeView>> {
    Ok(Json(notice::list(&state.store, &permit).await?))
}

pub(crate) async fn acknowledge(
    permit: Permit<AcknowledgeNotice>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
) -> Answer<NoticeView> {
    Ok(Json(notice::acknowledge(&state.store, &permit, number).await?))
}
