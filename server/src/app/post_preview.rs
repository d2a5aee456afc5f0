//! How a public update will look, before it is posted: the page made by what makes the page. Writes nothing.

use shared::{
    api::{
        incident::{TimelineEntry, UpdateIn},
        post::PreviewView,
    },
    domain::incident::{IncidentEvent, PublicState},
};

use super::incident::component_keys;
use crate::{
    AppState,
    auth::permit::{Permit, PostUpdate},
    error::{AppError, Found as _},
};

/// # Errors
/// As posting it would be refused.
pub async fn preview(
    state: &AppState,
    permit: &Permit<PostUpdate>,
    number: i64,
    input: UpdateIn,
) -> Result<PreviewView, AppError> {
    if input.state == PublicState::Resolved {
        return Err(AppError::invalid("state", "The public state becomes resolved by resolving the incident."));
    }
    let mut record = state.store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let now = state.store.now().await?;
    if let Some(at) = input.happened_at {
        record.incident.check_happened_at(at, now).map_err(|why| AppError::invalid("happened_at", why))?;
    }
    let event =
        IncidentEvent::Posted { state: input.state, text: input.text.into_inner(), happened_at: input.happened_at };
    record.incident = record.incident.apply(&event, now)?;
    let mut timeline = state.store.incident_timeline(record.id).await?;
    timeline.push(TimelineEntry { seq: record.n_events + 1, at: now, by: permit.actor(), event });
    let concerned = state.store.subscribers_count(&component_keys(&record)).await?;
    let shown = state.public.preview(&record, &timeline).await;
    let (html, style, lang) =
        shown.ok_or_else(|| AppError::not_now("The status page has not been made yet. Try again in a moment."))?;
    Ok(PreviewView { html, style, lang: lang.to_owned(), concerned })
}
