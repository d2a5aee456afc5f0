//! Alerts that come in: counted to what fires already, or judged by the source's rules. A message is taken whole or not at all; what
//! was answered with 202 is committed.

mod decide;

use serde_json::Value;
use shared::{
    api::{alert::TakenView, live::Topic},
    domain::{
        actor::Actor,
        alert::{self, Alert, AlertState, SILENCE, SourceKind, Unreadable},
        incident::IncidentEvent,
    },
    timestamp::Timestamp,
};
use store::{AlertSource, IncidentRecord, StoreError, Tx};
use uuid::Uuid;

use self::decide::settle;
use super::{alert_source::key_hash, plan::PlanInForce};
use crate::{AppState, auth::address::Address, auth::denied, error::AppError};

impl From<Unreadable> for AppError {
    fn from(why: Unreadable) -> Self {
        Self::invalid(&why.field, format!("{} Nothing was taken from this message.", why.message))
    }
}

/// Takes a message of whoever has the key.
///
/// # Errors
/// 404 if the key opens nothing, 422 if the message is not in the source's dialect, 429 if there were too many.
pub async fn take(
    state: &AppState,
    kind: SourceKind,
    key: &str,
    address: Address,
    message: &Value,
) -> Result<TakenView, AppError> {
    let source = known(state, kind, key, address).await?;
    let now = std::time::Instant::now();
    state.throttles.intake.attempt(&source.id.to_string(), now).map_err(AppError::too_many_requests)?;
    let taken = match kind {
        SourceKind::Heartbeat => beat(state, &source).await,
        _ => hear(state, &source, message).await,
    };
    // What was not taken does not count: it comes again.
    taken.inspect_err(|_| state.throttles.intake.forgive(&source.id.to_string()))
}

async fn known(state: &AppState, kind: SourceKind, key: &str, address: Address) -> Result<AlertSource, AppError> {
    match state.store.alert_source_by_key(kind, &key_hash(key)).await {
        Ok(source) => Ok(source),
        Err(StoreError::NotFound) => {
            let now = std::time::Instant::now();
            state.throttles.token.attempt(&address.key(), now).map_err(AppError::too_many_requests)?;
            denied::record_unknown(state, &Actor::Anonymous, "intake.refused", format!("{kind} intake"), address)
                .await?;
            Err(AppError::not_found("such address for alerts; its key may have been replaced. Nothing was taken"))
        }
        Err(error) => Err(error.into()),
    }
}

fn taken(message: impl Into<String>, dedup_key: Option<String>) -> TakenView {
    TakenView { status: "success".into(), message: message.into(), dedup_key }
}

async fn hear(state: &AppState, source: &AlertSource, message: &Value) -> Result<TakenView, AppError> {
    let mut alerts = alert::read(source.kind, &source.mapping, message)?;
    // Rows are locked in one order, so that two messages never wait for each other in a circle.
    alerts.sort_by(|a, b| a.key.cmp(&b.key));
    let plan = state.plans.current(source.system).await?;
    let mut tx = state.store.begin().await?;
    let mut declared = vec![];
    for one in &alerts {
        match one.state {
            AlertState::Firing => declared.extend(fires(&mut tx, plan.as_deref(), source, one).await?),
            AlertState::Ended => ends(&mut tx, source, &one.key).await?,
        }
    }
    call(&mut tx, &declared).await?;
    tx.commit().await?;
    state.store.alert_source_heard(source, state.store.now().await?).await?;
    Ok(match alerts.as_slice() {
        [] => taken("Nothing to do", None),
        [one] => taken("Event processed", Some(one.key.clone())),
        many => taken(format!("{} alerts processed", many.len()), None),
    })
}

/// It is alive; if its silence was an alert, that is over.
async fn beat(state: &AppState, source: &AlertSource) -> Result<TakenView, AppError> {
    let mut tx = state.store.begin().await?;
    tx.heartbeat_heard(source.id).await?;
    ends(&mut tx, source, SILENCE).await?;
    tx.commit().await?;
    Ok(taken("Heard", None))
}

/// Makes alerts of heartbeats that are silent for too long. `since`: when this server began to listen.
///
/// # Errors
/// If the database does not answer.
pub async fn miss(state: &AppState, since: Timestamp) -> Result<(), AppError> {
    let mut failed = Ok(());
    for id in state.store.heartbeats_silent(since).await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = miss_one(state, id, since).await.and(failed);
    }
    failed
}

async fn miss_one(state: &AppState, id: Uuid, since: Timestamp) -> Result<(), AppError> {
    let Ok(seen) = state.store.alert_source_fetch(id).await else { return Ok(()) };
    let plan = state.plans.current(seen.system).await?;
    let mut tx = state.store.begin().await?;
    let source = match tx.alert_source_lock(id).await {
        Ok(source) => source,
        Err(StoreError::NotFound) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // It may have been heard, or another server may have been here, since.
    let Some((beat, heard)) = source.beat.zip(source.heard_at) else { return Ok(()) };
    if tx.now().seconds_since(heard.max(since)) < beat.every_seconds + beat.grace_seconds {
        return Ok(());
    }
    let silent = tx.now().seconds_since(heard);
    let declared = fires(&mut tx, plan.as_deref(), &source, &alert::silence(&source.name, silent)).await?;
    call(&mut tx, declared.as_slice()).await?;
    Ok(tx.commit().await?)
}

fn actor(source: &AlertSource) -> Actor {
    Actor::AlertSource { name: source.name.clone() }
}

/// The incident that was declared for it, if one was that people are to be called for now.
pub(super) async fn fires(
    tx: &mut Tx,
    plan: Option<&PlanInForce>,
    source: &AlertSource,
    alert: &Alert,
) -> Result<Option<IncidentRecord>, AppError> {
    let heard = tx.alert_hear(source.id, alert).await?;
    if !heard.new {
        return Ok(None);
    }
    tx.live(Topic::Alerts {});
    settle(tx, plan, source, alert, heard.number).await
}

/// Its source is muted, a silence is about it, or what goes down is worked on: that was announced.
async fn muted(tx: &mut Tx, source: &AlertSource, alert: &Alert) -> Result<bool, AppError> {
    if source.muted_until.is_some_and(|until| tx.now() < until) {
        return Ok(true);
    }
    let silences = tx.silences_of(source.system).await?;
    if silences.iter().any(|silence| alert::silenced(&silence.conditions, alert)) {
        return Ok(true);
    }
    match alert.labels.get(COMPONENT).filter(|_| source.kind == SourceKind::Monitors) {
        Some(component) => Ok(tx.component_under_maintenance(source.system, component).await?),
        None => Ok(false),
    }
}

/// The label of a monitor's alert that names its component.
pub(super) const COMPONENT: &str = "component";
/// Muted alerts looked at in one go.
const MUTED: i64 = 500;

/// What was muted and fires still when nothing mutes it any more leads to what it would have led to.
///
/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn unmute(state: &AppState) -> Result<(), AppError> {
    let mut failed = Ok(());
    for (number, source) in state.store.alerts_muted(MUTED).await? {
        failed = unmute_one(state, number, source).await.and(failed);
    }
    failed
}

async fn unmute_one(state: &AppState, number: i64, source: Uuid) -> Result<(), AppError> {
    let Ok(source) = state.store.alert_source_fetch(source).await else { return Ok(()) };
    let plan = state.plans.current(source.system).await?;
    let mut tx = state.store.begin().await?;
    let Some(held) = tx.alert_muted_lock(number).await? else { return Ok(()) };
    if muted(&mut tx, &source, &held.alert).await? {
        return Ok(());
    }
    let declared = settle(&mut tx, plan.as_deref(), &source, &held.alert, number).await?;
    call(&mut tx, declared.as_slice()).await?;
    tx.live(Topic::Alerts {});
    Ok(tx.commit().await?)
}

/// How long one call stands for all that alerts declare meanwhile, unless it is worse.
const WINDOW_SECONDS: i64 = 300;

/// Calls people for what was declared: in a storm once, not for each incident. Comes last in the transaction, because it waits for others
/// that call for the same system.
pub(super) async fn call(tx: &mut Tx, declared: &[IncidentRecord]) -> Result<(), AppError> {
    for record in declared {
        let (level, response) = (record.incident.level, record.incident.response_seconds);
        if !tx.paging_lately(record.system, record.id, level, WINDOW_SECONDS).await? {
            tx.paging_begin(record.id, level, response).await?;
        }
    }
    Ok(())
}

fn fired(source: &AlertSource, alert: &Alert, number: i64) -> IncidentEvent {
    IncidentEvent::AlertFired { alert: number, source: source.name.clone(), title: alert.title.clone() }
}

async fn append(
    tx: &mut Tx,
    record: &IncidentRecord,
    event: &IncidentEvent,
    source: &AlertSource,
) -> Result<(), AppError> {
    let next = record.incident.apply(event, tx.now())?;
    tx.incident_append(record, &next, event, &actor(source)).await?;
    tx.live(Topic::Incident { number: record.number });
    Ok(())
}

/// Tells the incident that it led to. Whether that is over, a person says.
pub(super) async fn ends(tx: &mut Tx, source: &AlertSource, key: &str) -> Result<(), AppError> {
    let Some(ended) = tx.alert_end(source.id, key).await? else { return Ok(()) };
    tx.live(Topic::Alerts {});
    let Some(incident) = ended.incident else { return Ok(()) };
    let record = tx.incident_lock(incident).await?;
    let firing = tx.alerts_firing(record.id).await?;
    let event = IncidentEvent::AlertEnded {
        alert: ended.number,
        source: source.name.clone(),
        title: ended.title,
        still_firing: firing.unsigned_abs(),
    };
    append(tx, &record, &event, source).await
}
