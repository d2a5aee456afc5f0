//! The audit log for those who may read it.

use axum::{Json, body::Body, extract::State};
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, header};
use shared::api::{
    List,
    audit::{AuditChoices, AuditEntryView, AuditHeadsView, AuditQuery, AuditVerdict},
};

use super::Answer;
use crate::{
    AppState,
    answer::{As, JsonLines},
    app::audit::{self, Part, Wanted},
    auth::permit::{Permit, ReadAudit},
    error::AppError,
    extract::Query,
};

pub(crate) async fn list(
    permit: Permit<ReadAudit>,
    State(state): State<AppState>,
    Query(query): Query<AuditQuery>,
) -> Answer<List<AuditEntryView>> {
    Ok(Json(audit::list(&state.store, &permit, query).await?))
}

pub(crate) async fn choices(permit: Permit<ReadAudit>, State(state): State<AppState>) -> Answer<AuditChoices> {
    Ok(Json(audit::choices(&state.store, &permit).await?))
}

pub(crate) async fn heads(_permit: Permit<ReadAudit>, State(state): State<AppState>) -> Json<AuditHeadsView> {
    Json(state.heads.view())
}

pub(crate) async fn verify(permit: Permit<ReadAudit>, State(state): State<AppState>) -> Answer<AuditVerdict> {
    Ok(Json(audit::verify(&state.store, &permit, &state.heads).await?))
}

/// JSON Lines, as `muster audit export` writes them. A database that goes away meanwhile cuts the download off.
pub(crate) async fn export(
    permit: Permit<ReadAudit>,
    State(state): State<AppState>,
    Query(query): Query<AuditQuery>,
) -> Result<As<JsonLines>, AppError> {
    let wanted = Wanted::new(&permit, query)?;
    let name = if wanted.is_whole() { "audit-chain.jsonl" } else { "audit-part.jsonl" };
    let first = wanted.part(&state.store, 0).await?;
    let parts = stream::try_unfold(first, move |part| {
        let (store, wanted) = (state.store.clone(), wanted.clone());
        async move {
            let Some(part) = part else { return Ok::<_, String>(None) };
            let lines = lines(&part).map_err(|e| e.to_string())?;
            let next = wanted.part(&store, part.last).await.map_err(|e| e.message().to_owned())?;
            Ok(Some((lines, next)))
        }
    });
    Ok(As::file(name, Body::from_stream(parts))?.with(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

fn lines(part: &Part) -> serde_json::Result<Bytes> {
    let mut lines = vec![];
    for link in &part.links {
        serde_json::to_writer(&mut lines, link)?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}
