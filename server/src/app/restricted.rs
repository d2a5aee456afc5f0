//! Incidents that only some people may see: restricting one, opening it again, letting people in and putting them out. That nobody else
//! sees it is kept elsewhere, at the door and in the lists.

use shared::{
    api::{
        List,
        live::Topic,
        restricted::{OpenIn, ReaderIn, ReaderVerb, RestrictIn},
    },
    domain::{
        access::Action,
        approval::Deciders,
        incident::{Eyes, IncidentEvent, Person, allows},
    },
    ids::UserId,
};
use store::{IncidentRecord, Store, StoreError, Tx, User};

use super::{incident::append, turn::Turn};
use crate::{
    auth::permit::{HandleIncident, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Whether this person may see it.
pub(super) fn sees(record: &IncidentRecord, user: &User) -> bool {
    allows(record.incident.seen_by().as_deref(), Eyes::of(user.id, user.rights))
}

/// `None`: everybody.
async fn who_sees(store: &Store, record: &IncidentRecord) -> Result<Option<Vec<UserId>>, AppError> {
    let Some(mut ids) = record.incident.seen_by() else { return Ok(None) };
    ids.extend(store.people_who_may(Action::SeeRestricted).await?.into_iter().map(|person| person.id));
    Ok(Some(ids))
}

/// Those of `people` who may see it.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn those_who_see(
    store: &Store,
    record: &IncidentRecord,
    mut people: Vec<Person>,
) -> Result<Vec<Person>, AppError> {
    if let Some(ids) = who_sees(store, record).await? {
        people.retain(|person| ids.contains(&person.id));
    }
    Ok(people)
}

/// Those of `deciders` who may see it.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn deciders_who_see(
    store: &Store,
    record: &IncidentRecord,
    deciders: Deciders,
) -> Result<Deciders, AppError> {
    Ok(match who_sees(store, record).await? {
        Some(ids) => deciders.among(&ids),
        None => deciders,
    })
}

/// Everybody who can be let in.
///
/// # Errors
/// If the database does not answer.
pub async fn people(store: &Store, _: &Permit<ViewConsole>) -> Result<List<Person>, AppError> {
    Ok(List { items: store.people_who_may(Action::ViewConsole).await?, next: None })
}

/// Somebody who opens the console.
async fn reader(tx: &mut Tx, field: &str, id: UserId) -> Result<Person, AppError> {
    match tx.user_fetch(id).await {
        Ok(user) if user.active && !user.service && user.rights.may(Action::ViewConsole) => {
            Ok(Person { id, name: user.name })
        }
        Ok(_) | Err(StoreError::NotFound) => {
            Err(AppError::invalid(field, "There is nobody with this id who may open the console. Nothing was changed."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whoever restricts it, and these; each once.
///
/// # Errors
/// If one is nobody, or may not open the console.
pub(super) async fn readers(tx: &mut Tx, field: &str, me: Person, ids: &[UserId]) -> Result<Vec<Person>, AppError> {
    let mut people = vec![me];
    for (i, id) in ids.iter().enumerate() {
        if people.iter().all(|person| person.id != *id) {
            people.push(reader(tx, &format!("{field}[{i}]"), *id).await?);
        }
    }
    Ok(people)
}

/// # Errors
/// If it is restricted already, or somebody who is named may not open the console.
pub async fn restrict(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: RestrictIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "restrict", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let me = Person { id: permit.id(), name: permit.user().name.clone() };
    let mut people = readers(&mut tx, "people", me, &input.people).await?;
    for held in &record.incident.duties {
        if people.iter().all(|person| person.id != held.holder.id) {
            people.push(held.holder.clone());
        }
    }
    let event = IncidentEvent::Restricted { people, reason: Some(input.reason.into_inner()) };
    done(tx, turn, permit, record, event, "incident.restricted").await
}

/// # Errors
/// If it is not restricted.
pub async fn open(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: OpenIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "open", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let event = IncidentEvent::Opened { reason: input.reason.into_inner() };
    done(tx, turn, permit, record, event, "incident.opened").await
}

/// # Errors
/// If it is not restricted, nothing would change, or nobody would be left who sees it.
pub async fn change_reader(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: ReaderIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "change-reader", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let (event, action) = match input.deed {
        ReaderVerb::LetIn => {
            let person = reader(&mut tx, "person", input.person).await?;
            (record.incident.let_in(person)?, "incident.let-in")
        }
        ReaderVerb::PutOut if input.person == permit.id() => {
            let message = "You cannot put yourself out; somebody else who sees the incident can. Nothing was changed.";
            return Err(AppError::invalid("person", message));
        }
        ReaderVerb::PutOut => (record.incident.put_out(input.person)?, "incident.put-out"),
    };
    done(tx, turn, permit, record, event, action).await
}

/// Whoever looks at lists learns that they have changed, and nothing more.
async fn done(
    mut tx: Tx,
    turn: Turn<'_>,
    permit: &Permit<HandleIncident>,
    record: IncidentRecord,
    event: IncidentEvent,
    action: &str,
) -> Result<(), AppError> {
    let number = record.number;
    append(&mut tx, record, vec![event], &permit.actor(), action).await?;
    tx.live(Topic::Incidents {});
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}
