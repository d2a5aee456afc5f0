//! Answering a call by the link in it. Whoever holds the link is the one who was called; they may say that they have it, and nothing
//! else. Signs nobody in.

use std::time::Instant;

use serde_json::json;
use shared::{
    api::live::Topic,
    domain::{
        access::Action,
        actor::Actor,
        incident::{IncidentCommand, IncidentEvent},
    },
    timestamp::Timestamp,
};
use store::User;
use uuid::Uuid;

use super::incident::append;
use crate::{
    AppState,
    auth::{
        address::Address,
        answer_link::{self, Asked},
    },
    error::AppError,
    outbox::mail,
};

/// A call is answered the same night; later its link opens nothing.
const GOOD_SECONDS: i64 = 24 * 3600;

/// What the link's page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answering {
    /// Who was called.
    pub(crate) name: String,
    /// What for: the incident's or the drill's headline.
    pub(crate) subject: String,
    /// Where it is in the console.
    pub(crate) link: String,
    pub(crate) drill: bool,
    pub(crate) stands: Stands,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Nobody has answered.
    Waits,
    /// This person has.
    Answered(Timestamp),
    /// Somebody else has acknowledged the incident; this person has said nothing.
    Taken,
    /// There is nothing to answer any more.
    Over,
}

/// What the link is about. Changes nothing: programs that look at links before people do answer no call.
///
/// # Errors
/// If it opens nothing, or too many were tried from there.
pub(crate) async fn look(state: &AppState, address: Address, token: &str) -> Result<Answering, AppError> {
    match read(state, address, token)? {
        Asked::Page(id) => page(state, id).await.map(|(answering, _, _)| answering),
        Asked::Drill(id) => drill(state, id).await,
    }
}

/// Says that whoever was called has it. Saying it again changes nothing.
///
/// # Errors
/// As [`look`], or if they may not handle incidents any more.
pub(crate) async fn answer(state: &AppState, address: Address, token: &str) -> Result<Answering, AppError> {
    match read(state, address, token)? {
        Asked::Page(id) => {
            let (seen, user, number) = page(state, id).await?;
            if matches!(seen.stands, Stands::Waits | Stands::Taken) {
                acknowledge(state, &user, number).await?;
            }
            page(state, id).await.map(|(answering, _, _)| answering)
        }
        Asked::Drill(id) => {
            if drill(state, id).await?.stands == Stands::Waits {
                answer_drill(state, id).await?;
            }
            drill(state, id).await
        }
    }
}

/// Says so for whoever was called by the mail that this one answers. The first of its calls that this install has made counts.
///
/// # Errors
/// As [`answer`]; if it answers no call, or no person wrote it.
pub(crate) async fn answer_mail(state: &AppState, address: Address, mail: &str) -> Result<Answering, AppError> {
    let tokens = mail::tokens_answered(mail);
    let token = tokens.iter().find(|token| answer_link::read(&state.key, token).is_some());
    match token.or(tokens.first()) {
        Some(token) => answer(state, address, token).await,
        None => Err(AppError::not_found("call that this mail answers. Nothing was acknowledged")),
    }
}

/// Only what opens nothing counts against whoever tries.
fn read(state: &AppState, address: Address, token: &str) -> Result<Asked, AppError> {
    let key = address.key();
    state.throttles.address.attempt(&key, Instant::now()).map_err(AppError::too_many_requests)?;
    let asked = answer_link::read(&state.key, token).ok_or_else(AppError::link_closed)?;
    state.throttles.address.forgive(&key);
    Ok(asked)
}

async fn page(state: &AppState, id: Uuid) -> Result<(Answering, User, i64), AppError> {
    let call = state.store.page_fetch(id).await.map_err(closed)?;
    let user = state.store.user_fetch(call.user).await.map_err(closed)?;
    let incident = state.store.incident_by_number(call.incident).await.map_err(closed)?;
    if !user.active || state.store.now().await?.seconds_since(call.at) > GOOD_SECONDS {
        return Err(AppError::link_closed());
    }
    let stands = match (call.answered_at, &incident.incident) {
        (Some(at), _) => Stands::Answered(at),
        (None, over) if over.resolved_at.is_some() || over.closed_at.is_some() => Stands::Over,
        (None, taken) if taken.acknowledged_at.is_some() => Stands::Taken,
        (None, _) => Stands::Waits,
    };
    let answering = Answering {
        name: user.name.clone(),
        // Whoever was called need not be one of those who may see it.
        subject: match incident.incident.readers {
            Some(_) => format!("Level {}: a restricted incident", incident.incident.level),
            None => format!("Level {}: {}", incident.incident.level, incident.incident.title),
        },
        link: format!("/console/incidents/{}", incident.number),
        drill: false,
        stands,
    };
    Ok((answering, user, incident.number))
}

async fn acknowledge(state: &AppState, user: &User, number: i64) -> Result<(), AppError> {
    if !user.rights.may(Action::HandleIncident) {
        return Err(AppError::forbidden(format!("{} Nothing was acknowledged.", Action::HandleIncident.needs())));
    }
    let by = Actor::User { id: user.id, name: user.name.clone() };
    let mut tx = state.store.begin().await?;
    let record = tx.incident_lock(number).await?;
    let (id, permitted) = (record.id, record.incident.permits(IncidentCommand::Acknowledge).is_ok());
    if permitted {
        append(&mut tx, record, vec![IncidentEvent::Acknowledged], &by, "incident.acknowledged").await?;
    }
    let now = tx.now();
    tx.pages_answer(id, user.id, now).await?;
    tx.audit(&by, "page.answered", format!("incident {number}"), json!({"by": "link", "acknowledged": permitted}));
    tx.live(Topic::Incident { number });
    Ok(tx.commit().await?)
}

async fn drill(state: &AppState, id: Uuid) -> Result<Answering, AppError> {
    let (drill, call) = state.store.drill_call_fetch(id).await.map_err(closed)?;
    let user = state.store.user_fetch(call.user).await.map_err(closed)?;
    if !user.active || state.store.now().await?.seconds_since(drill.begun_at) > GOOD_SECONDS {
        return Err(AppError::link_closed());
    }
    Ok(Answering {
        name: user.name,
        subject: format!("Contact-tree drill {}", drill.number),
        link: "/console".into(),
        drill: true,
        stands: call.answered_at.map_or(Stands::Waits, Stands::Answered),
    })
}

async fn answer_drill(state: &AppState, id: Uuid) -> Result<(), AppError> {
    let (drill, call) = state.store.drill_call_fetch(id).await.map_err(closed)?;
    let mut tx = state.store.begin().await?;
    if tx.drill_call_answer(id).await? {
        let by = Actor::User { id: call.user, name: call.name };
        let seconds = tx.now().seconds_since(drill.begun_at);
        let detail = json!({"by": "link", "seconds": seconds, "in_time": tx.now() <= drill.due_at});
        tx.audit(&by, "contact-drill.answered", format!("contact drill {}", drill.number), detail);
        tx.live(Topic::Outbox {});
    }
    Ok(tx.commit().await?)
}

/// A link to something that is gone says no more than one that was made up.
fn closed(error: store::StoreError) -> AppError {
    match error {
        store::StoreError::NotFound => AppError::link_closed(),
        other => other.into(),
    }
}
