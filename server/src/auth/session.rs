//! Sessions: begun at sign-in under a new id, ended by sign-out, by idling and after a day. What somebody shows to get one is not
//! checked here.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{domain::access::Proof, ids::UserId, timestamp::Timestamp};
use store::{SessionRecord, Store, StoreError, User};
use time::{Duration, OffsetDateTime};
use tower_sessions::{Expiry, Session, SessionManagerLayer, cookie::SameSite, session::Error};

use crate::{
    auth::{
        device::Device,
        session_store::{StoredSessions, key},
    },
    error::AppError,
};

const IDLE: Duration = Duration::hours(8);
const AT_MOST: Duration = Duration::hours(24);
/// How long half a sign-in waits for its second half.
const HALF: Duration = Duration::minutes(10);
/// How often use of a session is written down.
const TOUCH_EVERY_SECONDS: i64 = 300;
const KEY: &str = "signed_in";
const HALF_KEY: &str = "half_signed_in";

/// What a session says of who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    user: UserId,
    pub since: Timestamp,
    pub touched: Timestamp,
    /// When they showed last, within the session, that it is still they.
    #[serde(default)]
    stepped_up: Option<Timestamp>,
    #[serde(default)]
    pub device: Device,
}

impl SignedIn {
    /// Whether what they have shown is lately enough.
    #[must_use]
    pub fn shows(&self, proof: Proof, now: Timestamp) -> bool {
        let Some(seconds) = proof.seconds() else { return true };
        let shown = match proof {
            Proof::Now => self.stepped_up,
            Proof::SignedIn | Proof::Recent => Some(self.stepped_up.map_or(self.since, |at| at.max(self.since))),
        };
        shown.is_some_and(|at| now.seconds_since(at) < seconds)
    }
}

/// The first half of a sign-in that takes two proofs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Half {
    user: UserId,
    since: Timestamp,
}

/// Somebody who is signed in, as they are in the database now.
#[derive(Clone, Debug)]
pub struct Present {
    pub user: User,
    pub signed_in: SignedIn,
}

/// The `__Host-` prefix makes browsers refuse the cookie unless it is secure and ours alone; plain http cannot have it.
#[must_use]
pub fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-muster" } else { "muster_session" }
}

/// Gives every request of the API its session.
#[must_use]
pub fn layer(store: Store, https: bool) -> SessionManagerLayer<StoredSessions> {
    SessionManagerLayer::new(StoredSessions(store))
        .with_name(cookie_name(https))
        .with_secure(https)
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(IDLE))
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn failed(error: Error) -> AppError {
    match error {
        Error::Store(tower_sessions::session_store::Error::Backend(cause)) => AppError::unavailable(cause),
        other => AppError::bug(format!("session: {other}")),
    }
}

/// What the database knows this session by, once it has been stored.
#[must_use]
pub fn id(session: &Session) -> Option<String> {
    session.id().map(|id| key(&id))
}

/// Begins a session under a new id; what the old one held is gone.
///
/// # Errors
/// If it cannot be stored; then nobody is signed in.
pub async fn begin(session: &Session, user: UserId, device: Device) -> Result<(), AppError> {
    let now = Timestamp::new(now());
    renew(session, KEY, SignedIn { user, since: now, touched: now, stepped_up: None, device }).await
}

/// Remembers, under a new id, who has given the first of two proofs. It opens nothing.
///
/// # Errors
/// If it cannot be stored.
pub async fn begin_half(session: &Session, user: UserId) -> Result<(), AppError> {
    session.set_expiry(Some(Expiry::AtDateTime(now() + HALF)));
    renew(session, HALF_KEY, Half { user, since: Timestamp::new(now()) }).await
}

/// Who has given the first of two proofs here.
///
/// # Errors
/// If the database does not answer.
pub async fn half(session: &Session) -> Result<Option<UserId>, AppError> {
    let half = session.get::<Half>(HALF_KEY).await.map_err(failed)?;
    Ok(half.filter(|half| now() < half.since.inner() + HALF).map(|half| half.user))
}

/// That they have shown anew who they are: under a new id, because what the session can do grows.
///
/// # Errors
/// If it cannot be stored; then nothing was remembered.
pub async fn step_up(session: &Session, signed_in: &SignedIn) -> Result<(), AppError> {
    let stepped = SignedIn { stepped_up: Some(Timestamp::new(now())), ..signed_in.clone() };
    session.cycle_id().await.map_err(failed)?;
    session.insert(KEY, stepped).await.map_err(failed)?;
    session.save().await.map_err(failed)
}

/// Goes on under a new id, with what it was.
///
/// # Errors
/// If it cannot be stored.
pub async fn rotate(session: &Session) -> Result<(), AppError> {
    session.cycle_id().await.map_err(failed)?;
    session.save().await.map_err(failed)
}

async fn renew(session: &Session, key: &str, content: impl Serialize + Send + Sync) -> Result<(), AppError> {
    if key == KEY {
        session.set_expiry(Some(Expiry::OnInactivity(IDLE)));
    }
    session.clear().await;
    session.cycle_id().await.map_err(failed)?;
    session.insert(key, content).await.map_err(failed)?;
    session.save().await.map_err(failed)
}

/// Keeps something beside the sign-in until it is taken.
///
/// # Errors
/// If it cannot be stored.
pub async fn keep(session: &Session, key: &str, content: impl Serialize + Send + Sync) -> Result<(), AppError> {
    if session.is_empty().await {
        session.set_expiry(Some(Expiry::AtDateTime(now() + HALF)));
    }
    session.insert(key, content).await.map_err(failed)
}

/// Takes out what was kept: it serves once.
///
/// # Errors
/// If the database does not answer.
pub async fn take<T: DeserializeOwned>(session: &Session, key: &str) -> Result<Option<T>, AppError> {
    let Some(found) = session.remove::<T>(key).await.map_err(failed)? else { return Ok(None) };
    // Written now, whatever becomes of the request.
    session.save().await.map_err(failed)?;
    Ok(Some(found))
}

/// # Errors
/// If it cannot be deleted.
pub async fn end(session: &Session) -> Result<(), AppError> {
    session.flush().await.map_err(failed)
}

/// Whoever is signed in, as they are in the database now; inactive people are not.
///
/// # Errors
/// If the database does not answer.
pub async fn present(session: &Session, store: &Store) -> Result<Option<Present>, AppError> {
    let Some(signed_in) = session.get::<SignedIn>(KEY).await.map_err(failed)? else { return Ok(None) };
    let now = now();
    if ended(&signed_in, now) {
        end(session).await?;
        return Ok(None);
    }
    match store.user_fetch(signed_in.user).await {
        Ok(user) if user.active => {
            touch(session, &signed_in, now).await?;
            Ok(Some(Present { user, signed_in }))
        }
        Ok(_) | Err(StoreError::NotFound) => {
            end(session).await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn ended(signed_in: &SignedIn, now: OffsetDateTime) -> bool {
    now >= signed_in.since.inner() + AT_MOST || now >= signed_in.touched.inner() + IDLE
}

/// Moves the idle limit on, never past the absolute one. The session layer writes it and renews the cookie.
async fn touch(session: &Session, signed_in: &SignedIn, now: OffsetDateTime) -> Result<(), AppError> {
    let touched = Timestamp::new(now);
    if touched.seconds_since(signed_in.touched) < TOUCH_EVERY_SECONDS {
        return Ok(());
    }
    session.set_expiry(Some(Expiry::AtDateTime((now + IDLE).min(signed_in.since.inner() + AT_MOST))));
    session.insert(KEY, SignedIn { touched, ..signed_in.clone() }).await.map_err(failed)
}

/// What stands in a stored session, if it is one of somebody who may still come in by it.
#[must_use]
pub fn read(record: &SessionRecord) -> Option<SignedIn> {
    let signed_in = record.content.get(KEY).and_then(|value| SignedIn::deserialize(value).ok())?;
    (!ended(&signed_in, now())).then_some(signed_in)
}

/// Who a stored session belongs to, as they are now, if they may still come in: for streams that outlive one request.
///
/// # Errors
/// If the database does not answer.
pub async fn still_open(store: &Store, key: &str) -> Result<Option<User>, StoreError> {
    let Some((content, _)) = store.session_load(key).await? else { return Ok(None) };
    let Some(signed_in) = read(&SessionRecord { id: key.to_owned(), content }) else { return Ok(None) };
    match store.user_fetch(signed_in.user).await {
        Ok(user) => Ok(Some(user).filter(|user| user.active)),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn session(touched_hours: i64) -> SignedIn {
        let start = OffsetDateTime::UNIX_EPOCH;
        SignedIn {
            user: UserId(Uuid::nil()),
            since: Timestamp::new(start),
            touched: Timestamp::new(start + Duration::hours(touched_hours)),
            stepped_up: None,
            device: Device::default(),
        }
    }

    #[test]
    fn a_session_ends_by_idling_and_after_a_day() {
        let cases = [(0, 7, false), (0, 8, true), (7, 14, false), (7, 15, true), (23, 23, false), (23, 24, true)];
        for (touched, at, expected) in cases {
            assert_eq!(
                ended(&session(touched), OffsetDateTime::UNIX_EPOCH + Duration::hours(at)),
                expected,
                "touched at {touched} h, now {at} h"
            );
        }
    }

    #[test]
    fn what_was_shown_grows_old() {
        let stepped_up = |at| SignedIn { stepped_up: Some(Timestamp::from_unix(at)), ..session(0) };
        let cases = [
            (session(0), Proof::SignedIn, 80_000, true),
            (session(0), Proof::Recent, 899, true),
            (session(0), Proof::Recent, 900, false),
            (session(0), Proof::Now, 1, false),
            (stepped_up(5000), Proof::Recent, 5899, true),
            (stepped_up(5000), Proof::Recent, 5900, false),
            (stepped_up(5000), Proof::Now, 5119, true),
            (stepped_up(5000), Proof::Now, 5120, false),
        ];
        for (given, proof, at, expected) in cases {
            assert_eq!(given.shows(proof, Timestamp::from_unix(at)), expected, "{proof:?} at {at}: {given:?}");
        }
    }
}
