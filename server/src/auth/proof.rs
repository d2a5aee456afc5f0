//! Whether what somebody shows is theirs: a password, a code, a passkey. What follows from it is the caller's: a sign-in or a fresh
//! proof within a session.

use std::time::Instant;

use serde_json::Value;
use shared::api::session::{ProofIn, ProofWay};
use store::{PasskeyRecord, User};
use tower_sessions::Session;

use crate::{
    AppState,
    auth::{passkeys::Challenge, password::MAX_BYTES, session, totp},
    error::AppError,
};

const CHALLENGE: &str = "passkey_challenge";

/// By what somebody shows anew that it is they: by a second factor, if they have one.
#[must_use]
pub fn ways(user: &User) -> Vec<ProofWay> {
    let factors = factors(user);
    if !factors.is_empty() {
        return factors;
    }
    user.has_password.then_some(ProofWay::Password).into_iter().collect()
}

/// What completes a sign-in after the password; nothing, where the password is all there is.
#[must_use]
pub fn second_ways(user: &User) -> Vec<ProofWay> {
    let mut ways = factors(user);
    if !ways.is_empty() && user.factors.recovery_codes > 0 {
        ways.push(ProofWay::RecoveryCode);
    }
    ways
}

fn factors(user: &User) -> Vec<ProofWay> {
    let passkey = (user.factors.passkeys > 0).then_some(ProofWay::Passkey);
    passkey.into_iter().chain(user.factors.totp.then_some(ProofWay::Code)).collect()
}

/// What a browser is asked to show: a passkey of this person, or, of nobody yet known, any.
///
/// # Errors
/// If there are no passkeys here, or the database does not answer.
pub async fn challenge(state: &AppState, session: &Session, user: Option<&User>) -> Result<Value, AppError> {
    let (asked, challenge) = match user {
        Some(user) => state.passkeys.ask(user.id, &state.store.passkeys_of(user.id).await?)?,
        None => state.passkeys.ask_anybody()?,
    };
    session::keep(session, CHALLENGE, challenge).await?;
    Ok(asked)
}

/// Whether this is a proof of this person. Each try counts as an attempt on the account until one succeeds.
///
/// # Errors
/// If there were too many attempts, or the database does not answer.
pub async fn check(state: &AppState, session: &Session, user: &User, proof: ProofIn) -> Result<bool, AppError> {
    let account = &state.throttles.account;
    account.attempt(&user.email, Instant::now()).map_err(AppError::too_many_requests)?;
    let fits = match proof {
        ProofIn::Password { password } => password_fits(state, user, password).await,
        ProofIn::Code { code } => code_fits(state, user, &code).await,
        ProofIn::RecoveryCode { code } => recovery_code_fits(state, user, &code).await,
        ProofIn::Passkey { credential } => passkey_fits(state, session, user, credential).await,
    };
    match fits {
        Ok(true) => account.reset(&user.email),
        Ok(false) => {}
        // Our failure is not theirs.
        Err(_) => account.forgive(&user.email),
    }
    fits
}

async fn password_fits(state: &AppState, user: &User, password: String) -> Result<bool, AppError> {
    let known = state.store.user_credentials(&user.email).await?;
    // Nobody has a longer one, and hashing it would cost.
    let password = if password.len() > MAX_BYTES { String::new() } else { password };
    state.passwords.verify(password, known.and_then(|(_, hash)| hash)).await
}

async fn code_fits(state: &AppState, user: &User, code: &str) -> Result<bool, AppError> {
    let Some(app) = state.store.totp_fetch(user.id).await?.filter(|app| app.confirmed) else { return Ok(false) };
    let now = state.store.now().await?.unix_ms() / 1000;
    let Some(step) = totp::step_of(&state.key, user.id.0, &app.sealed_secret, code, now)? else { return Ok(false) };
    let mut tx = state.store.begin().await?;
    let used = tx.totp_use(user.id, step).await?;
    tx.commit().await?;
    Ok(used)
}

async fn recovery_code_fits(state: &AppState, user: &User, code: &str) -> Result<bool, AppError> {
    let mut tx = state.store.begin().await?;
    let used = tx.recovery_code_use(user.id, &totp::recovery_hash(code)).await?;
    tx.commit().await?;
    Ok(used)
}

async fn passkey_fits(state: &AppState, session: &Session, user: &User, credential: Value) -> Result<bool, AppError> {
    let Some(challenge) = session::take::<Challenge>(session, CHALLENGE).await? else { return Ok(false) };
    let have: Vec<PasskeyRecord> = state.store.passkeys_of(user.id).await?;
    let Some((id, kept)) = state.passkeys.answered(user.id, challenge, credential, have)? else { return Ok(false) };
    let mut tx = state.store.begin().await?;
    tx.passkey_used(id, &kept).await?;
    tx.commit().await?;
    Ok(true)
}
