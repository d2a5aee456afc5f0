//! One's own account: password, second factors, sessions. Signing in is the door's; other people's accounts are `people`'s.

use serde_json::{Value, json};
use shared::{
    api::account::{AccountView, CodeIn, PasskeyIn, PasskeyView, PasswordIn, RecoveryCodes, SessionView, TotpView},
    ids::UserId,
};
use store::{Store, StoreError, Tx, User};
use tower_sessions::Session;
use uuid::Uuid;
use webauthn_rs::prelude::PasskeyRegistration;

use super::user;
use crate::{
    AppState,
    auth::{
        device::Device,
        permit::{ChangeAccount, Permit, ViewAccount},
        proof, session, totp,
    },
    error::{AppError, Found as _},
};

const NEW_PASSKEY: &str = "new_passkey";

fn object(user: &User) -> String {
    format!("user {}", user.email)
}

/// # Errors
/// If the database does not answer.
pub async fn view(state: &AppState, permit: &Permit<ViewAccount>, session: &Session) -> Result<AccountView, AppError> {
    let user = permit.user();
    let passkeys = state.store.passkeys_of(user.id).await?.into_iter().map(|one| PasskeyView {
        id: one.id,
        name: one.name,
        created_at: one.created_at,
        last_used_at: one.last_used_at,
    });
    Ok(AccountView {
        me: user::me(user),
        has_password: user.has_password,
        totp: user.factors.totp,
        passkeys: passkeys.collect(),
        passkeys_refused: state.passkeys.refused(),
        recovery_codes: user.factors.recovery_codes,
        factor_required: user.factor_required,
        sessions: sessions(&state.store, user.id, session::id(session).as_deref()).await?,
    })
}

/// Somebody's open sessions: the one that asks first, then by last use.
pub(super) async fn sessions(store: &Store, user: UserId, own: Option<&str>) -> Result<Vec<SessionView>, AppError> {
    let mut all: Vec<SessionView> = store
        .sessions_of(user)
        .await?
        .into_iter()
        .filter_map(|record| {
            let signed_in = session::read(&record)?;
            let Device { address, agent, .. } = signed_in.device;
            Some(SessionView {
                current: own == Some(&*record.id),
                id: record.id,
                address,
                agent,
                since: signed_in.since,
                last_used_at: signed_in.touched,
            })
        })
        .collect();
    all.sort_by_key(|session| (!session.current, std::cmp::Reverse(session.last_used_at)));
    Ok(all)
}

/// Sets a new password and ends every session; the one that asks goes on under a new id.
///
/// # Errors
/// If the present one is wrong or the new one is not fit; then nothing was changed.
pub async fn change_password(
    state: &AppState,
    permit: &Permit<ChangeAccount>,
    session: &Session,
    input: PasswordIn,
) -> Result<(), AppError> {
    let me = permit.user();
    if !me.has_password {
        return Err(AppError::not_now("This account has no password: it signs in elsewhere. Nothing was changed."));
    }
    user::check_password("new", &input.new, &[&me.email, &me.name])?;
    let current = shared::api::session::ProofIn::Password { password: input.current };
    if !proof::check(state, session, me, current).await? {
        let mut tx = state.store.begin().await?;
        tx.audit_denied(&permit.actor(), "proof.refused", object(me), json!({"by": "password"}));
        tx.commit().await?;
        return Err(AppError::invalid("current", "This is not your present password."));
    }
    let hash = state.passwords.hash(input.new).await?;
    let mut tx = state.store.begin().await?;
    tx.user_set_password(me.id, &hash).await?;
    let ended = tx.sessions_end(me.id, session::id(session).as_deref()).await?;
    // A link that somebody else may hold must not set it back.
    tx.links_supersede(store::Purpose::NewPassword, Some(me.id)).await?;
    tx.audit(&permit.actor(), "account.password-changed", object(me), json!({"sessions_ended": ended}));
    tx.commit().await?;
    // Not as a proof: who has a second factor proves by that.
    session::rotate(session).await
}

/// A secret for an authenticator app. It counts from its first right code on.
///
/// # Errors
/// If an app is in use already.
pub async fn totp_begin(state: &AppState, permit: &Permit<ChangeAccount>) -> Result<TotpView, AppError> {
    let me = permit.user();
    let app = totp::new_app(&state.key, me.id.0, &me.email)?;
    let mut tx = state.store.begin().await?;
    if !tx.totp_begin(me.id, &app.sealed).await? {
        return Err(AppError::not_now("An authenticator app is in use already; remove it first. Nothing was changed."));
    }
    tx.commit().await?;
    Ok(TotpView { secret: app.secret, url: app.url })
}

/// The first right code: from now on signing in asks for one. Gives recovery codes, if there were none.
///
/// # Errors
/// If the code does not fit, or no app waits for one.
pub async fn totp_confirm(
    state: &AppState,
    permit: &Permit<ChangeAccount>,
    session: &Session,
    input: CodeIn,
) -> Result<RecoveryCodes, AppError> {
    let me = permit.user();
    let waiting = state.store.totp_fetch(me.id).await?.filter(|app| !app.confirmed);
    let waiting = waiting.ok_or_else(|| AppError::not_now("No authenticator app waits for its first code."))?;
    let now = state.store.now().await?.unix_ms() / 1000;
    let Some(step) = totp::step_of(&state.key, me.id.0, &waiting.sealed_secret, &input.code, now)? else {
        return Err(AppError::invalid(
            "code",
            "This code does not fit. Check that the phone's clock is right, and type the newest one.",
        ));
    };
    let mut tx = state.store.begin().await?;
    if !tx.totp_use(me.id, step).await? {
        return Err(AppError::invalid("code", "This code was used before; wait for the next one."));
    }
    added(tx, permit, session, json!({"kind": "authenticator app"})).await
}

/// Ends every other session, gives recovery codes if there were none, writes it down.
async fn added(
    mut tx: Tx,
    permit: &Permit<ChangeAccount>,
    session: &Session,
    detail: Value,
) -> Result<RecoveryCodes, AppError> {
    let me = permit.user();
    let codes = if me.factors.recovery_codes == 0 { totp::recovery_codes() } else { vec![] };
    if !codes.is_empty() {
        let hashes: Vec<_> = codes.iter().map(|code| totp::recovery_hash(code)).collect();
        tx.recovery_codes_replace(me.id, &hashes).await?;
    }
    tx.sessions_end(me.id, session::id(session).as_deref()).await?;
    tx.audit(&permit.actor(), "account.factor-added", object(me), detail);
    tx.commit().await?;
    session::rotate(session).await?;
    Ok(RecoveryCodes { codes })
}

/// # Errors
/// If there is none, or it is the last factor of somebody whose role asks for one.
pub async fn totp_remove(store: &Store, permit: &Permit<ChangeAccount>) -> Result<(), AppError> {
    let me = permit.user();
    let mut tx = store.begin().await?;
    if !tx.totp_remove(me.id).await? {
        return Err(AppError::not_found("authenticator app of yours"));
    }
    removed(tx, permit, json!({"kind": "authenticator app"})).await
}

async fn removed(mut tx: Tx, permit: &Permit<ChangeAccount>, detail: Value) -> Result<(), AppError> {
    let left = tx.user_fetch(permit.id()).await?;
    if !left.factors.any() {
        if left.factor_required {
            return Err(AppError::not_now(
                "Your role asks for a second factor, and this is the last one. Add another first; nothing was removed.",
            ));
        }
        // They complete a sign-in that takes two proofs; it does not any more.
        tx.recovery_codes_replace(left.id, &[]).await?;
    }
    tx.audit(&permit.actor(), "account.factor-removed", object(&left), detail);
    Ok(tx.commit().await?)
}

/// What the browser is asked to make.
///
/// # Errors
/// If passkeys cannot be had here.
pub async fn passkey_begin(
    state: &AppState,
    permit: &Permit<ChangeAccount>,
    session: &Session,
) -> Result<Value, AppError> {
    let have = state.store.passkeys_of(permit.id()).await?;
    let (asked, kept) = state.passkeys.begin(permit.user(), &have)?;
    session::keep(session, NEW_PASSKEY, kept).await?;
    Ok(asked)
}

/// # Errors
/// If it does not prove anything, or nothing was asked for.
pub async fn passkey_add(
    state: &AppState,
    permit: &Permit<ChangeAccount>,
    session: &Session,
    input: PasskeyIn,
) -> Result<RecoveryCodes, AppError> {
    let kept = session::take::<PasskeyRegistration>(session, NEW_PASSKEY).await?;
    let kept =
        kept.ok_or_else(|| AppError::not_now("No new passkey was asked for here, or it took too long. Begin again."))?;
    let Some((id, made)) = state.passkeys.finish(input.credential, &kept)? else {
        return Err(AppError::invalid("credential", "This passkey does not prove what it must. Begin again."));
    };
    let mut tx = state.store.begin().await?;
    match tx.passkey_add(permit.id(), &id, input.name.as_str(), &made).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => return Err(AppError::not_now("This passkey is in use already.")),
        Err(error) => return Err(error.into()),
    }
    added(tx, permit, session, json!({"kind": "passkey", "name": input.name})).await
}

/// # Errors
/// If there is none with this id, or it is the last factor of somebody whose role asks for one.
pub async fn passkey_remove(store: &Store, permit: &Permit<ChangeAccount>, id: Uuid) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let name = tx.passkey_remove(permit.id(), id).await.found(|| "such passkey of yours".into())?;
    removed(tx, permit, json!({"kind": "passkey", "name": name})).await
}

/// New recovery codes; the old ones no longer count.
///
/// # Errors
/// If there is no second factor that they could stand in for.
pub async fn recovery_codes(store: &Store, permit: &Permit<ChangeAccount>) -> Result<RecoveryCodes, AppError> {
    let me = permit.user();
    if !me.factors.any() {
        return Err(AppError::not_now("Recovery codes stand in for a second factor, and you have none."));
    }
    let codes = totp::recovery_codes();
    let hashes: Vec<_> = codes.iter().map(|code| totp::recovery_hash(code)).collect();
    let mut tx = store.begin().await?;
    tx.recovery_codes_replace(me.id, &hashes).await?;
    tx.audit(&permit.actor(), "account.recovery-codes-made", object(me), json!({}));
    tx.commit().await?;
    Ok(RecoveryCodes { codes })
}

/// Ends one of one's own sessions. Needs no fresh proof: closing a door must be easy.
///
/// # Errors
/// If there is none with this id.
pub async fn session_end(store: &Store, permit: &Permit<ViewAccount>, id: &str) -> Result<(), AppError> {
    permit.signed_in()?;
    let mut tx = store.begin().await?;
    if !tx.session_end(permit.id(), id).await? {
        return Err(AppError::not_found("such session of yours"));
    }
    tx.audit(&permit.actor(), "session.ended", object(permit.user()), json!({"which": "another"}));
    Ok(tx.commit().await?)
}

/// Ends all of one's sessions but this one.
///
/// # Errors
/// If the database does not answer.
pub async fn other_sessions_end(
    store: &Store,
    permit: &Permit<ViewAccount>,
    session: &Session,
) -> Result<(), AppError> {
    permit.signed_in()?;
    let mut tx = store.begin().await?;
    let ended = tx.sessions_end(permit.id(), session::id(session).as_deref()).await?;
    tx.audit(&permit.actor(), "session.ended", object(permit.user()), json!({"which": "all others", "ended": ended}));
    Ok(tx.commit().await?)
}
