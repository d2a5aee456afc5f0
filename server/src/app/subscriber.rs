//! People and programs that asked to be told: asking, confirming, leaving, and telling them. What is said is the public page's, never more.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    api::{
        List,
        subscriber::{ConcernedQuery, SubscriberView, SubscribersCount},
    },
    digest::Digest,
    domain::{actor::Actor, outbox::Channel},
    timestamp::Timestamp,
};
use store::{Asking, NewAnnouncement, Store, Subscriber, Tx, seal::Key};
use uuid::Uuid;

use crate::{
    AppState,
    auth::permit::{ManageSubscribers, Permit, ViewConsole},
    error::{AppError, Found as _},
    public::Speech,
};

/// A mail is read within two days.
const CONFIRM_SECONDS: u64 = 2 * 86_400;
/// The export holds so many.
const MOST: i64 = 100_000;

/// What a subscriber's row holds sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// Of a webhook: where it is sent.
    pub(crate) email: String,
    /// Of the link that ends it: in every mail.
    pub(crate) token: String,
    /// Of the link that confirms: in one mail. Of a webhook: its challenge.
    pub(crate) confirm: String,
    /// What messages to a webhook are signed with, as whoever asked was shown it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}

impl Sealed {
    pub(crate) fn open(key: &Key, id: Uuid, sealed: &[u8]) -> Result<Self, String> {
        let plain = key.open(&Subscriber::purpose(id), sealed).map_err(|e| format!("It cannot be opened: {e}."))?;
        serde_json::from_slice(&plain).map_err(|_| "It cannot be read.".into())
    }

    fn seal(&self, key: &Key, id: Uuid) -> Result<Vec<u8>, AppError> {
        let plain = serde_json::to_vec(self).map_err(|e| AppError::bug(e.to_string()))?;
        key.seal(&Subscriber::purpose(id), &plain).map_err(|e| AppError::bug(e.to_string()))
    }
}

fn token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn hash(token: &str) -> String {
    Digest::of(format!("subscriber link {}", token.trim()).as_bytes()).to_string()
}

/// Asks for updates. The answer is the same whoever has this address and whether it is known; what follows comes by mail.
///
/// # Errors
/// If it is no address, or a component is not on the page.
pub async fn ask(state: &AppState, email: &str, components: &[String], known: &[String]) -> Result<(), AppError> {
    let email = Channel::Email.address(email).map_err(|why| AppError::invalid("email", why))?;
    if let Some(other) = components.iter().find(|c| !known.contains(c)) {
        return Err(AppError::invalid("component", format!("There is no component \"{other}\" on this page.")));
    }
    // All of them chosen is everything, also what comes later.
    let wanted = if known.iter().all(|k| components.contains(k)) { &[][..] } else { components };
    let address_key = state.key.fingerprint("subscriber", &email).to_string();
    let mut tx = state.store.begin().await?;
    let mut found = tx.subscriber_lock(&address_key).await?;
    let confirm = token();
    let confirm_until = tx.now().plus_seconds(CONFIRM_SECONDS);
    if found.is_none() {
        let (id, token) = (Uuid::now_v7(), token());
        let sealed = Sealed { email: email.clone(), token: token.clone(), confirm: confirm.clone(), key: None };
        let new = Asking {
            id,
            channel: Channel::Email.name(),
            address_key: &address_key,
            sealed: &sealed.seal(&state.key, id)?,
            token_hash: &hash(&token),
            confirm_hash: &hash(&confirm),
            confirm_until,
            wanted,
        };
        if tx.subscriber_add(&new).await? {
            tx.letter_ask(id).await?;
            return Ok(tx.commit().await?);
        }
        found = tx.subscriber_lock(&address_key).await?;
    }
    let Some(subscriber) = found else { return Ok(()) };
    let id = subscriber.id;
    let before = Sealed::open(&state.key, id, &subscriber.sealed).map_err(AppError::bug)?;
    // The links in mails of before go on to work.
    let sealed = Sealed { email, token: before.token, confirm: confirm.clone(), key: None };
    let again = Asking {
        id,
        channel: Channel::Email.name(),
        address_key: &address_key,
        sealed: &sealed.seal(&state.key, id)?,
        token_hash: &hash(&sealed.token),
        confirm_hash: &hash(&confirm),
        confirm_until,
        wanted,
    };
    tx.subscriber_ask_again(&again).await?;
    tx.letter_ask(id).await?;
    Ok(tx.commit().await?)
}

/// Asks for updates by webhook. The key to check signatures with: a new one each time, whether the address is known or not. One that
/// is confirmed stays as it is, so that nobody else can turn it to another key or other components.
///
/// # Errors
/// If it is no address, or a component is not on the page.
pub async fn ask_by_webhook(
    state: &AppState,
    address: &str,
    components: &[String],
    known: &[String],
) -> Result<String, AppError> {
    let address = Channel::Webhook.address(address).map_err(|why| AppError::invalid("url", why))?;
    // One spelling for one place.
    let address = url::Url::parse(&address).map_err(|e| AppError::invalid("url", format!("{e}.")))?.to_string();
    let wanted = if known.iter().all(|k| components.contains(k)) { &[][..] } else { components };
    let address_key = state.key.fingerprint("subscriber webhook", &address).to_string();
    let (key, token, confirm) = (token(), token(), token());
    let mut tx = state.store.begin().await?;
    if let Some(found) = tx.subscriber_lock(&address_key).await? {
        if found.confirmed_at.is_some() {
            return Ok(key);
        }
        // Who asks last is challenged; what was never answered is nobody's.
        tx.subscriber_remove(found.id).await?;
    }
    let id = Uuid::now_v7();
    let sealed = Sealed { email: address, token: token.clone(), confirm: confirm.clone(), key: Some(key.clone()) };
    let new = Asking {
        id,
        channel: Channel::Webhook.name(),
        address_key: &address_key,
        sealed: &sealed.seal(&state.key, id)?,
        token_hash: &hash(&token),
        confirm_hash: &hash(&confirm),
        confirm_until: tx.now().plus_seconds(CONFIRM_SECONDS),
        wanted,
    };
    if tx.subscriber_add(&new).await? {
        tx.letter_ask(id).await?;
        tx.commit().await?;
    }
    Ok(key)
}

/// Whether this link confirms anything. Opening it changes nothing: machines open links, too.
///
/// # Errors
/// If the database does not answer.
pub async fn to_confirm(store: &Store, token: &str) -> Result<bool, AppError> {
    Ok(store.subscriber_to_confirm(&hash(token)).await?)
}

/// # Errors
/// If the database does not answer.
pub async fn confirm(store: &Store, token: &str) -> Result<bool, AppError> {
    let mut tx = store.begin().await?;
    let done = tx.subscriber_confirm(&hash(token)).await?;
    if done {
        tx.audit(&Actor::Anonymous, "subscriber.confirmed", "subscribers", json!({}));
    }
    tx.commit().await?;
    Ok(done)
}

/// Forgets whoever has this link, and what was still to be sent. Nobody learns whether there was anybody.
///
/// # Errors
/// If the database does not answer.
pub async fn leave(store: &Store, token: &str) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    if tx.subscriber_leave(&hash(token)).await? {
        tx.audit(&Actor::Anonymous, "subscriber.left", "subscribers", json!({}));
    }
    Ok(tx.commit().await?)
}

/// # Errors
/// If the database does not answer.
pub async fn count(
    state: &AppState,
    _permit: &Permit<ViewConsole>,
    of: &ConcernedQuery,
) -> Result<SubscribersCount, AppError> {
    let subscribed = state.store.subscribers_count(&of.list()).await?;
    Ok(SubscribersCount { subscribed, open: state.settings.mail.is_some() })
}

/// With their addresses: for who manages them, and written down.
///
/// # Errors
/// If the database does not answer, or an address cannot be opened.
pub async fn list(state: &AppState, permit: &Permit<ManageSubscribers>) -> Result<List<SubscriberView>, AppError> {
    let all = state.store.subscribers(MOST).await?;
    let view = |one: Subscriber| -> Result<SubscriberView, AppError> {
        let sealed = Sealed::open(&state.key, one.id, &one.sealed).map_err(AppError::bug)?;
        // Whoever knows the whole address of a webhook can write there.
        let webhook = one.channel == Channel::Webhook.name();
        let channel = if webhook { Channel::Webhook } else { Channel::Email };
        let email = channel.shown(&sealed.email);
        let since = one.confirmed_at.map(Timestamp::new).unwrap_or(Timestamp::from_unix(0));
        Ok(SubscriberView { id: one.id, channel, email, components: one.components, confirmed_at: since })
    };
    let items = all.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let mut tx = state.store.begin().await?;
    tx.audit(&permit.actor(), "subscribers.read", "subscribers", json!({ "n": items.len() }));
    tx.commit().await?;
    Ok(List { items, next: None })
}

/// # Errors
/// If there is none with this id.
pub async fn remove(store: &Store, permit: &Permit<ManageSubscribers>, id: Uuid) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    tx.subscriber_remove(id).await.found(|| "such subscriber".into())?;
    tx.audit(&permit.actor(), "subscriber.removed", "subscribers", json!({ "id": id }));
    Ok(tx.commit().await?)
}

/// How the page speaks now, and so what is mailed about it.
pub(super) async fn speech(tx: &mut Tx) -> Result<Speech, AppError> {
    Ok(Speech::of(&tx.status_brand_fetch().await?.map(|saved| saved.brand).unwrap_or_default()))
}

/// Says something public to everybody whom it concerns, in the transaction of its cause.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn tell(tx: &mut Tx, new: &NewAnnouncement<'_>, by: &Actor) -> Result<(), AppError> {
    let n = tx.announcement_add(new).await?;
    if n > 0 {
        tx.audit(by, "subscribers.told", "subscribers", json!({"n": n, "subject": new.subject, "link": new.link}));
    }
    Ok(())
}
