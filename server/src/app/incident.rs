//! Incidents: declaring and everything that happens to one. What is allowed when is the domain's.

use serde_json::{Value, json};
use shared::{
    api::{
        incident::{CloseIn, DeclareIn, LevelIn, NoteIn, ResolveIn, UpdateIn},
        live::Topic,
    },
    domain::{
        incident::{Affected, Incident, IncidentCommand, IncidentEvent, IncidentState, PublicState},
        text::{Message, Title},
    },
    plan::{Level, Plan},
    timestamp::Timestamp,
};
use store::{IncidentRecord, Store, StoreError, Tx};

use super::{plan::Plans, turn::Turn};
use crate::{
    auth::permit::{DeclareIncident, HandleIncident, Permission, Permit, PostUpdate},
    error::{AppError, Found as _},
};

/// What the status page says when nobody wrote a last word.
const RESOLVED_PUBLICLY: &str = "This incident is resolved.";

/// Its number; that of the first one if the same key and body come again.
///
/// # Errors
/// If a field does not fit the system's plan; then nothing was declared.
pub async fn declare(
    store: &Store,
    plans: &Plans,
    permit: &Permit<DeclareIncident>,
    key: Option<&str>,
    input: DeclareIn,
) -> Result<i64, AppError> {
    let turn = Turn::new(permit.id(), key, "declare", &input)?;
    let system = match store.system_by_slug(&input.system).await {
        Ok(system) => system,
        Err(StoreError::NotFound) => {
            return Err(AppError::invalid("system", format!("There is no system \"{}\".", input.system)));
        }
        Err(error) => return Err(error.into()),
    };
    let plan = plans.current(system.id).await?;
    let plan = plan.ok_or_else(|| {
        AppError::invalid("system", format!("{} has no plan yet; an administrator must import one first.", system.name))
    })?;
    let level = level(&plan.compiled.plan, input.level)?;
    let affected = affected(&plan.compiled.plan, &input)?;

    let mut tx = store.begin().await?;
    if let Some(number) = turn.begin(&mut tx).await? {
        return Ok(number);
    }
    let by = permit.actor();
    let text = input.text.map(Message::into_inner);
    let first = IncidentEvent::Declared { level: level.level, affected: affected.clone(), text };
    let incident = declared(input.title, level, affected, input.public.as_ref().map(|p| p.title.clone()), tx.now());
    let record = tx.incident_create(system.id, &incident, &level.name, &by, &first).await?;
    tx.paging_begin(record.id, level.level, level.response_seconds).await?;
    tx.audit(
        &by,
        "incident.declared",
        format!("incident {}", record.number),
        json!({"title": incident.title, "event": first}),
    );
    if let Some(public) = input.public {
        let posted = IncidentEvent::Posted { state: PublicState::Investigating, text: public.text.into_inner() };
        append(&mut tx, record.clone(), vec![posted], permit, "incident.posted").await?;
    }
    turn.save(&mut tx, record.number).await?;
    tx.live(Topic::Incident { number: record.number });
    tx.commit().await?;
    Ok(record.number)
}

pub(super) fn declared(
    title: Title,
    level: &Level,
    affected: Vec<Affected>,
    public_title: Option<Title>,
    now: Timestamp,
) -> Incident {
    Incident {
        title: title.into_inner(),
        level: level.level,
        response_seconds: level.response_seconds,
        affected,
        state: IncidentState::Declared,
        declared_at: now,
        acknowledged_at: None,
        resolved_at: None,
        closed_at: None,
        public_title: public_title.map(Title::into_inner),
        public_state: None,
    }
}

fn level(plan: &Plan, wanted: u8) -> Result<&Level, AppError> {
    plan.levels.iter().find(|level| level.level == wanted).ok_or_else(|| {
        let known: Vec<_> = plan.levels.iter().map(|level| level.level.to_string()).collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        AppError::invalid("level", format!("The plan has no level {wanted}; it has {known}."))
    })
}

fn affected(plan: &Plan, input: &DeclareIn) -> Result<Vec<Affected>, AppError> {
    if input.affected.is_empty() {
        return Err(AppError::invalid("affected", "Name at least one component of the plan that is affected."));
    }
    let mut found: Vec<Affected> = vec![];
    for (i, given) in input.affected.iter().enumerate() {
        let field = format!("affected[{i}].component");
        let Some(component) = plan.components.iter().find(|component| component.id == given.component) else {
            let known: Vec<_> = plan.components.iter().map(|component| component.id.as_str()).collect();
            return Err(AppError::invalid(
                &field,
                format!("The plan has no component \"{}\"; it has {}.", given.component, known.join(", ")),
            ));
        };
        if found.iter().any(|other| other.component == component.id) {
            return Err(AppError::invalid(&field, format!("{} is named twice.", component.name)));
        }
        found.push(Affected {
            component: component.id.clone(),
            name: component.name.clone(),
            impact: given.impact,
            rto_seconds: component.rto_seconds,
        });
    }
    Ok(found)
}

/// # Errors
/// If somebody has acknowledged it already, or it is resolved.
pub async fn acknowledge(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "acknowledge", &number)?;
    change(store, permit, turn, number, "incident.acknowledged", |_| vec![IncidentEvent::Acknowledged]).await
}

/// # Errors
/// If work has started already, or it is resolved.
pub async fn start_work(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "start-work", &number)?;
    change(store, permit, turn, number, "incident.work-started", |_| vec![IncidentEvent::WorkStarted]).await
}

/// # Errors
/// If there is no such incident.
pub async fn note(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: NoteIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "note", &(number, &input))?;
    let event = IncidentEvent::Noted { text: input.text.into_inner() };
    change(store, permit, turn, number, "incident.noted", |_| vec![event]).await
}

/// # Errors
/// If it is internal or resolved.
pub async fn post_update(
    store: &Store,
    permit: &Permit<PostUpdate>,
    key: Option<&str>,
    number: i64,
    input: UpdateIn,
) -> Result<(), AppError> {
    if input.state == PublicState::Resolved {
        return Err(AppError::invalid("state", "The public state becomes resolved by resolving the incident."));
    }
    let turn = Turn::new(permit.id(), key, "post-update", &(number, &input))?;
    let event = IncidentEvent::Posted { state: input.state, text: input.text.into_inner() };
    change(store, permit, turn, number, "incident.posted", |_| vec![event]).await
}

/// # Errors
/// If the plan has no such level, the incident already has it, or it is resolved.
pub async fn change_level(
    store: &Store,
    plans: &Plans,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: LevelIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "change-level", &(number, &input))?;
    let seen = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let plan = plans.current(seen.system).await?;
    let plan = plan.ok_or_else(|| AppError::not_now("The system has no plan, so there are no levels."))?;
    let level = level(&plan.compiled.plan, input.level)?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let event = IncidentEvent::LevelChanged {
        from: record.incident.level,
        to: level.level,
        response_seconds: level.response_seconds,
        reason: input.reason.into_inner(),
    };
    let (id, raised) = (record.id, level.level > record.incident.level);
    append(&mut tx, record, vec![event], permit, "incident.level-changed").await?;
    if raised {
        tx.paging_begin(id, level.level, level.response_seconds).await?;
    }
    tx.incident_name_level(id, &level.name).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If it is resolved already.
pub async fn resolve(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: ResolveIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "resolve", &(number, &input))?;
    change(store, permit, turn, number, "incident.resolved", |record| {
        let text = input.public_text.map_or_else(|| RESOLVED_PUBLICLY.into(), Message::into_inner);
        let last_word =
            record.incident.public_title.as_ref().map(|_| IncidentEvent::Posted { state: PublicState::Resolved, text });
        // The last word goes first: nothing can be posted about a resolved incident.
        last_word.into_iter().chain([IncidentEvent::Resolved { text: input.text.into_inner() }]).collect()
    })
    .await
}

/// Puts a resolved incident away.
///
/// # Errors
/// If it is not resolved, is closed already, or a review is owed.
pub async fn close(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: CloseIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "close", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    record.incident.permits(IncidentCommand::Close)?;
    if let Some(why) = owed(&tx.runs_owing_review(record.id).await?) {
        return Err(AppError::not_now(why));
    }
    let event = IncidentEvent::Closed { text: input.text.into_inner() };
    append(&mut tx, record, vec![event], permit, "incident.closed").await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// Why an incident with these runs cannot be closed: break-glass leaves a debt.
pub(super) fn owed(runs: &[i64]) -> Option<String> {
    let names = runs.iter().map(|number| format!("run {number}")).collect::<Vec<_>>().join(" and ");
    (!runs.is_empty()).then(|| {
        format!("The glass was broken for {names}, and nobody has reviewed that. Review it first, on the run's page.")
    })
}

/// Does nothing if the same request came before.
async fn change<A: Permission>(
    store: &Store,
    permit: &Permit<A>,
    turn: Turn<'_>,
    number: i64,
    action: &str,
    events: impl FnOnce(&IncidentRecord) -> Vec<IncidentEvent>,
) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let events = events(&record);
    append(&mut tx, record, events, permit, action).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

async fn append<A: Permission>(
    tx: &mut Tx,
    mut record: IncidentRecord,
    events: Vec<IncidentEvent>,
    permit: &Permit<A>,
    action: &str,
) -> Result<(), AppError> {
    let by = permit.actor();
    for event in events {
        let next = record.incident.apply(&event, tx.now())?;
        tx.incident_append(&record, &next, &event, &by).await?;
        record.incident = next;
        let detail = serde_json::to_value(&event).unwrap_or(Value::Null);
        tx.audit(&by, action, format!("incident {}", record.number), detail);
    }
    tx.live(Topic::Incident { number: record.number });
    Ok(())
}
