//! What incidents were like over time.

use axum::{Json, extract::State};
use serde::Deserialize;
use shared::api::statistics::StatisticsView;

use super::Answer;
use crate::{
    AppState,
    app::statistics,
    auth::permit::{Permit, ViewConsole},
    extract::Query,
};

#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// This one included.
    #[schemars(range(min = 1, max = 60))]
    months: u32,
}

pub(crate) async fn view(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Query(which): Query<Which>,
) -> Answer<StatisticsView> {
    Ok(Json(statistics::view(&state, &permit, which.months).await?))
}
