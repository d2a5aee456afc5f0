//! The audit log for those who may read it.

use axum::{Json, extract::State};
use shared::api::{
    List,
    audit::{AuditEntryView, AuditVerdict},
};

use super::Answer;
use crate::{
    AppState,
    app::audit,
    auth::permit::{Permit, ReadAudit},
    extract::{Before, Query},
};

pub(crate) async fn list(
    permit: Permit<ReadAudit>,
    State(state): State<AppState>,
    Query(page): Query<Before>,
) -> Answer<List<AuditEntryView>> {
    Ok(Json(audit::list(&state.store, &permit, page.before).await?))
}

pub(crate) async fn verify(permit: Permit<ReadAudit>, State(state): State<AppState>) -> Answer<AuditVerdict> {
    Ok(Json(audit::verify(&state.store, &permit).await?))
}
