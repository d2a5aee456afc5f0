//! What people are told because it is about them: mentioned, asked, given a task, late with one. In the console and by message, in
//! the transaction of its cause. Who is meant, the domain says.

use serde_json::json;
use shared::{
    api::{List, task::NudgeView},
    domain::{
        access::Action,
        incident::{IncidentEvent, Person},
        mention,
        outbox::Purpose,
        report::sentence,
    },
    ids::UserId,
};
use store::{IncidentRecord, Store, StoreError, Tx};

use super::{
    restricted,
    tell::{self, Telling},
};
use crate::{
    auth::permit::{AcknowledgeNotice, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// More at once nobody reads; what is put away makes room.
const PAGE: i64 = 100;
/// More people one note does not mean.
const MOST_MENTIONS: usize = 30;

/// # Errors
/// If the database does not answer.
pub async fn list(store: &Store, permit: &Permit<ViewConsole>) -> Result<List<NudgeView>, AppError> {
    Ok(List { items: store.nudges_for(permit.eyes(), PAGE).await?, next: None })
}

/// Once is enough; again changes nothing.
///
/// # Errors
/// 404 if the person has none with this number.
pub async fn put_away(store: &Store, permit: &Permit<AcknowledgeNotice>, number: i64) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    tx.nudge_seen(permit.id(), number).await.found(|| format!("nudge {number} of yours"))?;
    tx.audit(&permit.actor(), "nudge.seen", format!("nudge {number}"), json!({}));
    Ok(tx.commit().await?)
}

/// Who can be mentioned: whoever may see the incident.
///
/// # Errors
/// 404 if there is no such incident.
pub async fn readers(store: &Store, _: &Permit<ViewConsole>, number: i64) -> Result<List<Person>, AppError> {
    let record = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let people = store.people_who_may(Action::ViewConsole).await?;
    Ok(List { items: restricted::those_who_see(store, &record, people).await?, next: None })
}

/// Those who are meant by name in a text, each as "@Name".
///
/// # Errors
/// If one is nobody, may not see incidents, or is not named in the text.
pub(super) async fn mentioned(
    tx: &mut Tx,
    record: &IncidentRecord,
    text: &str,
    ids: &[UserId],
) -> Result<Vec<Person>, AppError> {
    if ids.len() > MOST_MENTIONS {
        let message = format!("A note can mention at most {MOST_MENTIONS} people.");
        return Err(AppError::invalid("mentions", message));
    }
    let mut people: Vec<Person> = vec![];
    for (i, id) in ids.iter().enumerate() {
        let field = format!("mentions[{i}]");
        let user = match tx.user_fetch(*id).await {
            Ok(user)
                if user.active
                    && !user.service
                    && user.rights.may(Action::ViewConsole)
                    && restricted::sees(record, &user) =>
            {
                user
            }
            Ok(_) | Err(StoreError::NotFound) => {
                return Err(AppError::invalid(&field, "There is nobody with this id who may see this incident."));
            }
            Err(error) => return Err(error.into()),
        };
        if !mention::names(text, &user.name) {
            return Err(AppError::invalid(&field, format!("The text does not mention @{}.", user.name)));
        }
        if people.iter().all(|other| other.id != user.id) {
            people.push(Person { id: user.id, name: user.name });
        }
    }
    Ok(people)
}

/// Those whom a text means by "@Name" and another one does not.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn newly_mentioned(
    tx: &mut Tx,
    record: &IncidentRecord,
    (before, text): (&str, &str),
) -> Result<Vec<Person>, AppError> {
    if !text.contains('@') {
        return Ok(vec![]);
    }
    let readers = tx.user_list().await?.into_iter().filter(|user| {
        user.active && !user.service && user.rights.may(Action::ViewConsole) && restricted::sees(record, user)
    });
    let people: Vec<Person> = readers.map(|user| Person { id: user.id, name: user.name }).collect();
    let known = mention::found(before, &people);
    let mut meant = mention::found(text, &people);
    meant.retain(|person| !known.contains(person));
    meant.truncate(MOST_MENTIONS);
    Ok(meant)
}

/// Tells whom an event is about. `record` is the incident after it; the caller holds its lock and has written entry `seq`.
pub(super) async fn tell(
    tx: &mut Tx,
    record: &IncidentRecord,
    seq: i32,
    event: &IncidentEvent,
    by: &shared::domain::actor::Actor,
) -> Result<(), AppError> {
    for id in record.incident.concerned(event, by.user()) {
        let user = tx.user_fetch(id).await?;
        // Who has left since is told nothing, nor who may not see it.
        if !user.active || !restricted::sees(record, &user) {
            continue;
        }
        tx.nudge_add(record.id, seq, id).await?;
        let (cause, link) =
            (format!("nudge:{}:{seq}", record.id), format!("/console/incidents/{}#entry-{seq}", record.number));
        let (subject, body) =
            (format!("Incident {}: {}", record.number, about(event)), format!("{by} {}", sentence(event)));
        let telling = Telling {
            link: Some(&link),
            incident: Some(record.id),
            ..Telling::new(Purpose::Notice, &cause, &subject, &body)
        };
        let ways = tx.ways_of(&[id]).await?;
        let person = tell::Person { id, name: &user.name, email: &user.email };
        tell::person(tx, &telling, person, &ways).await?;
    }
    Ok(())
}

fn about(event: &IncidentEvent) -> &'static str {
    match event {
        IncidentEvent::Noted { .. } | IncidentEvent::Corrected { .. } => "you are mentioned",
        IncidentEvent::TaskAdded { .. } | IncidentEvent::TaskGiven { .. } => "a task for you",
        IncidentEvent::Overdue { .. } => "your task is overdue",
        IncidentEvent::Restricted { .. } | IncidentEvent::LetIn { .. } => "you may see it",
        IncidentEvent::Scheduled { .. } => "your scheduled update was not posted",
        _ => "you are asked",
    }
}
