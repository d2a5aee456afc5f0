//! How a public update will look, before it is posted: the page made by what makes the page. Writes nothing.

use shared::{
    api::{
        incident::{DeclareIn, TimelineEntry, UpdateIn},
        post::PreviewView,
    },
    domain::{
        actor::Actor,
        incident::{Incident, IncidentCommand, IncidentEvent, Person, PublicState},
    },
    ids::IncidentId,
    timestamp::Timestamp,
};
use store::IncidentRecord;
use uuid::Uuid;

use super::incident::{affected, component_keys, level, system_with_plan};
use crate::{
    AppState,
    auth::permit::{DeclareIncident, Permit, PostUpdate},
    error::{AppError, Found as _},
};

/// Of an update; in state resolved, of the last word with which the incident is resolved; of an incident that is resolved, of the first
/// word with which it is reopened.
///
/// # Errors
/// As posting it would be refused.
pub async fn preview(
    state: &AppState,
    permit: &Permit<PostUpdate>,
    number: i64,
    input: UpdateIn,
) -> Result<PreviewView, AppError> {
    let mut record = state.store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let now = state.store.now().await?;
    if let Some(at) = input.happened_at {
        record.incident.check_happened_at(at, now).map_err(|why| AppError::invalid("happened_at", why))?;
    }
    let mut timeline = state.store.incident_timeline(record.id).await?;
    let said = || String::from("Preview");
    let again = input.state == PublicState::Investigating && record.incident.permits(IncidentCommand::Reopen).is_ok();
    let before = again.then(|| IncidentEvent::Reopened { reason: said() });
    let after = (input.state == PublicState::Resolved).then(|| IncidentEvent::Resolved { text: said(), despite: None });
    let posted =
        IncidentEvent::Posted { state: input.state, text: input.text.into_inner(), happened_at: input.happened_at };
    for event in before.into_iter().chain([posted]).chain(after) {
        follow(&mut record, &mut timeline, permit.actor(), event, now)?;
    }
    shown(state, &record, &timeline).await
}

/// Of an incident that is about to be declared in public.
///
/// # Errors
/// As declaring it would be refused; if it is not for the status page.
pub async fn declared(
    state: &AppState,
    permit: &Permit<DeclareIncident>,
    input: DeclareIn,
) -> Result<PreviewView, AppError> {
    let Some(public) = input.public else {
        return Err(AppError::invalid("public", "It is internal, so visitors see nothing of it."));
    };
    let (system, plan) = system_with_plan(&state.store, &state.plans, &input.system).await?;
    let plan = &plan.compiled.plan;
    let (level, affected) = (level(plan, input.level)?, affected(plan, &input.affected, &[])?);
    let (now, by) = (state.store.now().await?, permit.actor());
    let first = IncidentEvent::Declared { level: level.level, affected: affected.clone(), text: None, seen: vec![] };
    let title = Some(public.title.into_inner());
    let mut record = IncidentRecord {
        id: IncidentId(Uuid::now_v7()),
        number: NOT_YET,
        system: system.id,
        system_slug: system.slug,
        level_name: level.name.clone(),
        declared_by: by.clone(),
        n_events: 1,
        incident: Incident::declared(
            input.title.into_inner(),
            (level.level, level.response_seconds),
            affected,
            title,
            now,
        ),
    };
    let mut timeline = vec![TimelineEntry { seq: 1, at: now, by: by.clone(), event: first }];
    if input.restricted_to.is_some() {
        let me = Person { id: permit.id(), name: permit.user().name.clone() };
        follow(
            &mut record,
            &mut timeline,
            by.clone(),
            IncidentEvent::Restricted { people: vec![me], reason: None },
            now,
        )?;
    }
    let (state_now, text) = (PublicState::Investigating, public.text.into_inner());
    let posted = IncidentEvent::Posted { state: state_now, text, happened_at: None };
    follow(&mut record, &mut timeline, by, posted, now)?;
    shown(state, &record, &timeline).await
}

/// No incident has it.
const NOT_YET: i64 = 0;

fn follow(
    record: &mut IncidentRecord,
    timeline: &mut Vec<TimelineEntry>,
    by: Actor,
    event: IncidentEvent,
    now: Timestamp,
) -> Result<(), AppError> {
    record.incident = record.incident.apply(&event, now)?;
    record.n_events += 1;
    timeline.push(TimelineEntry { seq: record.n_events, at: now, by, event });
    Ok(())
}

async fn shown(state: &AppState, record: &IncidentRecord, timeline: &[TimelineEntry]) -> Result<PreviewView, AppError> {
    let concerned = state.store.subscribers_count(&component_keys(record)).await?;
    let shown = state.public.preview(record, timeline).await;
    let (html, style, lang) =
        shown.ok_or_else(|| AppError::not_now("The status page has not been made yet. Try again in a moment."))?;
    Ok(PreviewView { html, style, lang: lang.to_owned(), concerned })
}
