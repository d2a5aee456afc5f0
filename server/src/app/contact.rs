//! Whom the plan's contact roles mean, in the order in which they are called, and whether they can be reached. Calls nobody.

use serde_json::json;
use shared::{
    api::{
        contact::{CandidateView, ContactRoleView, ContactTestIn, ContactView, ContactsIn, ContactsView},
        live::Topic,
    },
    domain::{
        access::Action,
        escalation::Contact,
        outbox::{Channel, Purpose},
    },
    plan::Plan,
};
use store::{ContactRecord, Store, StoreError, System, Way};

use super::{
    plan::Plans,
    tell::{self, Person, Telling},
    way,
};
use crate::{
    AppState,
    auth::permit::{ManageContacts, Permission, Permit, ViewContacts},
    error::{AppError, Found as _},
};

/// For one role. More is a mistake: everybody gets every page of a level 3.
const MOST: usize = 20;
/// Of the outbox, shown beside the contacts.
const MESSAGES: i64 = 30;

/// The people whom the plan's roles mean, in its order; who is deactivated is called by nobody.
pub(super) fn of_plan(plan: &Plan, records: &[ContactRecord]) -> Vec<Contact> {
    let role = |(index, contact): (usize, &shared::plan::Contact)| {
        let named = move |record: &&ContactRecord| record.role == contact.role && record.active;
        let contact = move |record: &ContactRecord| Contact {
            user: record.user,
            name: record.name.clone(),
            role: index,
            place: record.place,
            quiet: record.quiet,
        };
        records.iter().filter(named).map(contact).collect::<Vec<_>>()
    };
    plan.contacts.iter().enumerate().flat_map(role).collect()
}

pub(super) async fn system(store: &Store, slug: &str) -> Result<System, AppError> {
    store.system_by_slug(slug).await.found(|| format!("system {slug}"))
}

/// # Errors
/// If there is no such system.
pub async fn list(state: &AppState, permit: &Permit<ViewContacts>, slug: &str) -> Result<ContactsView, AppError> {
    view(state, permit, slug).await
}

async fn view<A: Permission>(state: &AppState, permit: &Permit<A>, slug: &str) -> Result<ContactsView, AppError> {
    let system = system(&state.store, slug).await?;
    let plan = state.plans.current(system.id).await?;
    let records = state.store.contact_list(system.id).await?;
    let mut people: Vec<_> = records.iter().map(|record| record.user).collect();
    people.sort_unstable();
    people.dedup();
    let ways = state.store.ways_of(&people).await?;
    let in_role = |role: &str| {
        records.iter().filter(|record| record.role == role).map(|record| person(record, &ways)).collect::<Vec<_>>()
    };
    let in_plan = plan.iter().flat_map(|plan| &plan.compiled.plan.contacts);
    let mut roles: Vec<ContactRoleView> = vec![];
    for contact in in_plan {
        if roles.iter().all(|role| role.role != contact.role) {
            roles.push(ContactRoleView {
                role: contact.role.clone(),
                name: contact.name.clone(),
                primary: contact.primary.clone(),
                backup: contact.backup.clone(),
                in_plan: true,
                people: in_role(&contact.role),
            });
        }
    }
    for record in &records {
        if roles.iter().all(|role| role.role != record.role) {
            roles.push(ContactRoleView {
                role: record.role.clone(),
                name: record.role.clone(),
                primary: String::new(),
                backup: None,
                in_plan: false,
                people: in_role(&record.role),
            });
        }
    }
    let may = permit.may(Action::ManageContacts);
    let candidates = if may { candidates(&state.store).await? } else { vec![] };
    Ok(ContactsView {
        system: system.slug,
        name: system.name,
        roles,
        candidates,
        change_refused: (!may).then(|| Action::ManageContacts.needs()),
        mail_refused: way::mail_refused(state),
        messages: state.store.message_list(permit.eyes(), MESSAGES).await?,
    })
}

async fn candidates(store: &Store) -> Result<Vec<CandidateView>, AppError> {
    let all = store.user_list().await?.into_iter().filter(|user| user.active && !user.service);
    Ok(all.map(|user| CandidateView { id: user.id, name: user.name, email: user.email }).collect())
}

fn person(record: &ContactRecord, ways: &[Way]) -> ContactView {
    let theirs = || ways.iter().filter(|way| way.user == record.user);
    let mut pages_by = vec![Channel::Email];
    for way in theirs().filter(|way| way.verified_at.is_some() && way.channel.sends()) {
        if !pages_by.contains(&way.channel) {
            pages_by.push(way.channel);
        }
    }
    ContactView {
        id: record.user,
        name: record.name.clone(),
        active: record.active,
        quiet: record.quiet,
        email: record.email.clone(),
        phones: theirs().filter(|way| way.channel == Channel::Phone).map(|way| way.shown.clone()).collect(),
        pages_by,
    }
}

/// Says who is meant by a role, in order: the first is called first, the second is the backup.
///
/// # Errors
/// If the plan has no such role, or somebody cannot be called; then nothing was changed.
pub async fn set(
    state: &AppState,
    permit: &Permit<ManageContacts>,
    slug: &str,
    role: &str,
    input: ContactsIn,
) -> Result<ContactsView, AppError> {
    let system = system(&state.store, slug).await?;
    let known = known(&state.plans, &system, role).await?;
    let before: Vec<_> =
        state.store.contact_list(system.id).await?.into_iter().filter(|record| record.role == role).collect();
    if !known && (before.is_empty() || !input.people.is_empty()) {
        return Err(AppError::not_found(format!("contact role {role} in the plan of {slug}")));
    }
    if input.people.len() > MOST {
        return Err(AppError::invalid("people", format!("At most {MOST} people can be called for one role.")));
    }
    let everybody = candidates(&state.store).await?;
    let mut names = vec![];
    for (i, id) in input.people.iter().enumerate() {
        let field = format!("people[{i}]");
        let Some(found) = everybody.iter().find(|candidate| candidate.id == *id) else {
            return Err(AppError::invalid(&field, "There is no active person with this id."));
        };
        if input.people[..i].contains(id) {
            return Err(AppError::invalid(&field, format!("{} is named twice.", found.name)));
        }
        names.push(found.name.clone());
    }
    let mut tx = state.store.begin().await?;
    tx.contacts_set(system.id, role, &input.people).await?;
    let was: Vec<_> = before.iter().map(|record| &record.name).collect();
    tx.audit(
        &permit.actor(),
        "contacts.set",
        format!("contacts of {slug}"),
        json!({"role": role, "was": was, "is": names}),
    );
    tx.live(Topic::Plan { system: slug.to_owned() });
    tx.commit().await?;
    view(state, permit, slug).await
}

async fn known(plans: &Plans, system: &System, role: &str) -> Result<bool, StoreError> {
    let plan = plans.current(system.id).await?;
    Ok(plan.is_some_and(|plan| plan.compiled.plan.contacts.iter().any(|contact| contact.role == role)))
}

/// Sends a test to one of the system's contacts in every way in which they would be called.
///
/// # Errors
/// If they are none of its contacts, or a test has just been sent.
pub async fn test(
    state: &AppState,
    permit: &Permit<ManageContacts>,
    slug: &str,
    input: ContactTestIn,
) -> Result<ContactsView, AppError> {
    let system = system(&state.store, slug).await?;
    let records = state.store.contact_list(system.id).await?;
    let record = records.iter().find(|record| record.user == input.person && record.active);
    let record = record.ok_or_else(|| {
        AppError::invalid("person", format!("This is none of the active contacts of {}.", system.name))
    })?;
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let ways = tx.ways_of(&[record.user]).await?;
    let body = format!(
        "{by} tries whether you can be reached as a contact of {}. Nothing has happened, and there is nothing to do.",
        system.name
    );
    // A second press within these seconds is the same test.
    let cause = format!("test:{}", tx.now().unix_ms() / 10_000);
    let telling = Telling::new(Purpose::Test, &cause, "A test from Muster", &body);
    let person = Person { id: record.user, name: &record.name, email: &record.email };
    let channels = tell::person(&mut tx, &telling, person, &ways).await?;
    tx.audit(&by, "contact.tested", format!("user {}", record.email), json!({"system": slug, "by": channels}));
    tx.commit().await?;
    view(state, permit, slug).await
}
