//! Signing in by an identity provider (OpenID Connect): leaving for it, coming back, and whom that makes. Local accounts do not
//! pass here, so they work whatever the provider does.

mod attempt;
pub mod provider;
pub mod settings;

use std::time::Instant;

use serde_json::json;
use shared::domain::actor::Actor;
use store::User;
use tower_sessions::Session;

pub use self::attempt::{COOKIE_SECONDS, cookie_name};
use self::{attempt::Attempt, provider::Provider};
use crate::{
    AppState,
    app::identity,
    auth::{address::Address, denied, device::Device, session, sign_in},
    error::AppError,
};

/// What the provider sends back with the browser. Only what is known is read: others send more.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Callback {
    code: Option<String>,
    state: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
    error: Option<String>,
}

/// Where the browser goes, and the cookie by which it is known when it comes back.
#[derive(Debug)]
pub struct Departure {
    pub address: String,
    pub cookie: String,
}

/// Somebody has come in.
#[derive(Debug)]
pub struct Arrival {
    pub user: User,
    /// A path of the console.
    pub next: String,
}

fn provider(state: &AppState) -> Result<&Provider, AppError> {
    state.provider.as_ref().ok_or_else(|| AppError::not_found("identity provider set up in this Muster"))
}

/// # Errors
/// If there is no provider, it does not answer, or there were too many attempts from there.
pub async fn depart(
    state: &AppState,
    session: &Session,
    address: Address,
    next: Option<&str>,
) -> Result<Departure, AppError> {
    let provider = provider(state)?;
    state.throttles.address.attempt(&address.key(), Instant::now()).map_err(AppError::too_many_requests)?;
    let (address, secrets) = provider.depart().await.map_err(|error| error.into_app(provider.name()))?;
    let attempt = Attempt { secrets, next: attempt::inside(next), before: session::id(session) };
    Ok(Departure { address, cookie: attempt.keep(&state.store).await? })
}

/// The end of the way. Whatever comes of it, the attempt behind the cookie is used up.
///
/// # Errors
/// A sentence for the person; then nobody is signed in, and the attempt is in the audit log.
pub async fn arrive(
    state: &AppState,
    session: &Session,
    (address, device): (Address, Device),
    cookie: Option<&str>,
    callback: Callback,
) -> Result<Arrival, AppError> {
    let provider = provider(state)?;
    let attempt = match cookie {
        Some(cookie) => Attempt::take(&state.store, cookie).await?,
        None => None,
    };
    let came = come_back(provider, attempt.as_ref(), callback).await;
    let arrived = match came {
        Ok(arrived) => arrived,
        Err(refused) => {
            let object = format!("sign-in by {}: {}", provider.name(), refused.cause().unwrap_or(refused.message()));
            denied::record_unknown(state, &Actor::Anonymous, "session.refused", object, address).await?;
            return Err(refused);
        }
    };
    let user = identity::arrive(state, provider, &arrived, &address.text()).await?;
    sign_in::begin(state, session, &user, device, "identity provider").await?;
    let Attempt { next, before, .. } = attempt.unwrap_or_default();
    if let Some(before) = before {
        // The browser's cookie for it is overwritten: nobody would end it.
        state.store.session_delete(&before).await?;
    }
    state.throttles.address.forgive(&address.key());
    Ok(Arrival { user, next })
}

async fn come_back(
    provider: &Provider,
    attempt: Option<&Attempt>,
    callback: Callback,
) -> Result<provider::Arrived, AppError> {
    let again = "You were not signed in; begin again on the sign-in page.";
    let Some(attempt) = attempt else {
        return Err(AppError::forbidden(format!(
            "This sign-in was not begun in this browser, was used already or took longer than {} min. {again}",
            COOKIE_SECONDS / 60
        )));
    };
    if !callback.state.as_deref().is_some_and(|state| attempt.secrets.is_of(state)) {
        return Err(AppError::forbidden(format!("This answer belongs to another sign-in. {again}")));
    }
    if !provider.is_from(callback.iss.as_deref()).await {
        return Err(AppError::forbidden(format!("This answer does not come from {}. {again}", provider.name())));
    }
    match (callback.code, callback.error.as_deref()) {
        (Some(code), None) => {
            provider.arrive(code, &attempt.secrets).await.map_err(|error| error.into_app(provider.name()))
        }
        // Its own words are not shown: whoever writes the address writes them too.
        (_, Some("access_denied" | "login_required" | "interaction_required" | "consent_required")) => {
            Err(AppError::forbidden(format!("You did not complete the sign-in at {}. {again}", provider.name())))
        }
        _ => Err(AppError::forbidden(format!("{} did not let you sign in. {again}", provider.name()))),
    }
}

/// An administrator says whose account an identity is; from the command line.
///
/// # Errors
/// If there is no such person, or either side is tied already.
pub async fn link(store: &store::Store, by: &Actor, issuer: &str, subject: &str, email: &str) -> Result<(), AppError> {
    let person = store.user_list().await?.into_iter().find(|user| user.email == email.trim().to_lowercase());
    let person = person.ok_or_else(|| AppError::not_found(format!("account {email}")))?;
    if person.service {
        return Err(AppError::not_now(format!(
            "{email} is a program's account, and nobody signs in to it. Nothing was changed."
        )));
    }
    let mut tx = store.begin().await?;
    match tx.identity_add(issuer, subject, person.id).await {
        Ok(()) => {}
        Err(store::StoreError::Conflict(constraint)) => {
            let whose = if constraint == "identity_user" { "This account has" } else { "Somebody else has" };
            return Err(AppError::not_now(format!("{whose} an identity there already. Nothing was changed.")));
        }
        Err(error) => return Err(error.into()),
    }
    let detail = json!({"issuer": issuer, "subject": subject});
    tx.audit(by, "identity.linked", format!("user {}", person.email), detail);
    Ok(tx.commit().await?)
}
