//! Signing in, in one or two steps, and out. Whoever has no account and whoever has another password learn the same, equally fast.

use std::time::Instant;

use serde_json::{Value, json};
use shared::{
    api::session::{Me, ProofIn, SignIn},
    domain::actor::Actor,
};
use store::User;
use tower_sessions::Session;

use crate::{
    AppState,
    app::user,
    auth::{
        device::Device,
        password::MAX_BYTES,
        permit::{Permit, ViewAccount},
        proof, session,
    },
    error::AppError,
};

fn actor(user: &User) -> Actor {
    Actor::User { id: user.id, name: user.name.clone() }
}

fn object(email: &str) -> String {
    format!("user {email}")
}

/// The first step, and the last for who has no second factor.
///
/// # Errors
/// If the credentials do not fit an active account, a second proof is needed, or there were too many attempts.
pub async fn sign_in(state: &AppState, session: &Session, device: Device, input: SignIn) -> Result<Me, AppError> {
    // A control character becomes one that no account's address has; Postgres would not even take a NUL.
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let email: String = input.email.trim().to_lowercase().chars().take(254).map(plain).collect();
    let network = &device.network;
    let now = Instant::now();
    let throttles = &state.throttles;
    throttles.address.attempt(network, now).map_err(AppError::too_many_requests)?;
    throttles.account.attempt(&email, now).map_err(AppError::too_many_requests)?;
    let _turn = state.passwords.turn().await?;
    let known = state.store.user_credentials(&email).await.inspect_err(|_| {
        // The database's absence is not the person's failure.
        throttles.address.forgive(network);
        throttles.account.forgive(&email);
    })?;
    let (user, hash) = known.unzip();
    // Nobody has a longer one, and hashing it would cost.
    let password = if input.password.len() > MAX_BYTES { String::new() } else { input.password };
    let fits = state.passwords.verify(password, hash.flatten()).await?;
    let Some(user) = user.filter(|user| fits && user.active) else {
        return Err(refused(state, &email, &device, "password", AppError::wrong_credentials()).await?);
    };
    throttles.address.forgive(network);
    let ways = proof::second_ways(&user);
    if !ways.is_empty() {
        session::begin_half(session, user.id).await?;
        return Err(AppError::second_factor_needed(ways));
    }
    throttles.account.reset(&email);
    begin(state, session, &user, device, "password").await
}

/// What the browser is asked to show: for the second step, for a fresh proof, or to sign in by a passkey alone.
///
/// # Errors
/// If there are no passkeys here, too many were asked for, or the database does not answer.
pub async fn challenge(state: &AppState, session: &Session, device: &Device) -> Result<Value, AppError> {
    let user = match session::present(session, &state.store).await? {
        Some(present) => Some(present.user),
        None => half(state, session).await?,
    };
    if user.is_none() {
        let throttle = &state.throttles.challenges;
        throttle.attempt(&device.network, Instant::now()).map_err(AppError::too_many_requests)?;
    }
    proof::challenge(state, session, user.as_ref()).await
}

async fn half(state: &AppState, session: &Session) -> Result<Option<User>, AppError> {
    let Some(id) = session::half(session).await? else { return Ok(None) };
    match state.store.user_fetch(id).await {
        Ok(user) => Ok(Some(user).filter(|user| user.active)),
        Err(store::StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The second step; or the only one, by a passkey that says itself whose it is. (A passkey takes the device and what unlocks it,
/// so it is two factors by itself.)
///
/// # Errors
/// If there was no first step, or the proof is not that person's.
pub async fn second(state: &AppState, session: &Session, device: Device, proof: ProofIn) -> Result<Me, AppError> {
    let way = proof.way();
    let (user, first) = match (half(state, session).await?, &proof) {
        (Some(user), _) if proof::second_ways(&user).contains(&way) => (user, "password and "),
        (None, ProofIn::Passkey { credential }) => {
            let throttle = &state.throttles.address;
            throttle.attempt(&device.network, Instant::now()).map_err(AppError::too_many_requests)?;
            match named(state, credential).await? {
                Some(user) => (user, ""),
                None => return Err(refused(state, "?", &device, "passkey", AppError::wrong_proof(way)).await?),
            }
        }
        _ => return Err(AppError::begin_anew()),
    };
    let how = json!(way);
    let how = format!("{first}{}", how.as_str().unwrap_or_default());
    if !proof::check(state, session, &user, proof).await? {
        return Err(refused(state, &user.email, &device, &how, AppError::wrong_proof(way)).await?);
    }
    state.throttles.address.forgive(&device.network);
    begin(state, session, &user, device, &how).await
}

async fn named(state: &AppState, credential: &Value) -> Result<Option<User>, AppError> {
    let Some(id) = state.passkeys.says(credential)? else { return Ok(None) };
    match state.store.user_fetch(id).await {
        Ok(user) => Ok(Some(user).filter(|user| user.active)),
        Err(store::StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Signs somebody in who has shown what it takes.
///
/// # Errors
/// If it cannot be written down; then nobody is signed in.
pub async fn begin(
    state: &AppState,
    session: &Session,
    user: &User,
    device: Device,
    how: &str,
) -> Result<Me, AppError> {
    let mut tx = state.store.begin().await?;
    tx.user_signed_in(user.id).await?;
    let detail = json!({"address": device.address, "by": how});
    tx.audit(&actor(user), "session.begun", object(&user.email), detail);
    tx.commit().await?;
    session::begin(session, user.id, device).await?;
    Ok(user::me(user))
}

/// Writes the refusal down and gives it back.
async fn refused(
    state: &AppState,
    email: &str,
    device: &Device,
    how: &str,
    error: AppError,
) -> Result<AppError, AppError> {
    let mut tx = state.store.begin().await?;
    let detail = json!({"address": device.address, "by": how});
    tx.audit_denied(&Actor::Anonymous, "session.refused", object(email), detail);
    tx.commit().await?;
    Ok(error)
}

/// Shows anew, within the session, that it is still they.
///
/// # Errors
/// If the proof is none, or of a kind that does not count for them.
pub async fn prove(
    state: &AppState,
    session: &Session,
    permit: &Permit<ViewAccount>,
    proof: ProofIn,
) -> Result<(), AppError> {
    // A token is nobody who could show something.
    let signed_in = permit.signed_in()?;
    let (user, way) = (permit.user(), proof.way());
    if !proof::ways(user).contains(&way) {
        return Err(AppError::invalid(
            "way",
            "This does not count as a proof for your account; use your second factor.",
        ));
    }
    let fits = proof::check(state, session, user, proof).await?;
    let mut tx = state.store.begin().await?;
    let detail = json!({ "by": way });
    if !fits {
        tx.audit_denied(&permit.actor(), "proof.refused", object(&user.email), detail);
        tx.commit().await?;
        return Err(AppError::wrong_proof(way));
    }
    tx.audit(&permit.actor(), "proof.given", object(&user.email), detail);
    tx.commit().await?;
    session::step_up(session, signed_in).await
}

/// Ends the session, if there is one.
///
/// # Errors
/// If the database does not answer; then the session goes on.
pub async fn sign_out(state: &AppState, session: &Session) -> Result<(), AppError> {
    if let Some(present) = session::present(session, &state.store).await? {
        let user = present.user;
        let mut tx = state.store.begin().await?;
        tx.audit(&actor(&user), "session.ended", object(&user.email), json!({}));
        tx.commit().await?;
    }
    session::end(session).await
}
