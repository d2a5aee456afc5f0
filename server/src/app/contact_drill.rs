//! Rehearses the contact tree: everybody on the plan's contact roles is called as a drill, and who answers within a level's response
//! time is measured. Declares nothing.

use serde_json::json;
use shared::{
    api::{
        contact::{ContactDrillIn, ContactDrillView, ContactDrillsView, DrillCallView, DrillLevelView},
        live::Topic,
    },
    domain::{
        access::Action,
        actor::Actor,
        contact_drill::{self, DrillOutcome},
        escalation::{self, Contact, Reach},
        outbox::{MessageState, Purpose},
    },
    ids::UserId,
    plan::Plan,
    timestamp::{Timestamp, human_seconds},
};
use store::{ContactDrill, DrillCall, NewDrill, Store, StoreError};

use super::{
    contact,
    tell::{self, Person, Telling},
};
use crate::{
    AppState,
    auth::permit::{ManageContacts, Permit, ViewContacts},
    error::AppError,
};

/// Shown; older ones stay in the audit log.
const SHOWN: i64 = 12;

/// # Errors
/// If there is no such system.
pub async fn list(state: &AppState, permit: &Permit<ViewContacts>, slug: &str) -> Result<ContactDrillsView, AppError> {
    let system = contact::system(&state.store, slug).await?;
    let plan = state.plans.current(system.id).await?;
    let levels = plan.iter().flat_map(|plan| &plan.compiled.plan.levels).map(|level| DrillLevelView {
        level: level.level,
        name: level.name.clone(),
        within_seconds: escalation::answer_within(level.response_seconds),
    });
    let drills = state.store.contact_drill_list(system.id, SHOWN).await?;
    let ids: Vec<_> = drills.iter().map(|drill| drill.id).collect();
    let calls = state.store.drill_calls_of(&ids).await?;
    let now = state.store.now().await?;
    let of = |drill: ContactDrill| {
        let calls: Vec<_> = calls.iter().filter(|call| call.drill == drill.id).collect();
        shown(drill, &calls, now)
    };
    Ok(ContactDrillsView {
        levels: levels.collect(),
        items: drills.into_iter().map(of).collect(),
        begin_refused: (!permit.may(Action::ManageContacts)).then(|| Action::ManageContacts.needs()),
    })
}

fn reach(call: &DrillCall) -> Reach {
    let lost = |state: &String| state.parse::<MessageState>().is_ok_and(MessageState::lost);
    if call.states.iter().all(lost) { Reach::None } else { Reach::Possible }
}

fn outcome(drill: &ContactDrill, call: &DrillCall, now: Timestamp) -> DrillOutcome {
    contact_drill::outcome(drill.due_at, call.answered_at, reach(call), now)
}

fn shown(drill: ContactDrill, calls: &[&DrillCall], now: Timestamp) -> ContactDrillView {
    let call = |call: &&DrillCall| DrillCallView {
        name: call.name.clone(),
        roles: call.roles.clone(),
        answered_at: call.answered_at,
        seconds: call.answered_at.map(|at| at.seconds_since(drill.begun_at).max(0)),
        outcome: outcome(&drill, call, now),
    };
    ContactDrillView {
        calls: calls.iter().map(call).collect(),
        number: drill.number,
        level: drill.level,
        level_name: drill.level_name,
        within_seconds: drill.within_seconds,
        empty_roles: drill.empty_roles,
        begun_by: drill.begun_by.to_string(),
        begun_at: drill.begun_at,
        due_at: drill.due_at,
        ended_at: drill.ended_at,
    }
}

/// Calls everybody at once, in every way in which they would be called.
///
/// # Errors
/// If the plan has no such level, nobody could be called, or a drill is going on; then nobody is.
pub async fn begin(
    state: &AppState,
    permit: &Permit<ManageContacts>,
    slug: &str,
    input: ContactDrillIn,
) -> Result<(), AppError> {
    let system = contact::system(&state.store, slug).await?;
    let plan = state.plans.current(system.id).await?;
    let plan = plan.ok_or_else(|| AppError::not_now("The system has no plan, so nobody is on its contact tree."))?;
    let plan = &plan.compiled.plan;
    let level = plan.levels.iter().find(|level| level.level == input.level);
    let level = level.ok_or_else(|| AppError::invalid("level", format!("The plan has no level {}.", input.level)))?;
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let records = tx.contact_list(system.id).await?;
    let contacts = contact::of_plan(plan, &records);
    let people = people(plan, &contacts);
    if people.is_empty() {
        return Err(AppError::not_now("None of the plan's contact roles has anybody. Nobody was called."));
    }
    let empty_roles = empty(plan, &contacts);
    let new = NewDrill {
        system: system.id,
        level: level.level,
        level_name: &level.name,
        within_seconds: escalation::answer_within(level.response_seconds),
        empty_roles: &empty_roles,
        by: &by,
    };
    let drill = tx.contact_drill_begin(&new).await.map_err(|error| match error {
        StoreError::Conflict(_) => AppError::not_now("A drill of this contact tree is going on. Nobody was called."),
        other => other.into(),
    })?;
    let users: Vec<_> = people.iter().map(|(user, _)| *user).collect();
    let ways = tx.ways_of(&users).await?;
    let subject = format!("DRILL: can you be reached? ({}, level {})", system.name, level.level);
    let body = format!(
        "This is a drill: nothing has happened. {by} tries whether the contacts of {} answer within {}.\n\n\
         Answer by the link; there is nothing else to do.",
        system.name,
        human_seconds(i64::try_from(drill.within_seconds).unwrap_or(i64::MAX)),
    );
    for (user, roles) in &people {
        let Some(record) = records.iter().find(|record| record.user == *user) else { continue };
        let call = tx.drill_call_add(drill.id, *user, &record.name, roles).await?;
        let cause = format!("drill:{call}");
        let telling = Telling { drill_call: Some(call), ..Telling::new(Purpose::Drill, &cause, &subject, &body) };
        let person = Person { id: *user, name: &record.name, email: &record.email };
        tell::person(&mut tx, &telling, person, &ways).await?;
    }
    let detail = json!({"system": slug, "level": level.level, "within_seconds": drill.within_seconds,
        "people": people.len(), "empty_roles": empty_roles});
    tx.audit(&by, "contact-drill.begun", format!("contact drill {}", drill.number), detail);
    Ok(tx.commit().await?)
}

/// Everybody once, with the roles they have in the plan's order.
fn people(plan: &Plan, contacts: &[Contact]) -> Vec<(UserId, Vec<String>)> {
    let mut people: Vec<(UserId, Vec<String>)> = vec![];
    for contact in contacts {
        let Some(role) = plan.contacts.get(contact.role).map(|role| role.name.clone()) else { continue };
        match people.iter_mut().find(|(user, _)| *user == contact.user) {
            Some((_, roles)) if !roles.contains(&role) => roles.push(role),
            Some(_) => {}
            None => people.push((contact.user, vec![role])),
        }
    }
    people
}

fn empty(plan: &Plan, contacts: &[Contact]) -> Vec<String> {
    let nobody = |index: usize| contacts.iter().all(|contact| contact.role != index);
    plan.contacts.iter().enumerate().filter(|(index, _)| nobody(*index)).map(|(_, role)| role.name.clone()).collect()
}

/// Ends drills whose time is over or that everybody has answered, and writes down what they showed.
///
/// # Errors
/// If the database does not answer; what did not end ends next time.
pub async fn sweep(store: &Store) -> Result<(), AppError> {
    for id in store.contact_drills_over().await? {
        let mut tx = store.begin().await?;
        let Some((drill, calls)) = tx.contact_drill_end(id).await? else { continue };
        let now = tx.now();
        let results = calls.iter().map(|call| {
            let seconds = call.answered_at.map(|at| at.seconds_since(drill.begun_at));
            json!({"name": call.name, "outcome": outcome(&drill, call, now), "seconds": seconds})
        });
        let in_time = calls.iter().filter(|call| outcome(&drill, call, now) == DrillOutcome::InTime).count();
        let detail = json!({"in_time": in_time, "called": calls.len(), "empty_roles": drill.empty_roles,
            "results": results.collect::<Vec<_>>()});
        tx.audit(&Actor::Muster, "contact-drill.ended", format!("contact drill {}", drill.number), detail);
        tx.live(Topic::Outbox {});
        tx.commit().await?;
    }
    Ok(())
}
