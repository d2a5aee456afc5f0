//! Signing in and out. Whoever has no account and whoever has another password learn the same, equally fast.

use std::time::Instant;

use serde_json::json;
use shared::{
    api::session::{Me, SignIn},
    domain::actor::Actor,
};
use store::User;
use tower_sessions::Session;

use crate::{
    AppState,
    app::user,
    auth::{address::Address, password::MAX_BYTES, session},
    error::AppError,
};

fn actor(user: &User) -> Actor {
    Actor::User { id: user.id, name: user.name.clone() }
}

/// # Errors
/// If the credentials do not fit an active account, or there were too many attempts.
pub async fn sign_in(state: &AppState, session: &Session, address: Address, input: SignIn) -> Result<Me, AppError> {
    // A control character becomes one that no account's address has; Postgres would not even take a NUL.
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let email: String = input.email.trim().to_lowercase().chars().take(254).map(plain).collect();
    let (network, address) = (address.key(), address.text());
    let now = Instant::now();
    let throttles = &state.throttles;
    throttles.address.attempt(&network, now).map_err(AppError::too_many_requests)?;
    throttles.account.attempt(&email, now).map_err(AppError::too_many_requests)?;
    let known = state.store.user_credentials(&email).await.inspect_err(|_| {
        // The database's absence is not the person's failure.
        throttles.address.forgive(&network);
        throttles.account.forgive(&email);
    })?;
    let (user, hash) = known.unzip();
    // Nobody has a longer one, and hashing it would cost.
    let password = if input.password.len() > MAX_BYTES { String::new() } else { input.password };
    let fits = state.passwords.verify(password, hash).await?;
    let user = user.filter(|user| fits && user.active);

    let mut tx = state.store.begin().await?;
    let object = format!("user {email}");
    let Some(user) = user else {
        tx.audit_denied(&Actor::Anonymous, "session.refused", object, json!({"address": address}));
        tx.commit().await?;
        return Err(AppError::wrong_credentials());
    };
    tx.audit(&actor(&user), "session.begun", object, json!({"address": address}));
    tx.commit().await?;
    session::begin(session, user.id).await?;
    throttles.account.reset(&email);
    throttles.address.forgive(&network);
    Ok(user::me(&user))
}

/// Ends the session, if there is one.
///
/// # Errors
/// If the database does not answer; then the session goes on.
pub async fn sign_out(state: &AppState, session: &Session) -> Result<(), AppError> {
    if let Some(user) = session::user(session, &state.store).await? {
        let mut tx = state.store.begin().await?;
        tx.audit(&actor(&user), "session.ended", format!("user {}", user.email), json!({}));
        tx.commit().await?;
    }
    session::end(session).await
}
