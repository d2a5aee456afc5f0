//! Calls people for an incident until somebody answers: asks the rule on database time and writes what it says, with timeline, audit
//! and messages in one transaction. Whom and when is `shared::domain::escalation`'s.

use serde_json::json;
use shared::{
    api::{
        contact::{CallMessageView, CallView, CallsView, MessageView},
        live::Topic,
    },
    domain::{
        actor::Actor,
        escalation::{self, Called, CalledBy, Contact, Next, Reach, Situation, Why},
        incident::{Incident, IncidentEvent},
        outbox::{MessageState, Purpose},
    },
    ids::{IncidentId, SystemId, UserId},
    plan::Plan,
};
use store::{ContactRecord, IncidentRecord, Page, Paging, Store, Tx};

use super::{
    contact,
    plan::Plans,
    tell::{self, Person, Telling},
};
use crate::{
    AppState,
    auth::permit::{Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Asks the rule about every incident that is due.
///
/// # Errors
/// If the database does not answer; who was not called is called next time.
pub async fn call(store: &Store, plans: &Plans) -> Result<(), AppError> {
    // Again at once after each step: the rule may have more to say.
    for _ in 0..escalation::STEPS {
        let due = store.pagings_due().await?;
        if due.is_empty() {
            return Ok(());
        }
        for (incident, system) in due {
            ask(store, plans, incident, system).await?;
        }
    }
    Ok(())
}

async fn ask(store: &Store, plans: &Plans, id: IncidentId, system: SystemId) -> Result<(), AppError> {
    let plan = plans.current(system).await?;
    let mut tx = store.begin().await?;
    let record = tx.incident_lock_id(id).await?;
    // Another server may have been faster since the list was made.
    let Some(paging) = tx.paging_open(id).await? else { return Ok(()) };
    let records = tx.contact_list(record.system).await?;
    let contacts = plan.map(|plan| contact::of_plan(&plan.compiled.plan, &records)).unwrap_or_default();
    let pages: Vec<_> = tx.pages_of(id).await?.into_iter().filter(|page| page.round == paging.round).collect();
    match decide(&record.incident, &paging, &contacts, &pages, &tx) {
        Next::Call { step, people, why } => {
            tx.paging_step(id, paging.round, step).await?;
            page(&mut tx, &record, &paging, (step, why), &people, &records).await?;
        }
        Next::Wait(at) => tx.paging_wait(id, paging.round, Some(at)).await?,
        Next::Nobody => tx.paging_wait(id, paging.round, None).await?,
        Next::Over => {
            if let Some((Actor::User { id: user, .. }, at)) = tx.incident_answer(id).await? {
                tx.pages_answer(id, user, at).await?;
            }
            tx.paging_wait(id, paging.round, None).await?;
            tx.live(Topic::Incident { number: record.number });
        }
    }
    Ok(tx.commit().await?)
}

fn decide(incident: &Incident, paging: &Paging, contacts: &[Contact], pages: &[Page], tx: &Tx) -> Next {
    let over = incident.resolved_at.is_some() || incident.closed_at.is_some();
    // Who answered before the level rose is told of the rise, too, and then waited for no more.
    let answered = incident.acknowledged_at.is_some_and(|at| at >= paging.begun_at || paging.n_steps > 0);
    let called: Vec<UserId> = pages.iter().map(|page| page.user).collect();
    let last: Vec<Called> = pages
        .iter()
        .filter(|page| page.step == paging.n_steps)
        .map(|page| Called { user: page.user, name: page.name.clone(), reach: reach(page) })
        .collect();
    let situation = Situation {
        level: paging.level,
        response_seconds: paging.response_seconds,
        begun_at: paging.begun_at,
        answered: over || answered,
        contacts,
        n_steps: paging.n_steps,
        stepped_at: paging.stepped_at,
        called: &called,
        last: &last,
    };
    escalation::next(&situation, tx.now())
}

fn reach(page: &Page) -> Reach {
    let lost = |state: &String| state.parse::<MessageState>().is_ok_and(MessageState::lost);
    if page.states.iter().all(lost) { Reach::None } else { Reach::Possible }
}

async fn page(
    tx: &mut Tx,
    record: &IncidentRecord,
    paging: &Paging,
    (step, why): (u16, Why),
    people: &[UserId],
    records: &[ContactRecord],
) -> Result<(), AppError> {
    let ways = tx.ways_of(people).await?;
    let (subject, body) = words(record, &why);
    let link = format!("/console/incidents/{}", record.number);
    let mut called = vec![];
    for user in people {
        let Some(contact) = records.iter().find(|record| record.user == *user) else { continue };
        let page = tx.page_add(record.id, paging.round, step, *user, &contact.name).await?;
        let cause = format!("page:{page}");
        let telling = Telling {
            link: Some(&link),
            incident: Some(record.id),
            page: Some(page),
            ..Telling::new(Purpose::Page, &cause, &subject, &body)
        };
        let person = Person { id: *user, name: &contact.name, email: &contact.email };
        let by = tell::person(tx, &telling, person, &ways).await?;
        called.push(CalledBy { name: contact.name.clone(), by });
    }
    let event = IncidentEvent::Paged { people: called, reason: why };
    let next = record.incident.apply(&event, tx.now())?;
    tx.incident_append(record, &next, &event, &Actor::Muster).await?;
    let detail = json!({"event": event, "round": paging.round, "step": step});
    tx.audit(&Actor::Muster, "incident.paged", format!("incident {}", record.number), detail);
    tx.live(Topic::Incident { number: record.number });
    Ok(())
}

/// What somebody reads at night, on a locked screen first.
fn words(record: &IncidentRecord, why: &Why) -> (String, String) {
    let incident = &record.incident;
    if incident.readers.is_some() {
        let subject = format!("Level {}: a restricted incident ({})", incident.level, record.number);
        let body = "Who may see this incident is limited, so this message does not say what it is about.\n\n\
                    Acknowledge it; until somebody does, others are called.";
        return (subject, body.into());
    }
    let subject = format!("Level {}: {} (incident {})", incident.level, incident.title, record.number);
    let affected: Vec<_> =
        incident.affected.iter().map(|a| format!("{}: {}", a.name, a.impact.words().to_lowercase())).collect();
    let reason = match why {
        Why::Level { .. } => String::new(),
        Why::NoAnswer { .. } => format!("You are called because there is {}.\n", why.words()),
        Why::NotReached { .. } => format!("You are called because {}.\n", why.words()),
    };
    let body = format!(
        "{}\n{}. Declared by {}, {}.\nAffected: {}.\n{reason}\nAcknowledge it; until somebody does, others are called.",
        incident.title,
        record.level_name,
        record.declared_by,
        incident.declared_at.utc_text(),
        affected.join(", "),
    );
    (subject, body)
}

/// Who was called for an incident, newest first.
///
/// # Errors
/// If there is no such incident.
pub async fn calls(state: &AppState, _permit: &Permit<ViewConsole>, number: i64) -> Result<CallsView, AppError> {
    let record = state.store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    // In this order: a call is there together with its messages, so none is shown without.
    let mut pages = state.store.pages_of(record.id).await?;
    pages.reverse();
    let messages = state.store.messages_of_pages(record.id).await?;
    let nobody = pages.is_empty() && {
        let records = state.store.contact_list(record.system).await?;
        let plan = state.plans.current(record.system).await?;
        plan.is_none_or(|plan| nobody(&plan.compiled.plan, &records))
    };
    let items = pages.into_iter().map(|page| CallView {
        messages: messages.iter().filter(|(of, _)| *of == page.id).map(|(_, message)| shown(message)).collect(),
        id: page.id,
        name: page.name,
        at: page.at,
        answered_at: page.answered_at,
    });
    let items = items.collect();
    Ok(CallsView { items, next_at: state.store.paging_next(record.id).await?, nobody })
}

fn nobody(plan: &Plan, records: &[ContactRecord]) -> bool {
    contact::of_plan(plan, records).is_empty()
}

fn shown(message: &MessageView) -> CallMessageView {
    CallMessageView {
        number: message.number,
        channel: message.channel,
        state: message.state,
        attempts: message.attempts,
        next_at: message.next_at,
        log: message.log.clone(),
    }
}
