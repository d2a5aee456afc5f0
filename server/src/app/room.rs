//! Where an incident stands and what it affects, as people say it; and the way back from resolved. Duties and entries are elsewhere.

use shared::{
    api::incident::{AffectedChangeIn, ReopenIn, StateIn},
    domain::{
        incident::{IncidentEvent, PublicState},
        text::Message,
    },
};
use store::Store;

use super::{
    incident::{affected, append, append_telling, change},
    plan::Plans,
    turn::Turn,
};
use crate::{
    auth::permit::{HandleIncident, Permit},
    error::{AppError, Found as _},
};

/// What the status page says when nobody wrote why it is open again.
const REOPENED_PUBLICLY: &str = "This problem has come back. We are looking into it.";

/// # Errors
/// If it is in another state than the one that was seen, or this state is not one to be said.
pub async fn set_state(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: StateIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "set-state", &(number, &input))?;
    let text = input.text.map(Message::into_inner);
    let event = IncidentEvent::StateChanged { from: input.from, to: input.to, text };
    change(store, permit, turn, number, "incident.state-changed", |_| vec![event]).await
}

/// # Errors
/// If neither the plan nor the incident has such a component, nothing would change, or it is resolved.
pub async fn change_affected(
    store: &Store,
    plans: &Plans,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: AffectedChangeIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "change-affected", &(number, &input))?;
    let seen = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let plan = plans.current(seen.system).await?;
    let plan = plan.ok_or_else(|| AppError::not_now("The system has no plan, so there are no components."))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let changed = affected(&plan.compiled.plan, &input.affected, &record.incident.affected)?;
    let event = IncidentEvent::AffectedChanged { affected: changed, text: input.text.map(Message::into_inner) };
    append(&mut tx, record, vec![event], &permit.actor(), "incident.affected-changed").await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If it is not resolved.
pub async fn reopen(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: ReopenIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "reopen", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let text = input.public_text.map_or_else(|| REOPENED_PUBLICLY.into(), Message::into_inner);
    let state = PublicState::Investigating;
    let told = record.incident.public_title.as_ref().map(|_| IncidentEvent::Posted { state, text, happened_at: None });
    let reopened = IncidentEvent::Reopened { reason: input.reason.into_inner() };
    let (id, level, response) = (record.id, record.incident.level, record.incident.response_seconds);
    // First: nothing can be posted about a resolved incident.
    let events = [reopened].into_iter().chain(told).collect();
    append_telling(&mut tx, record, events, &permit.actor(), "incident.reopened", input.notify).await?;
    // Those who went home are told that it is back; whoever reopens it has answered for it.
    tx.paging_begin(id, level, response).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}
