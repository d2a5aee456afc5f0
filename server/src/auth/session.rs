//! Sessions: begun at sign-in under a new id, ended by sign-out, by idling and after a day. Passwords are not checked here.

use serde::{Deserialize, Serialize};
use shared::{ids::UserId, timestamp::Timestamp};
use store::{Store, StoreError, User};
use time::{Duration, OffsetDateTime};
use tower_sessions::{Expiry, Session, SessionManagerLayer, cookie::SameSite, session::Error};

use crate::{auth::session_store::StoredSessions, error::AppError};

const IDLE: Duration = Duration::hours(8);
const AT_MOST: Duration = Duration::hours(24);
/// How often use of a session is written down.
const TOUCH_EVERY_SECONDS: i64 = 300;
const KEY: &str = "signed_in";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SignedIn {
    user: UserId,
    since: Timestamp,
    touched: Timestamp,
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

/// Begins a session under a new id; what the old one held is gone.
///
/// # Errors
/// If it cannot be stored; then nobody is signed in.
pub async fn begin(session: &Session, user: UserId) -> Result<(), AppError> {
    session.clear().await;
    session.cycle_id().await.map_err(failed)?;
    let now = Timestamp::new(now());
    session.insert(KEY, SignedIn { user, since: now, touched: now }).await.map_err(failed)?;
    session.save().await.map_err(failed)
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
pub async fn user(session: &Session, store: &Store) -> Result<Option<User>, AppError> {
    let Some(signed_in) = session.get::<SignedIn>(KEY).await.map_err(failed)? else { return Ok(None) };
    let now = now();
    if ended(&signed_in, now) {
        end(session).await?;
        return Ok(None);
    }
    match store.user_fetch(signed_in.user).await {
        Ok(user) if user.active => {
            touch(session, signed_in, now).await?;
            Ok(Some(user))
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
async fn touch(session: &Session, signed_in: SignedIn, now: OffsetDateTime) -> Result<(), AppError> {
    let touched = Timestamp::new(now);
    if touched.seconds_since(signed_in.touched) < TOUCH_EVERY_SECONDS {
        return Ok(());
    }
    session.set_expiry(Some(Expiry::AtDateTime((now + IDLE).min(signed_in.since.inner() + AT_MOST))));
    session.insert(KEY, SignedIn { touched, ..signed_in }).await.map_err(failed)
}

/// Whether a stored session is still somebody's who may come in: for streams that outlive one request.
///
/// # Errors
/// If the database does not answer.
pub async fn still_open(store: &Store, key: &str) -> Result<bool, StoreError> {
    let Some((content, _)) = store.session_load(key).await? else { return Ok(false) };
    let Some(signed_in) = content.get(KEY).and_then(|value| SignedIn::deserialize(value).ok()) else {
        return Ok(false);
    };
    if ended(&signed_in, now()) {
        return Ok(false);
    }
    match store.user_fetch(signed_in.user).await {
        Ok(user) => Ok(user.active),
        Err(StoreError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_session_ends_by_idling_and_after_a_day() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let session = |touched_hours| SignedIn {
            user: UserId(Uuid::nil()),
            since: Timestamp::new(start),
            touched: Timestamp::new(start + Duration::hours(touched_hours)),
        };
        let cases = [(0, 7, false), (0, 8, true), (7, 14, false), (7, 15, true), (23, 23, false), (23, 24, true)];
        for (touched, at, expected) in cases {
            assert_eq!(
                ended(&session(touched), start + Duration::hours(at)),
                expected,
                "touched at {touched} h, now {at} h"
            );
        }
    }
}
