//! Whom somebody is who comes in by an identity provider, and what their groups allow them from now on. Never finds a person by
//! e-mail: whoever can choose an address at the provider would choose an administrator's.

use serde_json::json;
use shared::domain::{actor::Actor, text::Name};
use store::{NewUser, StoreError, Tx, User};

use crate::{
    AppState,
    app::user,
    auth::oidc::{
        provider::{Arrived, Provider},
        settings::Granted,
    },
    error::AppError,
};

/// The person who has come, with the role that their groups give today.
///
/// # Errors
/// A sentence for the person, if they may not come in; that is in the audit log then.
pub async fn arrive(state: &AppState, provider: &Provider, arrived: &Arrived, address: &str) -> Result<User, AppError> {
    let mut tx = state.store.begin().await?;
    let known = tx.identity_person(&arrived.issuer, &arrived.subject).await?;
    let allowed = allowed(provider, arrived, known.as_ref());
    let user = match (allowed, known) {
        (Err(refusal), known) => return refuse(tx, arrived, known.as_ref(), address, refusal).await,
        (Ok(granted), known) => {
            let user = match known {
                Some(user) => refreshed(&mut tx, user, granted).await?,
                None => created(&mut tx, provider, arrived, granted).await?,
            };
            match user {
                Ok(user) => user,
                // The failed statement has ended the transaction.
                Err(refusal) => return refuse(state.store.begin().await?, arrived, None, address, refusal).await,
            }
        }
    };
    tx.commit().await?;
    Ok(user)
}

/// A reason for the log, and a sentence for the person.
type Refused = (&'static str, String);

fn allowed(provider: &Provider, arrived: &Arrived, known: Option<&User>) -> Result<Granted, Refused> {
    if known.is_some_and(|user| !user.active) {
        return Err((
            "switched off",
            "This account is switched off, so you were not signed in. Ask an administrator of this Muster.".into(),
        ));
    }
    provider.settings().roles.granted(&arrived.groups).ok_or_else(|| {
        (
            "no group that may come in",
            format!(
                "{} knows you, but none of your groups there may use this Muster, so you were not signed in. Ask an administrator to put you into one, then sign in again.",
                provider.name()
            ),
        )
    })
}

async fn refuse<T>(
    mut tx: Tx,
    arrived: &Arrived,
    known: Option<&User>,
    address: &str,
    (reason, sentence): Refused,
) -> Result<T, AppError> {
    let object = match known {
        Some(user) => format!("user {}", user.email),
        None => format!("identity {}", arrived.subject),
    };
    let detail = json!({"address": address, "issuer": arrived.issuer, "subject": arrived.subject, "reason": reason});
    tx.audit_denied(&Actor::Anonymous, "session.refused", object, detail);
    tx.commit().await?;
    Err(AppError::forbidden(sentence))
}

fn no_role(granted: &Granted) -> Refused {
    let sentence = format!(
        "Your group stands for the role {} (MUSTER_OIDC_ROLES), which there is not in this Muster. You were not signed in; tell an administrator.",
        granted.role
    );
    ("its role is none", sentence)
}

async fn refreshed(tx: &mut Tx, user: User, granted: Granted) -> Result<Result<User, Refused>, AppError> {
    let mut held = user.contact_roles.clone();
    held.sort_unstable();
    if (&user.role, &held) == (&granted.role, &granted.contact_roles) {
        return Ok(Ok(user));
    }
    tx.people_lock().await?;
    match tx.user_set_role(user.id, &granted.role).await {
        Ok(()) => {}
        Err(StoreError::Conflict(constraint)) if constraint == "app_user_role_fkey" => {
            return Ok(Err(no_role(&granted)));
        }
        Err(error) => return Err(error.into()),
    }
    tx.user_set_contact_roles(user.id, &granted.contact_roles).await?;
    let detail = json!({
        "from": {"role": user.role, "contact_roles": user.contact_roles},
        "to": {"role": granted.role, "contact_roles": granted.contact_roles},
        "why": "groups at the identity provider",
    });
    tx.audit(&Actor::Muster, "user.role-changed", format!("user {}", user.email), detail);
    Ok(Ok(tx.user_fetch(user.id).await?))
}

async fn created(
    tx: &mut Tx,
    provider: &Provider,
    arrived: &Arrived,
    granted: Granted,
) -> Result<Result<User, Refused>, AppError> {
    let at = provider.name();
    let usable = arrived.email.as_deref().filter(|_| arrived.email_verified != Some(false));
    let Some(email) = usable.and_then(|email| user::email(email).ok()) else {
        let sentence = format!(
            "{at} names no confirmed e-mail address of yours, which an account here needs. You were not signed in; ask whoever runs {at}."
        );
        return Ok(Err(("no e-mail address", sentence)));
    };
    let name = arrived.name.as_deref().and_then(|name| Name::parse(name).ok());
    let name = name.as_ref().map_or(email.as_str(), Name::as_str);
    let new = NewUser {
        email: &email,
        name,
        password_hash: None,
        role: &granted.role,
        contact_roles: &granted.contact_roles,
    };
    let user = match tx.user_create(&new).await {
        Ok(user) => user,
        Err(StoreError::Conflict(constraint)) if constraint == "app_user_role_fkey" => {
            return Ok(Err(no_role(&granted)));
        }
        Err(StoreError::Conflict(constraint)) if constraint == "app_user_email_key" => {
            let sentence = format!(
                "There is an account for {email} already, and nobody has said that it is yours at {at}. You were not signed in. Sign in with its password, or ask an administrator to tie both (muster user link)."
            );
            return Ok(Err(("the address is another account's", sentence)));
        }
        Err(error) => return Err(error.into()),
    };
    tx.identity_add(&arrived.issuer, &arrived.subject, user.id).await?;
    let detail = json!({
        "name": user.name, "role": user.role, "contact_roles": user.contact_roles,
        "issuer": arrived.issuer, "subject": arrived.subject,
    });
    tx.audit(&Actor::Muster, "user.created", format!("user {email}"), detail);
    Ok(Ok(user))
}
