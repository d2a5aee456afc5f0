//! Writes messages to people into the outbox, in the transaction of their cause: one for each way in which a person can be reached.
//! Sends nothing.

use shared::{
    domain::{
        incident::{Eyes, allows},
        outbox::{Channel, Purpose},
    },
    ids::{IncidentId, UserId},
};
use store::{NewMessage, Tx, Way};
use uuid::Uuid;

use crate::error::AppError;

/// What is to be told, and why.
#[derive(Clone, Debug)]
pub(super) struct Telling<'a> {
    pub(super) purpose: Purpose,
    /// What the messages belong to: the same cause, person and way is one message.
    pub(super) cause: &'a str,
    pub(super) subject: &'a str,
    pub(super) body: &'a str,
    pub(super) link: Option<&'a str>,
    pub(super) incident: Option<IncidentId>,
    pub(super) page: Option<Uuid>,
    pub(super) drill_call: Option<Uuid>,
}

impl<'a> Telling<'a> {
    /// About nothing that it would lead to.
    pub(super) fn new(purpose: Purpose, cause: &'a str, subject: &'a str, body: &'a str) -> Self {
        Self { purpose, cause, subject, body, link: None, incident: None, page: None, drill_call: None }
    }
}

/// Whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person<'a> {
    pub(super) id: UserId,
    pub(super) name: &'a str,
    pub(super) email: &'a str,
}

/// What leaves the house about a restricted incident.
const CONFIDENTIAL: &str = "There is news for you in a restricted incident";
const LOOK_THERE: &str =
    "Who may see this incident is limited, so this message does not say what it is about. Open it to read more.";

/// By e-mail to the account's address, and in every verified way among `ways` that is theirs. The channels taken. Of a restricted incident
/// only those are told who may see it, and only that there is something.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn person(
    tx: &mut Tx,
    telling: &Telling<'_>,
    person: Person<'_>,
    ways: &[Way],
) -> Result<Vec<Channel>, AppError> {
    let discreet;
    let telling = match telling.incident {
        // What calls people says little by itself (`paging`).
        Some(id) if telling.purpose != Purpose::Page => match tx.incident_seen_by(id).await? {
            None => telling,
            Some(seen_by) => {
                let user = tx.user_fetch(person.id).await?;
                if !allows(Some(&seen_by), Eyes::of(user.id, user.rights)) {
                    return Ok(vec![]);
                }
                discreet = Telling { subject: CONFIDENTIAL, body: LOOK_THERE, ..telling.clone() };
                &discreet
            }
        },
        _ => telling,
    };
    let mut channels = vec![Channel::Email];
    add(tx, telling, person, Channel::Email, None, person.email).await?;
    let theirs = ways.iter().filter(|way| way.user == person.id && way.verified_at.is_some() && way.channel.sends());
    for way in theirs {
        add(tx, telling, person, way.channel, Some(way.id), &way.shown).await?;
        if !channels.contains(&way.channel) {
            channels.push(way.channel);
        }
    }
    Ok(channels)
}

/// By one way.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn add(
    tx: &mut Tx,
    telling: &Telling<'_>,
    person: Person<'_>,
    channel: Channel,
    way: Option<Uuid>,
    address: &str,
) -> Result<Option<i64>, AppError> {
    let to = way.map_or_else(|| person.id.to_string(), |way| way.to_string());
    let new = NewMessage {
        dedup: &format!("{}:{to}", telling.cause),
        purpose: telling.purpose,
        user: Some(person.id),
        recipient: person.name,
        channel,
        way,
        address,
        subject: telling.subject,
        body: telling.body,
        link: telling.link,
        incident: telling.incident,
        page: telling.page,
        drill_call: telling.drill_call,
        secret: None,
    };
    Ok(tx.message_add(&new).await?)
}
