//! One's own ways to be reached: added, tried with a code, removed. An address is sealed when it arrives; nobody reads it again.

use outgoing::rule::Target;
use serde_json::json;
use shared::{
    api::{
        contact::{WayIn, WayMade, WayView, WaysView},
        live::Topic,
    },
    digest::Digest,
    domain::{
        outbox::{Channel, Purpose},
        quiet::QuietHours,
    },
    hex,
    timestamp::Timestamp,
};
use store::{Store, Tx, Way};
use uuid::Uuid;

use super::tell::{self, Person, Telling};
use crate::{
    AppState,
    auth::permit::{ChangeAccount, Permit, ViewAccount},
    error::{AppError, Found as _},
    outbox::Secrets,
};

/// More nobody needs, and each is written to whenever they are called.
const MOST: usize = 10;
const CODE_SECONDS: u64 = 30 * 60;
/// Wrong codes until a new one must be asked for.
const WRONG: i32 = 5;

fn hash(way: Uuid, code: &str) -> String {
    Digest::of(format!("way {way} {code}").as_bytes()).to_string()
}

/// Why e-mail is not sent, if so.
pub(super) fn mail_refused(state: &AppState) -> Option<String> {
    state
        .settings
        .mail
        .is_none()
        .then(|| "No mail server is set (MUSTER_SMTP_URL), so e-mail is kept here to be read and not sent.".to_owned())
}

/// # Errors
/// If the database does not answer.
pub async fn list(state: &AppState, permit: &Permit<ViewAccount>) -> Result<WaysView, AppError> {
    let mut items = vec![];
    for way in state.store.ways_of(&[permit.id()]).await? {
        items.push(view(&state.store, way).await?);
    }
    let quiet = state.store.quiet_hours(permit.id()).await?;
    Ok(WaysView { email: permit.user().email.clone(), mail_refused: mail_refused(state), items, quiet })
}

/// Says when one does not want to be woken by what others can see to; `None` takes it back.
///
/// # Errors
/// If nobody knows the time zone, or the hours have no length.
pub async fn set_quiet(
    state: &AppState,
    permit: &Permit<ChangeAccount>,
    hours: Option<QuietHours>,
) -> Result<(), AppError> {
    if let Some(hours) = &hours {
        if hours.begins == hours.ends {
            return Err(AppError::invalid("hours.ends", "Choose another end: these hours would have no length."));
        }
        if !state.store.zone_known(&hours.zone).await? {
            return Err(AppError::invalid(
                "hours.zone",
                format!("\"{}\" is no time zone; write it as Europe/Berlin.", hours.zone),
            ));
        }
    }
    let mut tx = state.store.begin().await?;
    tx.quiet_hours_set(permit.id(), hours.as_ref()).await?;
    tx.audit(
        &permit.actor(),
        "account.quiet-hours-set",
        format!("user {}", permit.user().email),
        json!({"hours": hours}),
    );
    tx.live(Topic::People {});
    Ok(tx.commit().await?)
}

async fn view(store: &Store, way: Way) -> Result<WayView, AppError> {
    Ok(WayView {
        last: store.message_last_of_way(way.id).await?,
        id: way.id,
        channel: way.channel,
        shown: way.shown,
        created_at: way.created_at,
        verified_at: way.verified_at,
        code_until: way.code_until,
    })
}

/// Adds a way and sends a code there. Nothing else is sent until the code has come back.
///
/// # Errors
/// If the address is none of its channel, or the server may not go there; then nothing was added or sent.
pub async fn add(state: &AppState, permit: &Permit<ChangeAccount>, input: WayIn) -> Result<WayMade, AppError> {
    let address = input.channel.address(&input.address).map_err(|why| AppError::invalid("address", why))?;
    if matches!(input.channel, Channel::Webhook | Channel::Slack | Channel::Ntfy) {
        Target::parse(&address, &state.settings.outgoing)
            .and_then(|target| target.admit_literal())
            .map_err(|why| AppError::invalid("address", format!("Muster does not send there: {why}.")))?;
    }
    let me = permit.user();
    let mut tx = state.store.begin().await?;
    if tx.ways_of(&[me.id]).await?.len() >= MOST {
        return Err(AppError::not_now(format!(
            "You have {MOST} ways to be reached already. Remove one first; nothing was added."
        )));
    }
    let now = std::time::Instant::now();
    state.throttles.ways.attempt(&me.id.to_string(), now).map_err(AppError::too_many_requests)?;
    let key = (input.channel == Channel::Webhook).then(|| hex::encode(&rand::random::<[u8; 32]>()));
    let mut way = Way {
        id: Uuid::now_v7(),
        user: me.id,
        channel: input.channel,
        shown: input.channel.shown(&address),
        created_at: tx.now(),
        verified_at: None,
        code_hash: None,
        code_until: None,
        n_wrong: 0,
    };
    let plain = serde_json::to_vec(&Secrets { address, key: key.clone() }).map_err(|e| AppError::bug(e.to_string()))?;
    let sealed = state.key.seal(&Way::purpose(way.id), &plain).map_err(|e| AppError::bug(e.to_string()))?;
    tx.way_add(&way, &sealed).await?;
    if way.channel.sends() {
        send_code(&mut tx, &mut way, me.name.as_str()).await?;
    }
    let detail = json!({"channel": way.channel, "address": way.shown});
    tx.audit(&permit.actor(), "way.added", format!("user {}", me.email), detail);
    tx.live(Topic::People {});
    tx.commit().await?;
    Ok(WayMade { way: view(&state.store, way).await?, key })
}

/// A code that only who reads there can know. The one before counts no more.
async fn send_code(tx: &mut Tx, way: &mut Way, name: &str) -> Result<(), AppError> {
    let code = format!("{:06}", rand::random::<u32>() % 1_000_000);
    way.code_hash = Some(hash(way.id, &code));
    way.code_until = Some(tx.now().plus_seconds(CODE_SECONDS));
    way.n_wrong = 0;
    tx.way_save(way).await?;
    let body = format!(
        "The code is {code}. Enter it under My account in Muster within half an hour; then you are paged here, too.\n\n\
         If you have not added this way to be reached, do nothing: without the code, nothing more is sent."
    );
    let cause = format!("code:{}", Uuid::now_v7());
    let telling = Telling {
        link: Some("/console/account"),
        ..Telling::new(Purpose::Verification, &cause, "Your code for Muster", &body)
    };
    // The address itself is only in what is sealed; an e-mail's is shown whole.
    let person = Person { id: way.user, name, email: &way.shown };
    tell::add(tx, &telling, person, way.channel, Some(way.id), &way.shown).await?;
    Ok(())
}

/// Sends another code.
///
/// # Errors
/// If it is verified already, a phone number, or a code has just been sent.
pub async fn resend(state: &AppState, permit: &Permit<ChangeAccount>, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let mut way = tx.way_lock(permit.id(), id).await.found(|| "such way to be reached".into())?;
    if way.verified_at.is_some() {
        return Err(AppError::not_now("This way is verified already. No code was sent."));
    }
    if !way.channel.sends() {
        return Err(AppError::not_now("Muster sends nothing to phone numbers; people call them. No code was sent."));
    }
    let sent_at = |until: Timestamp| tx.now().plus_seconds(CODE_SECONDS).seconds_since(until);
    if way.code_until.is_some_and(|until| sent_at(until) < 30) {
        return Err(AppError::not_now("A code was sent less than half a minute ago. Wait for it; no other was sent."));
    }
    send_code(&mut tx, &mut way, &permit.user().name).await?;
    tx.audit(
        &permit.actor(),
        "way.code-sent",
        format!("user {}", permit.user().email),
        json!({"channel": way.channel}),
    );
    Ok(tx.commit().await?)
}

/// The code that arrived: from now on one is called there.
///
/// # Errors
/// If it is another code, too old, or too many were tried.
pub async fn confirm(state: &AppState, permit: &Permit<ChangeAccount>, id: Uuid, code: &str) -> Result<(), AppError> {
    let (by, object) = (permit.actor(), format!("user {}", permit.user().email));
    let mut tx = state.store.begin().await?;
    let mut way = tx.way_lock(permit.id(), id).await.found(|| "such way to be reached".into())?;
    if way.verified_at.is_some() {
        return Ok(());
    }
    let open = way.code_until.is_some_and(|until| tx.now() <= until) && way.n_wrong < WRONG;
    let Some(wanted) = way.code_hash.clone().filter(|_| open) else {
        return Err(AppError::not_now(
            "The code is too old, or too many wrong ones were tried. Send another one first.",
        ));
    };
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if hash(id, &code) != wanted {
        way.n_wrong += 1;
        tx.way_save(&way).await?;
        tx.audit_denied(&by, "way.code-wrong", object, json!({"channel": way.channel}));
        tx.commit().await?;
        return Err(AppError::invalid("code", "This is not the code that was sent there."));
    }
    way.verified_at = Some(tx.now());
    (way.code_hash, way.code_until) = (None, None);
    tx.way_save(&way).await?;
    tx.audit(&by, "way.verified", object, json!({"channel": way.channel, "address": way.shown}));
    tx.live(Topic::People {});
    Ok(tx.commit().await?)
}

/// # Errors
/// If there is no such way.
pub async fn remove(state: &AppState, permit: &Permit<ChangeAccount>, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let way = tx.way_lock(permit.id(), id).await.found(|| "such way to be reached".into())?;
    tx.way_remove(id).await?;
    let detail = json!({"channel": way.channel, "address": way.shown});
    tx.audit(&permit.actor(), "way.removed", format!("user {}", permit.user().email), detail);
    tx.live(Topic::People {});
    Ok(tx.commit().await?)
}
