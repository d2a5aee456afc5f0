//! Follow-ups of incidents: added, changed, ended and opened again. Who is reminded when is `follow_up_remind`'s.

use serde_json::json;
use shared::{
    api::{
        List,
        follow_up::{FollowUpChangeIn, FollowUpEndIn, FollowUpIn, FollowUpView, FollowUpsShown},
        live::Topic,
    },
    domain::{
        follow_up::{FollowUpState, Reminded, link, remind_at},
        text::Message,
    },
};
use store::{FollowUpFilter, IncidentRecord, NewFollowUp, Store, Tx};

use super::{duty, report::FOLLOW_UPS, turn::Turn};
use crate::{
    auth::permit::{HandleIncident, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// # Errors
/// If the database does not answer.
pub async fn list(
    store: &Store,
    permit: &Permit<ViewConsole>,
    shown: FollowUpsShown,
) -> Result<List<FollowUpView>, AppError> {
    let items = store.follow_ups(permit.eyes(), FollowUpFilter::Shown(shown), FOLLOW_UPS).await?;
    Ok(List { items, next: None })
}

/// # Errors
/// 404 if there is no such incident.
pub async fn of_incident(
    store: &Store,
    permit: &Permit<ViewConsole>,
    number: i64,
) -> Result<List<FollowUpView>, AppError> {
    let record = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let items = store.follow_ups(permit.eyes(), FollowUpFilter::Of(record.id), FOLLOW_UPS).await?;
    Ok(List { items, next: None })
}

/// # Errors
/// 404 if there is none.
pub async fn one(store: &Store, number: i64) -> Result<FollowUpView, AppError> {
    store.follow_up_fetch(number).await.found(|| format!("follow-up {number}"))
}

/// The owner must be somebody who can do it and may see what it is about.
async fn checked(tx: &mut Tx, record: &IncidentRecord, input: &FollowUpIn, so: &str) -> Result<(), AppError> {
    if let Some(id) = input.owner {
        let so = format!("so cannot have a follow-up. {so}");
        duty::handler(tx, record, "owner", id, &so).await?;
    }
    Ok(())
}

fn new(input: &FollowUpIn) -> NewFollowUp<'_> {
    NewFollowUp { title: input.title.as_str(), owner: input.owner, due_at: input.due_at, priority: input.priority }
}

/// # Errors
/// If the owner may not handle incidents, or the time is past.
pub async fn add(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: FollowUpIn,
) -> Result<i64, AppError> {
    let turn = Turn::new(permit.id(), key, "add-follow-up", &(number, &input))?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    if let Some(made) = turn.begin(&mut tx).await? {
        return Ok(made);
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    checked(&mut tx, &record, &input, "Nothing was added.").await?;
    if input.due_at.is_some_and(|due| due <= tx.now()) {
        return Err(AppError::invalid("due_at", "This time is past. Say until when it is to be done."));
    }
    let made = tx.follow_up_add(record.id, &new(&input), &by).await?;
    tx.audit(
        &by,
        "follow-up.added",
        format!("follow-up {made}"),
        json!({"incident": number, "title": input.title, "owner": input.owner, "due_at": input.due_at}),
    );
    turn.save(&mut tx, made).await?;
    tx.live(Topic::Report { incident: number });
    tx.commit().await?;
    Ok(made)
}

fn current(found: &FollowUpView, seen: i32) -> Result<(), AppError> {
    if found.version == seen {
        return Ok(());
    }
    let why =
        format!("Somebody has changed follow-up {} since you read it. Nothing was changed; look again.", found.number);
    Err(AppError::content_changed(why))
}

/// # Errors
/// If somebody was faster, it has ended, or the new owner may not have it.
pub async fn change(
    store: &Store,
    permit: &Permit<HandleIncident>,
    number: i64,
    input: FollowUpChangeIn,
) -> Result<(), AppError> {
    let by = permit.actor();
    let seen = one(store, number).await?;
    let mut tx = store.begin().await?;
    // Incidents before what belongs to them: everybody locks in this order.
    let record = tx.incident_lock(seen.incident).await?;
    let (found, reminded) = tx.follow_up_lock(number).await?;
    current(&found, input.version)?;
    if found.state != FollowUpState::Open {
        return Err(AppError::not_now(format!("Follow-up {number} has ended. Open it again first.")));
    }
    let FollowUpChangeIn { to, .. } = input;
    checked(&mut tx, &record, &to, "Nothing was changed.").await?;
    if to.due_at != found.due_at && to.due_at.is_some_and(|due| due <= tx.now()) {
        return Err(AppError::invalid("due_at", "This time is past. Say until when it is to be done."));
    }
    let same = to.due_at == found.due_at && to.owner == found.owner.map(|owner| owner.id);
    tx.follow_up_change(number, &new(&to), if same { reminded } else { Reminded::Never }).await?;
    tx.audit(
        &by,
        "follow-up.changed",
        format!("follow-up {number}"),
        json!({"incident": found.incident, "title": to.title, "owner": to.owner, "due_at": to.due_at, "priority": to.priority}),
    );
    tx.live(Topic::Report { incident: found.incident });
    Ok(tx.commit().await?)
}

/// # Errors
/// If somebody was faster, it is so already, or dropping and opening again come without a word.
pub async fn settle(
    store: &Store,
    permit: &Permit<HandleIncident>,
    number: i64,
    input: FollowUpEndIn,
) -> Result<(), AppError> {
    let by = permit.actor();
    let note = input.note.map(Message::into_inner).unwrap_or_default();
    if note.is_empty() && input.state != FollowUpState::Done {
        return Err(AppError::invalid("note", "Say why, in a few words. Nothing was changed."));
    }
    let link = input.link.as_deref().filter(|text| !text.trim().is_empty()).map(link).transpose();
    let link = link.map_err(|why| AppError::invalid("link", why))?;
    let mut tx = store.begin().await?;
    let (found, reminded) = tx.follow_up_lock(number).await.found(|| format!("follow-up {number}"))?;
    current(&found, input.version)?;
    if found.state == input.state {
        let words = input.state.words().to_lowercase();
        return Err(AppError::not_now(format!("Follow-up {number} is {words} already.")));
    }
    let again = remind_at(found.due_at, reminded).filter(|_| input.state == FollowUpState::Open);
    tx.follow_up_settle(number, (input.state, again), (&note, link.as_deref()), &by).await?;
    let action = match input.state {
        FollowUpState::Open => "follow-up.reopened",
        FollowUpState::Done => "follow-up.done",
        FollowUpState::Dropped => "follow-up.dropped",
    };
    let detail = json!({"incident": found.incident, "note": note, "link": link});
    tx.audit(&by, action, format!("follow-up {number}"), detail);
    tx.live(Topic::Report { incident: found.incident });
    Ok(tx.commit().await?)
}
