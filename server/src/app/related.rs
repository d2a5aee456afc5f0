//! Incidents that are the same, and incidents that have to do with each other. Which may be merged is the domain's; what somebody may not
//! see is as if it were not there.

use serde_json::json;
use shared::{
    api::related::{AlikeView, LinksView, MergeIn, RelationIn},
    domain::{
        incident::{Eyes, IncidentEvent, PublicState, TaskState},
        text::Message,
    },
};
use store::{IncidentRecord, Part, Store, Tx};

use super::{incident::append, turn::Turn};
use crate::{
    auth::permit::{HandleIncident, Permit},
    error::{AppError, Found as _},
};

/// As far as these eyes may see them.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn links(store: &Store, eyes: Eyes, record: &IncidentRecord) -> Result<LinksView, AppError> {
    let mut links = store.incident_links(eyes, record).await?;
    if record.incident.state.open() {
        let others = store.incidents_open_beside(eyes, record).await?;
        let alike = others.into_iter().filter_map(|(view, other)| {
            let component = record.incident.shares(&other)?.to_owned();
            let refused = record.incident.may_merge_into(&other, view.number).err();
            Some(AlikeView { other: view, component, merge_refused: refused.map(|refusal| refusal.message) })
        });
        links.alike = alike.collect();
    }
    Ok(links)
}

/// # Errors
/// If there is no such incident that whoever asks may see.
async fn there(store: &Store, eyes: Eyes, (number, other): (i64, i64), field: &str) -> Result<(), AppError> {
    if other == number {
        return Err(AppError::invalid(field, "That is this incident itself; name another one. Nothing was changed."));
    }
    if store.part_is_seen(Part::Incident, other, eyes).await? {
        return Ok(());
    }
    Err(AppError::invalid(field, format!("There is no incident {other}. Nothing was changed.")))
}

/// Both, always the smaller number first.
async fn both(tx: &mut Tx, number: i64, other: i64) -> Result<(IncidentRecord, IncidentRecord), AppError> {
    let first = tx.incident_lock(number.min(other)).await.found(|| format!("incident {}", number.min(other)))?;
    let second = tx.incident_lock(number.max(other)).await.found(|| format!("incident {}", number.max(other)))?;
    Ok(if number < other { (first, second) } else { (second, first) })
}

/// Says that an incident is the same as another one: its clocks and calls end, its alerts and open tasks move, its runs are shown there.
///
/// # Errors
/// If one of them is over or restricted, they are of different systems, or the status page would lose one without a word.
pub async fn merge(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: MergeIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "merge", &(number, &input))?;
    there(store, permit.eyes(), (number, input.into), "into").await?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    // Alerts are locked before incidents, as where they come in.
    tx.alerts_lock_of(number).await?;
    let (one, other) = both(&mut tx, number, input.into).await?;
    if one.system != other.system {
        let message =
            format!("Incident {} is of another system. Nothing was changed; relate them instead.", input.into);
        return Err(AppError::invalid("into", message));
    }
    one.incident.may_merge_into(&other.incident, input.into)?;
    let last_word = last_word(&one, input.public_text)?;
    let reason = input.reason.map(Message::into_inner);
    let moved = tasks_moved(&one, &other)?;
    let (from, to) = (one.id, other.id);
    let events = last_word.into_iter().chain([IncidentEvent::Merged { into: input.into, reason }]);
    append(&mut tx, one, events.collect(), &by, "incident.merged").await?;
    let events = [IncidentEvent::TookIn { duplicate: number }].into_iter().chain(moved);
    append(&mut tx, other, events.collect(), &by, "incident.took-in").await?;
    tx.alerts_move(from, to).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// What strangers can see does not end without a word to them.
fn last_word(record: &IncidentRecord, text: Option<Message>) -> Result<Option<IncidentEvent>, AppError> {
    match (&record.incident.public_title, text) {
        (Some(_), Some(text)) => {
            Ok(Some(IncidentEvent::Posted { state: PublicState::Resolved, text: text.into_inner(), happened_at: None }))
        }
        (Some(_), None) => Err(AppError::invalid(
            "public_text",
            "The status page shows this incident. Say there where it is gone on with. Nothing was changed.",
        )),
        (None, Some(_)) => Err(AppError::invalid(
            "public_text",
            "The status page does not show this incident, so nothing can be said there. Nothing was changed.",
        )),
        (None, None) => Ok(None),
    }
}

/// Open tasks, as new ones of the other incident.
fn tasks_moved(one: &IncidentRecord, other: &IncidentRecord) -> Result<Vec<IncidentEvent>, AppError> {
    let open: Vec<_> = one.incident.tasks.iter().filter(|task| task.state == TaskState::Open).collect();
    if open.len() + other.incident.tasks.len() > shared::domain::incident::MOST_TASKS {
        let message = format!(
            "Incident {} has no room for the {} open tasks of this one; end some first. Nothing was changed.",
            other.number,
            open.len()
        );
        return Err(AppError::not_now(message));
    }
    let next = other.incident.tasks.iter().map(|task| task.number).max().unwrap_or(0) + 1;
    let added = (next..).zip(open).map(|(task, moved)| IncidentEvent::TaskAdded {
        task,
        text: moved.text.clone(),
        owner: moved.owner.clone(),
        due_at: moved.due_at,
    });
    Ok(added.collect())
}

/// Says that two incidents have to do with each other, or that they have not.
///
/// # Errors
/// If that is so already.
pub async fn relate(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: RelationIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "relate", &(number, &input))?;
    let RelationIn { other, related } = input;
    there(store, permit.eyes(), (number, other), "other").await?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let (one, two) = both(&mut tx, number, other).await?;
    let changed = if related {
        tx.relation_add((number, other), &by).await?
    } else {
        tx.relation_remove((number, other)).await?
    };
    if !changed {
        let how = if related { "already" } else { "not" };
        let message = format!("Incidents {number} and {other} are {how} related. Nothing was changed.");
        return Err(AppError::not_now(message));
    }
    let action = if related { "incident.related" } else { "incident.unrelated" };
    // A timeline does not name what some of its readers may not see.
    let (hides_one, hides_two) = (one.incident.readers.is_some(), two.incident.readers.is_some());
    for (record, other, hidden) in [(one, other, hides_two), (two, number, hides_one)] {
        if !hidden {
            let event = if related { IncidentEvent::Related { other } } else { IncidentEvent::Unrelated { other } };
            append(&mut tx, record, vec![event], &by, action).await?;
            continue;
        }
        if record.incident.readers.is_some() {
            tx.audit(&by, action, format!("incident {}", record.number), json!({ "other": other }));
        }
        tx.live(shared::api::live::Topic::Incident { number: record.number });
    }
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}
