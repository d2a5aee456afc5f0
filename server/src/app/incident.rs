//! Incidents: declaring and everything that happens to one. What is allowed when is the domain's.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::{
    api::{
        incident::{AffectedIn, CloseIn, DeclareIn, LevelIn, NoteIn, ResolveIn, UpdateIn},
        live::Topic,
    },
    domain::{
        actor::Actor,
        criteria::{self, Seen},
        incident::{Affected, Incident, IncidentCommand, IncidentEvent, Person, PublicState},
        status::Impact,
        text::Message,
        validation::resolved_despite,
    },
    plan::{Component, Level, Plan},
};
use store::{IncidentRecord, NewAnnouncement, Store, StoreError, System, Tx};

use super::{
    nudge,
    plan::{PlanInForce, Plans},
    restricted, subscriber,
    turn::Turn,
    validation,
};
use crate::{
    auth::permit::{DeclareIncident, HandleIncident, Permission, Permit, PostUpdate},
    error::{AppError, Found as _},
    public::fill,
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
    let (system, plan) = system_with_plan(store, plans, &input.system).await?;
    let level = level(&plan.compiled.plan, input.level)?;
    let affected = affected(&plan.compiled.plan, &input.affected, &[])?;
    let seen = seen(&plan.compiled.plan, input.seen)?;

    let mut tx = store.begin().await?;
    if let Some(number) = turn.begin(&mut tx).await? {
        return Ok(number);
    }
    let by = permit.actor();
    let text = input.text.map(Message::into_inner);
    let first = IncidentEvent::Declared { level: level.level, affected: affected.clone(), text, seen };
    let public_title = input.public.as_ref().map(|public| public.title.as_str().to_owned());
    let level_now = (level.level, level.response_seconds);
    let incident = Incident::declared(input.title.into_inner(), level_now, affected, public_title, tx.now());
    let record = tx.incident_create(system.id, &incident, &level.name, &by, &first).await?;
    let number = record.number;
    tx.paging_begin(record.id, level.level, level.response_seconds).await?;
    tx.audit(
        &by,
        "incident.declared",
        format!("incident {}", record.number),
        json!({"title": incident.title, "event": first}),
    );
    let mut record = record;
    if let Some(others) = input.restricted_to {
        let me = Person { id: permit.id(), name: permit.user().name.clone() };
        let people = restricted::readers(&mut tx, "restricted_to", me, &others).await?;
        let event = IncidentEvent::Restricted { people, reason: None };
        append(&mut tx, record, vec![event], &by, "incident.restricted").await?;
        record = tx.incident_lock(number).await?;
    }
    if let Some(public) = input.public {
        let text = public.text.into_inner();
        let posted = IncidentEvent::Posted { state: PublicState::Investigating, text, happened_at: None };
        append_telling(&mut tx, record, vec![posted], &by, "incident.posted", public.notify).await?;
    }
    turn.save(&mut tx, number).await?;
    tx.live(Topic::Incident { number });
    tx.commit().await?;
    Ok(number)
}

pub(super) async fn system_with_plan(
    store: &Store,
    plans: &Plans,
    slug: &str,
) -> Result<(System, Arc<PlanInForce>), AppError> {
    let system = match store.system_by_slug(slug).await {
        Ok(system) => system,
        Err(StoreError::NotFound) => {
            return Err(AppError::invalid("system", format!("There is no system \"{slug}\".")));
        }
        Err(error) => return Err(error.into()),
    };
    let plan = plans.current(system.id).await?;
    let plan = plan.ok_or_else(|| {
        AppError::invalid("system", format!("{} has no plan yet; an administrator must import one first.", system.name))
    })?;
    Ok((system, plan))
}

pub(super) fn level(plan: &Plan, wanted: u8) -> Result<&Level, AppError> {
    plan.levels.iter().find(|level| level.level == wanted).ok_or_else(|| {
        let known: Vec<_> = plan.levels.iter().map(|level| level.level.to_string()).collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        AppError::invalid("level", format!("The plan has no level {wanted}; it has {known}."))
    })
}

/// What was ticked, each once; it must be what the plan says.
fn seen(plan: &Plan, given: Vec<Seen>) -> Result<Vec<Seen>, AppError> {
    let mut found: Vec<Seen> = vec![];
    for (i, seen) in given.into_iter().enumerate() {
        if !criteria::known(&plan.levels, &seen) {
            let message = format!(
                "The plan has no such criterion of level {}; it may have changed meanwhile. Reload the page.",
                seen.level
            );
            return Err(AppError::invalid(&format!("seen[{i}]"), message));
        }
        if !found.contains(&seen) {
            found.push(seen);
        }
    }
    Ok(found)
}

/// What was given, in the words of the plan; `known` keeps its own.
///
/// # Errors
/// If nothing is named, something is named twice, or neither the plan nor the incident has it.
pub(super) fn affected(plan: &Plan, given: &[AffectedIn], known: &[Affected]) -> Result<Vec<Affected>, AppError> {
    if given.is_empty() {
        return Err(AppError::invalid("affected", "Name at least one component of the plan that is affected."));
    }
    let mut found: Vec<Affected> = vec![];
    for (i, given) in given.iter().enumerate() {
        let field = format!("affected[{i}].component");
        let known = known.iter().find(|affected| affected.component == given.component).cloned();
        let planned = || plan.components.iter().find(|component| component.id == given.component).map(new);
        let Some(affected) = known.or_else(planned) else {
            let known: Vec<_> = plan.components.iter().map(|component| component.id.as_str()).collect();
            return Err(AppError::invalid(
                &field,
                format!("The plan has no component \"{}\"; it has {}.", given.component, known.join(", ")),
            ));
        };
        if found.iter().any(|other| other.component == affected.component) {
            return Err(AppError::invalid(&field, format!("{} is named twice.", affected.name)));
        }
        found.push(Affected { impact: given.impact, ..affected });
    }
    Ok(found)
}

fn new(component: &Component) -> Affected {
    Affected::new(&component.id, &component.name, Impact::Operational, component.rto_seconds)
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
/// If there is no such incident, or somebody is mentioned who may not see it.
pub async fn note(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: NoteIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "note", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let mentions = nudge::mentioned(&mut tx, &record, input.text.as_str(), &input.mentions).await?;
    let event = IncidentEvent::Noted { text: input.text.into_inner(), mentions };
    append(&mut tx, record, vec![event], &permit.actor(), "incident.noted").await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
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
    let happened_at = input.happened_at;
    let event = IncidentEvent::Posted { state: input.state, text: input.text.into_inner(), happened_at };
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    if let Some(at) = happened_at {
        record.incident.check_happened_at(at, tx.now()).map_err(|why| AppError::invalid("happened_at", why))?;
    }
    let action = if happened_at.is_some() { "incident.posted-afterwards" } else { "incident.posted" };
    append_telling(&mut tx, record, vec![event], &permit.actor(), action, input.notify).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
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
    append(&mut tx, record, vec![event], &permit.actor(), "incident.level-changed").await?;
    if raised {
        tx.paging_begin(id, level.level, level.response_seconds).await?;
    }
    tx.incident_name_level(id, &level.name).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If it is resolved already, or its recovery is not proven and nobody says why that does not matter.
pub async fn resolve(
    store: &Store,
    plans: &Plans,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: ResolveIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "resolve", &(number, &input))?;
    let seen = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let plan = plans.current(seen.system).await?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    record.incident.permits(IncidentCommand::Resolve)?;
    let open = validation::open_points_locked(&mut tx, plan.as_deref(), &record).await?;
    let despite = resolved_despite(&open, input.despite).map_err(|refusal| AppError::not_validated(&refusal, &open))?;
    let text = input.public_text.map_or_else(|| RESOLVED_PUBLICLY.into(), Message::into_inner);
    let state = PublicState::Resolved;
    let last_word =
        record.incident.public_title.as_ref().map(|_| IncidentEvent::Posted { state, text, happened_at: None });
    // Before what moves components: monitors are locked before their system.
    if let Some(watch) = plan.and_then(|plan| plan.compiled.plan.watch).filter(|_| !record.incident.drill) {
        let components = record.incident.components();
        tx.monitors_watch_closely(record.system, &components, tx.now().plus_seconds(watch.seconds)).await?;
    }
    // The last word goes first: nothing can be posted about a resolved incident.
    let resolved = IncidentEvent::Resolved { text: input.text.into_inner(), despite };
    let events = last_word.into_iter().chain([resolved]).collect();
    append_telling(&mut tx, record, events, &permit.actor(), "incident.resolved", input.notify).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
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
    append(&mut tx, record, vec![event], &permit.actor(), "incident.closed").await?;
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
pub(super) async fn change<A: Permission>(
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
    append(&mut tx, record, events, &permit.actor(), action).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// Each event with its audit entry, and one live event for all; what is posted goes to subscribers. The caller holds the row's lock.
pub(super) async fn append(
    tx: &mut Tx,
    record: IncidentRecord,
    events: Vec<IncidentEvent>,
    by: &Actor,
    action: &str,
) -> Result<(), AppError> {
    append_telling(tx, record, events, by, action, true).await
}

pub(super) async fn append_telling(
    tx: &mut Tx,
    mut record: IncidentRecord,
    events: Vec<IncidentEvent>,
    by: &Actor,
    action: &str,
    notify: bool,
) -> Result<(), AppError> {
    for event in events {
        let next = record.incident.apply(&event, tx.now())?;
        tx.incident_append(&record, &next, &event, by).await?;
        record.incident = next;
        record.n_events += 1;
        nudge::tell(tx, &record, record.n_events, &event, by).await?;
        let detail = serde_json::to_value(&event).unwrap_or(Value::Null);
        tx.audit(by, action, format!("incident {}", record.number), detail);
        if notify {
            tell_subscribers(tx, &record, &event, by).await?;
        }
    }
    tx.live(Topic::Incident { number: record.number });
    Ok(())
}

/// `SYSTEM/COMPONENT` each, as subscribers choose them.
pub(super) fn component_keys(record: &IncidentRecord) -> Vec<String> {
    record.incident.affected.iter().map(|a| format!("{}/{}", record.system_slug, a.component)).collect()
}

/// What was posted, in the words of the public page, to those whom its components concern.
async fn tell_subscribers(
    tx: &mut Tx,
    record: &IncidentRecord,
    event: &IncidentEvent,
    by: &Actor,
) -> Result<(), AppError> {
    let IncidentEvent::Posted { state, text, happened_at } = event else { return Ok(()) };
    let Some(title) = &record.incident.public_title else { return Ok(()) };
    let speech = subscriber::speech(tx).await?;
    let then = happened_at.map(|at| {
        let when = speech.instant(at).words;
        format!("{}\n\n", fill(speech.texts.subscribing.mail_then, &[("when", &when)]))
    });
    let components = component_keys(record);
    let new = NewAnnouncement {
        subject: &format!("{}: {title}", speech.texts.state(*state)),
        body: &(then.unwrap_or_default() + text),
        link: &format!("/incidents/{}", record.number),
        components: &components,
    };
    subscriber::tell(tx, &new, by).await
}
