//! Links that let somebody in once: an invitation, a new password, the first administrator. A link's token stands behind `#`, which
//! browsers send to nobody; the database knows only its digest.

use std::time::Instant;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use shared::{
    api::people::{InviteIn, LinkSeenView, LinkUseIn, LinkUsedView, LinkView},
    digest::Digest,
    domain::{
        access::{Action, Role, RoleName},
        actor::Actor,
        outbox,
        text::{self, Name},
    },
    ids::UserId,
};
use store::{DoorLink, NewLink, NewMessage, NewUser, Purpose, Store, StoreError, Tx, User, message_secret};
use tower_sessions::Session;
use uuid::Uuid;

use super::{
    people::{CANNOT_SIGN_IN, denied, gives},
    user,
};
use crate::{
    AppState,
    auth::{
        device::Device,
        permit::{ManagePeople, Permit},
        proof, sign_in,
    },
    config::PublicUrl,
    error::{AppError, Found as _},
};

/// An invited person reads mail within a week.
const INVITATION: i64 = 7 * 24 * 3600;
const NEW_PASSWORD: i64 = 24 * 3600;
const FIRST_ADMINISTRATOR: i64 = 24 * 3600;

/// A token of 256 bits, and what the database keeps of it.
fn token() -> (String, String) {
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let hash = hash(&token);
    (token, hash)
}

fn hash(token: &str) -> String {
    Digest::of(format!("door link {}", token.trim()).as_bytes()).to_string()
}

fn shown(public_url: &PublicUrl, token: &str, link: &DoorLink, mailed_to: Option<String>) -> LinkView {
    LinkView { link: format!("{public_url}/join#{token}"), expires_at: link.expires_at, mailed_to }
}

/// Puts the link into the outbox for `email`, if there is a mail server. Its token is sealed until it is sent, and gone then.
async fn mail(
    state: &AppState,
    tx: &mut Tx,
    purpose: outbox::Purpose,
    (token, link): (&str, &DoorLink),
    (user, name, email): (Option<UserId>, &str, &str),
    (subject, body): (&str, &str),
) -> Result<Option<String>, AppError> {
    if state.settings.mail.is_none() {
        return Ok(None);
    }
    let dedup = format!("link:{}", link.id);
    let sealed = state.key.seal(&message_secret(&dedup), format!("#{token}").as_bytes());
    let sealed = sealed.map_err(|e| AppError::bug(e.to_string()))?;
    let new = NewMessage {
        dedup: &dedup,
        purpose,
        user,
        recipient: name,
        channel: outbox::Channel::Email,
        way: None,
        address: email,
        subject,
        body,
        link: Some("/join"),
        incident: None,
        page: None,
        drill_call: None,
        secret: Some(&sealed),
    };
    tx.message_add(&new).await?;
    Ok(Some(email.to_owned()))
}

/// # Errors
/// If a field is not as it must be, the role is more than the own one, or the address has an account.
pub async fn invite(state: &AppState, permit: &Permit<ManagePeople>, input: InviteIn) -> Result<LinkView, AppError> {
    let email = user::email(&input.email)?;
    let outcome = try_invite(state, permit, &email, &input).await;
    denied(&state.store, permit, format!("invitation of {email}"), outcome).await
}

async fn try_invite(
    state: &AppState,
    permit: &Permit<ManagePeople>,
    email: &str,
    input: &InviteIn,
) -> Result<LinkView, AppError> {
    if state.store.user_credentials(email).await?.is_some() {
        return Err(user::taken(email));
    }
    let mut tx = state.store.begin().await?;
    let role = tx.role_fetch(&input.role).await;
    let role = role.map_err(|error| match error {
        StoreError::NotFound => AppError::invalid("role", format!("There is no role {}.", input.role)),
        other => other.into(),
    })?;
    gives(permit, role.rights)?;
    let (token, hash) = token();
    let by = permit.actor();
    let link = tx
        .link_create(&NewLink {
            token_hash: &hash,
            purpose: Purpose::Invitation,
            user: None,
            email: Some(email),
            name: Some(input.name.as_str()),
            role: Some(&input.role),
            contact_roles: &input.contact_roles,
            made_by: &by.to_string(),
            maker: Some(permit.id()),
            valid_seconds: INVITATION,
        })
        .await?;
    let words = (
        "You are invited to Muster",
        &*format!(
            "{by} invites you to Muster as {}. Make your account by the link until {}; it is good once.\n\n\
             If you do not know {by}, do nothing: without the link there is no account.",
            input.role,
            link.expires_at.utc_text(),
        ),
    );
    let to = (None, input.name.as_str(), email);
    let mailed_to = mail(state, &mut tx, outbox::Purpose::Invitation, (&token, &link), to, words).await?;
    let detail = json!({"name": input.name, "role": input.role, "contact_roles": input.contact_roles, "mailed": mailed_to.is_some()});
    tx.audit(&by, "user.invited", format!("user {email}"), detail);
    tx.live(shared::api::live::Topic::People {});
    tx.commit().await?;
    Ok(shown(&state.settings.public_url, &token, &link, mailed_to))
}

/// # Errors
/// If there is none with this id that can still be used.
pub async fn withdraw(store: &Store, permit: &Permit<ManagePeople>, id: Uuid) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let link = tx.invitation_withdraw(id).await.found(|| "such open invitation".into())?;
    if let Some(role) = &link.role
        && let Ok(role) = tx.role_fetch(role).await
        && !permit.user().rights.cover(role.rights)
    {
        return Err(AppError::forbidden(
            "This role may do things that you may not, so its invitation is not yours to withdraw.",
        ));
    }
    let email = link.email.unwrap_or_default();
    tx.audit(&permit.actor(), "user.invitation-withdrawn", format!("user {email}"), json!({}));
    tx.live(shared::api::live::Topic::People {});
    Ok(tx.commit().await?)
}

/// A link for somebody who has lost their password. It signs nobody in who has a second factor.
///
/// # Errors
/// If there is no such active person, or they may more than who asks.
pub async fn new_password(state: &AppState, permit: &Permit<ManagePeople>, id: UserId) -> Result<LinkView, AppError> {
    let outcome = async {
        let user = state.store.user_fetch(id).await.found(|| "such person".into())?;
        gives(permit, user.rights)?;
        if user.id == permit.id() {
            return Err(AppError::forbidden("Change your own password under My account. Nothing was made."));
        }
        let by = permit.actor();
        let mut tx = state.store.begin().await?;
        let (token, link) = password_token(&mut tx, &by, &user).await?;
        let words = (
            "Set a new password for Muster",
            &*format!(
                "{by} has made a link by which you can set a new password for Muster, until {}; it is good once.\n\n\
                 If you have not asked for it, tell an administrator.",
                link.expires_at.utc_text(),
            ),
        );
        let to = (Some(user.id), &*user.name, &*user.email);
        let mailed_to = mail(state, &mut tx, outbox::Purpose::NewPassword, (&token, &link), to, words).await?;
        tx.commit().await?;
        Ok(shown(&state.settings.public_url, &token, &link, mailed_to))
    };
    denied(&state.store, permit, format!("user {id}"), outcome.await).await
}

/// For whoever is at the server's command line: handed over by hand.
///
/// # Errors
/// If they are deactivated.
pub async fn password_link(
    store: &Store,
    public_url: &PublicUrl,
    by: &Actor,
    user: &User,
) -> Result<LinkView, AppError> {
    let mut tx = store.begin().await?;
    let (token, link) = password_token(&mut tx, by, user).await?;
    tx.commit().await?;
    Ok(shown(public_url, &token, &link, None))
}

/// Only the newest link of a person counts.
async fn password_token(tx: &mut Tx, by: &Actor, user: &User) -> Result<(String, DoorLink), AppError> {
    if user.service {
        return Err(AppError::not_now(format!("{CANNOT_SIGN_IN} No link was made.")));
    }
    if !user.active {
        return Err(AppError::not_now(format!("{} is deactivated. No link was made.", user.name)));
    }
    let (token, hash) = token();
    tx.links_supersede(Purpose::NewPassword, Some(user.id)).await?;
    let link = tx
        .link_create(&plain(&hash, Purpose::NewPassword, Some(user.id), (&by.to_string(), id_of(by)), NEW_PASSWORD))
        .await?;
    tx.audit(by, "user.password-link-made", format!("user {}", user.email), json!({}));
    Ok((token, link))
}

fn id_of(by: &Actor) -> Option<UserId> {
    match by {
        Actor::User { id, .. } => Some(*id),
        _ => None,
    }
}

/// Whether whoever made it could make it now: a link gives no right that its maker has lost.
async fn maker_still_may(tx: &mut Tx, link: &DoorLink) -> Result<bool, AppError> {
    let Some(maker) = link.maker else { return Ok(true) };
    let maker = tx.user_fetch(maker).await?;
    let given = match (&link.role, link.user) {
        (Some(role), _) => match tx.role_fetch(role).await {
            Ok(role) => role.rights,
            // Its absence is told in words of its own.
            Err(StoreError::NotFound) => return Ok(true),
            Err(error) => return Err(error.into()),
        },
        (None, Some(user)) => tx.user_fetch(user).await?.rights,
        (None, None) => return Ok(true),
    };
    Ok(maker.active && maker.rights.may(Action::ManagePeople) && maker.rights.cover(given))
}

fn plain<'a>(
    token_hash: &'a str,
    purpose: Purpose,
    user: Option<UserId>,
    by: (&'a str, Option<UserId>),
    valid_seconds: i64,
) -> NewLink<'a> {
    NewLink {
        token_hash,
        purpose,
        user,
        email: None,
        name: None,
        role: None,
        contact_roles: &[],
        made_by: by.0,
        maker: by.1,
        valid_seconds,
    }
}

/// A link for the first administrator, while there is nobody at all; `None` once there is somebody.
///
/// # Errors
/// If the database does not answer.
pub async fn first_administrator(store: &Store, public_url: &PublicUrl) -> Result<Option<LinkView>, AppError> {
    let (token, hash) = token();
    let mut tx = store.begin().await?;
    tx.people_lock().await?;
    if !tx.user_none().await? {
        return Ok(None);
    }
    tx.links_supersede(Purpose::FirstAdministrator, None).await?;
    let by = Actor::CommandLine;
    let link = tx
        .link_create(&plain(&hash, Purpose::FirstAdministrator, None, (&by.to_string(), None), FIRST_ADMINISTRATOR))
        .await?;
    tx.audit(&by, "user.first-link-made", "the first administrator", json!({}));
    tx.commit().await?;
    Ok(Some(shown(public_url, &token, &link, None)))
}

/// What a link is for. Whoever has it may know.
///
/// # Errors
/// If it opens nothing, or too many were tried from there.
pub async fn look(state: &AppState, device: &Device, token: &str) -> Result<LinkSeenView, AppError> {
    attempt(state, device)?;
    let link = state.store.link_open(&hash(token)).await.map_err(closed)?;
    if !maker_still_may(&mut state.store.begin().await?, &link).await? {
        return Err(AppError::link_closed());
    }
    let seen = match link.purpose {
        Purpose::Invitation => invited(&link).map(|(name, email, role)| LinkSeenView::Invitation {
            name: name.into(),
            email: email.into(),
            role: role.clone(),
            made_by: link.made_by.clone(),
            expires_at: link.expires_at,
        }),
        Purpose::NewPassword => match link.user {
            Some(id) => {
                let user = state.store.user_fetch(id).await?;
                user.active.then_some(LinkSeenView::NewPassword {
                    name: user.name,
                    email: user.email,
                    expires_at: link.expires_at,
                })
            }
            None => None,
        },
        Purpose::FirstAdministrator => {
            state.store.user_none().await?.then_some(LinkSeenView::FirstAdministrator { expires_at: link.expires_at })
        }
    };
    state.throttles.address.forgive(&device.network);
    seen.ok_or_else(AppError::link_closed)
}

fn attempt(state: &AppState, device: &Device) -> Result<(), AppError> {
    state.throttles.address.attempt(&device.network, Instant::now()).map_err(AppError::too_many_requests)
}

fn closed(error: StoreError) -> AppError {
    match error {
        StoreError::NotFound => AppError::link_closed(),
        other => other.into(),
    }
}

fn invited(link: &DoorLink) -> Option<(&str, &str, &RoleName)> {
    Some((link.name.as_deref()?, link.email.as_deref()?, link.role.as_ref()?))
}

/// Uses a link up: makes the account or sets the password. Signs in whoever then needs no second factor.
///
/// # Errors
/// If it opens nothing or a field is not as it must be; then the link still counts.
pub async fn use_up(
    state: &AppState,
    session: &Session,
    device: Device,
    input: LinkUseIn,
) -> Result<LinkUsedView, AppError> {
    attempt(state, &device)?;
    let token_hash = hash(&input.token);
    // Looked at first, so that nobody makes us hash passwords for nothing.
    let seen = state.store.link_open(&token_hash).await.map_err(closed)?;
    let (email, name) = who(state, &seen, &input).await?;
    user::check_password("password", &input.password, &[&email, &name])?;
    let password = state.passwords.hash(input.password.clone()).await?;
    let mut tx = state.store.begin().await?;
    tx.people_lock().await?;
    let link = tx.link_use(&token_hash).await.map_err(closed)?;
    if !maker_still_may(&mut tx, &link).await? {
        return Err(AppError::link_closed());
    }
    let user = match link.purpose {
        Purpose::NewPassword => set_password(&mut tx, &link, &password).await?,
        Purpose::Invitation => {
            let role = link.role.clone().ok_or_else(|| AppError::bug("an invitation without a role"))?;
            match tx.role_fetch(&role).await {
                Ok(_) => {}
                Err(StoreError::NotFound) => {
                    return Err(AppError::not_now(format!(
                        "The role {role} that you were invited to is gone. Ask for another invitation."
                    )));
                }
                Err(error) => return Err(error.into()),
            }
            if link.name.as_deref() != Some(&*name) {
                unlike_others(&mut tx, &name).await?;
            }
            create(&mut tx, &link, &email, &name, &role, &password).await?
        }
        Purpose::FirstAdministrator => {
            if !tx.user_none().await? {
                return Err(AppError::link_closed());
            }
            create(&mut tx, &link, &email, &name, &Role::Administrator.into(), &password).await?
        }
    };
    tx.live(shared::api::live::Topic::People {});
    tx.commit().await?;
    state.throttles.address.forgive(&device.network);
    let signed_in = proof::second_ways(&user).is_empty();
    if signed_in {
        sign_in::begin(state, session, &user, device, "link").await?;
    }
    Ok(LinkUsedView { email: user.email, signed_in })
}

/// Names stand in timelines and consents. Who is invited does not choose a colleague's.
async fn unlike_others(tx: &mut Tx, name: &str) -> Result<(), AppError> {
    let taken = tx.user_list().await?.into_iter().any(|user| text::alike(&user.name) == text::alike(name));
    if taken {
        return Err(AppError::invalid("name", "Somebody here has this name already; add what tells you apart."));
    }
    Ok(())
}

/// The address and name the account has or gets.
async fn who(state: &AppState, link: &DoorLink, input: &LinkUseIn) -> Result<(String, String), AppError> {
    let chosen = input.name.as_ref().map(|name| name.as_str().to_owned());
    match link.purpose {
        Purpose::NewPassword => {
            let id = link.user.ok_or_else(AppError::link_closed)?;
            let user = state.store.user_fetch(id).await?;
            Ok((user.email, user.name))
        }
        Purpose::Invitation => {
            let (name, email, _) = invited(link).ok_or_else(AppError::link_closed)?;
            Ok((email.into(), chosen.unwrap_or_else(|| name.into())))
        }
        Purpose::FirstAdministrator => {
            let email =
                input.email.as_deref().ok_or_else(|| AppError::invalid("email", "Write your e-mail address."))?;
            let name = chosen.ok_or_else(|| AppError::invalid("name", "Write your name."))?;
            Ok((user::email(email)?, name))
        }
    }
}

async fn set_password(tx: &mut Tx, link: &DoorLink, password: &str) -> Result<User, AppError> {
    let id = link.user.ok_or_else(AppError::link_closed)?;
    let user = tx.user_fetch(id).await?;
    if !user.active {
        return Err(AppError::link_closed());
    }
    tx.user_set_password(id, password).await?;
    let ended = tx.sessions_end(id, None).await?;
    // Whoever had to be let in anew may have been robbed: what else lets in ends, too.
    let revoked = tx.tokens_of_revoke(id).await?;
    let by = Actor::User { id, name: user.name.clone() };
    let detail = json!({"by": "link", "made_by": link.made_by, "sessions_ended": ended, "tokens_revoked": revoked});
    tx.audit(&by, "account.password-changed", format!("user {}", user.email), detail);
    Ok(user)
}

async fn create(
    tx: &mut Tx,
    link: &DoorLink,
    email: &str,
    name: &str,
    role: &RoleName,
    password: &str,
) -> Result<User, AppError> {
    let name = Name::parse(name).map_err(|e| AppError::invalid("name", e))?;
    let new =
        NewUser { email, name: name.as_str(), password_hash: Some(password), role, contact_roles: &link.contact_roles };
    let user = user::insert(tx, &new).await?;
    let by = Actor::User { id: user.id, name: user.name.clone() };
    let detail = json!({
        "name": user.name, "role": user.role, "contact_roles": user.contact_roles, "by": "link", "made_by": link.made_by,
    });
    tx.audit(&by, "user.created", format!("user {email}"), detail);
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_only_their_digest_is_kept() {
        let (first, second) = (token(), token());
        assert_eq!(first.0.len(), 43);
        assert_ne!(first.0, second.0);
        assert!(!first.1.contains(&first.0) && hash(&format!(" {}\n", first.0)) == first.1);
        assert!(Action::ManagePeople.proof().seconds().is_some(), "an open browser must not make links");
    }
}
