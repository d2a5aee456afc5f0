//! Requests that come with a token instead of a session. With a token the cookie counts for nothing; without one nothing here
//! happens. What a token may is the permit's question.

use std::time::Instant;

use axum::{
    extract::{FromRequestParts as _, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};
use serde_json::json;
use shared::{digest::Digest, domain::actor::Actor, timestamp::Timestamp};
use store::{ApiToken, Store, StoreError, User};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    AppState,
    auth::{address::Address, denied},
    error::AppError,
};

/// Tells people, and programs that look for leaked secrets, what it is.
pub const PREFIX: &str = "muster_";

/// What a request with a token turned out to be.
#[derive(Clone, Debug)]
pub(crate) enum Bearer {
    Of(Box<Held>),
    /// Unknown, expired, revoked, or its owner is not let in.
    Refused,
    /// Too many such from one address: seconds to wait.
    TooMany(u64),
}

/// A live token with its owner as they are now.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) token: ApiToken,
    pub(crate) owner: User,
}

/// What the database knows a token by.
#[must_use]
pub fn hash(token: &str) -> String {
    Digest::of(format!("api token {token}").as_bytes()).to_string()
}

/// The token of a request; empty if there is something in its place that cannot be one.
#[must_use]
pub fn of(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let bearer = |value: &&http::HeaderValue| {
        value.as_bytes().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
    };
    let first = values.find(bearer)?;
    // One that says two things says nothing.
    if headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
        return Some("");
    }
    Some(first.to_str().ok().and_then(|text| text.get(6..)).unwrap_or_default().trim())
}

/// Looks at the token before anything else happens, and has what is done written down as done through it.
pub(crate) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(secret) = of(request.headers()).map(str::to_owned) else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    parts.headers.remove(header::COOKIE);
    let address = Address::from_request_parts(&mut parts, &state).await.unwrap_or_else(|never| match never {});
    let path = denied::asked(&parts.method, parts.uri.path());
    let bearer = match look(&state, &secret, address, &path).await {
        Ok(bearer) => bearer,
        Err(error) => return error.into_response(),
    };
    let token = match &bearer {
        Bearer::Of(held) => Some(json!({"id": held.token.id, "name": held.token.name})),
        Bearer::Refused | Bearer::TooMany(_) => None,
    };
    parts.extensions.insert(bearer);
    let request = Request::from_parts(parts, body);
    match token {
        Some(token) => store::through(token, next.run(request)).await,
        None => next.run(request).await,
    }
}

async fn look(state: &AppState, secret: &str, address: Address, path: &str) -> Result<Bearer, AppError> {
    let found = if secret.starts_with(PREFIX) { state.store.token_by_hash(&hash(secret)).await? } else { None };
    if let Some(token) = found.filter(|token| token.live)
        && let Some(owner) = owner(&state.store, &token).await?
    {
        if token.use_is_old(Timestamp::new(OffsetDateTime::now_utc())) {
            state.store.token_used(&token, &address.text()).await?;
        }
        return Ok(Bearer::Of(Box::new(Held { token, owner })));
    }
    if let Err(wait) = state.throttles.token.attempt(&address.key(), Instant::now()) {
        return Ok(Bearer::TooMany(wait));
    }
    denied::record_unknown(state, &Actor::Anonymous, "token.refused", path.to_owned(), address).await?;
    Ok(Bearer::Refused)
}

async fn owner(store: &Store, token: &ApiToken) -> Result<Option<User>, StoreError> {
    match store.user_fetch(token.owner).await {
        Ok(owner) => Ok(Some(owner).filter(|owner| owner.active)),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whose a token is and what they may by it, if it still lets in: for streams that outlive one request.
///
/// # Errors
/// If the database does not answer.
pub async fn still_open(store: &Store, id: Uuid) -> Result<Option<User>, StoreError> {
    let Some(token) = store.token_fetch(id).await?.filter(|token| token.live) else { return Ok(None) };
    let narrow = |user: User| User { rights: user.rights.and(token.rights), ..user };
    Ok(owner(store, &token).await?.map(narrow))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_is_a_token_and_what_is_not() {
        let with = |values: &[&'static [u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
            }
            headers
        };
        let cases: [(&[&'static [u8]], Option<&str>); 7] = [
            (&[], None),
            (&[b"Basic dXNlcjpwYXNz"], None),
            (&[b"Bearer muster_abc"], Some("muster_abc")),
            (&[b"bearer  muster_abc "], Some("muster_abc")),
            (&[b"Bearer"], Some("")),
            (&[b"Bearer \xff"], Some("")),
            (&[b"Bearer muster_abc", b"Bearer muster_def"], Some("")),
        ];
        for (given, expected) in cases {
            assert_eq!(of(&with(given)), expected, "{given:?}");
        }
    }
}
