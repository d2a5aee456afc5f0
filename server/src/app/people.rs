//! Other people's accounts: who there is, what they have, and what is changed about them. Nobody reaches above their own rights,
//! and somebody who can manage people is always left.

use serde_json::{Value, json};
use shared::{
    api::people::{
        ActiveIn, ContactRolesIn, InvitationView, PeopleView, PersonCommand, PersonRoleIn, PersonRowView, PersonView,
    },
    domain::{
        access::{Action, Rights},
        offer::Offer,
        outbox::Purpose,
    },
    ids::UserId,
};
use store::{DoorLink, Store, Tx, User};
use uuid::Uuid;

use super::{
    account,
    tell::{self, Person, Telling},
};
use crate::{
    auth::permit::{ManagePeople, Permit, ViewPeople, must_enrol},
    error::{AppError, Found as _},
};

/// # Errors
/// If the database does not answer.
pub async fn list(store: &Store, permit: &Permit<ViewPeople>) -> Result<PeopleView, AppError> {
    Ok(PeopleView {
        people: store.user_list().await?.iter().map(row).collect(),
        invitations: store.invitations_open().await?.into_iter().filter_map(invitation).collect(),
        invite_refused: lacks(permit),
    })
}

pub(super) fn lacks(permit: &Permit<ViewPeople>) -> Option<String> {
    (!permit.may(Action::ManagePeople)).then(|| Action::ManagePeople.needs())
}

pub(super) fn row(user: &User) -> PersonRowView {
    PersonRowView {
        id: user.id,
        name: user.name.clone(),
        email: user.email.clone(),
        role: user.role.clone(),
        contact_roles: user.contact_roles.clone(),
        active: user.active,
        service: user.service,
        second_factor: user.factors.any(),
        factor_missing: must_enrol(user),
        signed_in_at: user.signed_in_at,
    }
}

pub(super) fn invitation(link: DoorLink) -> Option<InvitationView> {
    Some(InvitationView {
        id: link.id,
        name: link.name?,
        email: link.email?,
        role: link.role?,
        contact_roles: link.contact_roles,
        made_by: link.made_by,
        made_at: link.made_at,
        expires_at: link.expires_at,
    })
}

/// # Errors
/// 404 if there is no such person.
pub async fn view(store: &Store, permit: &Permit<ViewPeople>, id: UserId) -> Result<PersonView, AppError> {
    let user = store.user_fetch(id).await.found(|| "such person".into())?;
    Ok(PersonView {
        row: row(&user),
        has_password: user.has_password,
        totp: user.factors.totp,
        passkeys: user.factors.passkeys,
        recovery_codes: user.factors.recovery_codes,
        created_at: user.created_at,
        sessions: account::sessions(store, id, None).await?,
        offers: offers(permit, &user),
    })
}

pub(super) const CANNOT_SIGN_IN: &str = "This is a program's account: nobody can sign in to it.";

fn offers(permit: &Permit<ViewPeople>, user: &User) -> Vec<Offer<PersonCommand>> {
    use PersonCommand as C;
    let own = user.id == permit.id();
    let me = permit.user();
    let refused = |command| {
        let taking = matches!(command, C::ChangeRole | C::Deactivate | C::EndSessions);
        let reach = if taking { to_take_away(me.rights) } else { me.rights };
        let first = lacks(permit).or_else(|| above(reach, user));
        first.or_else(|| match command {
            C::ChangeRole if own => Some("Somebody else must change your role.".into()),
            C::Deactivate if own => Some("Somebody else must deactivate you.".into()),
            C::MakePasswordLink if user.service => Some(CANNOT_SIGN_IN.into()),
            C::MakePasswordLink if own => Some("Change your own password under My account.".into()),
            C::MakePasswordLink if !user.active => Some(format!("{} is deactivated.", user.name)),
            C::RemoveFactors if own => Some("Remove your own under My account.".into()),
            C::RemoveFactors if !user.factors.any() => Some(format!("{} has no second factor.", user.name)),
            _ => None,
        })
    };
    let toggle = if user.active { C::Deactivate } else { C::Activate };
    [C::ChangeRole, C::ChangeContactRoles, C::MakePasswordLink, C::RemoveFactors, C::EndSessions, toggle]
        .into_iter()
        .map(|command| Offer { command, refused: refused(command) })
        .collect()
}

/// Why somebody with these rights cannot change this person, if so.
pub(super) fn above(own: Rights, user: &User) -> Option<String> {
    (!own.cover(user.rights))
        .then(|| format!("{} may do things that you may not, so you cannot change their account.", user.name))
}

/// Whoever sees restricted incidents can be stopped by those who do not see them, or nobody could stop them. Anything by which one could come
/// in as they is not among it.
fn to_take_away(own: Rights) -> Rights {
    own.actions().into_iter().chain([Action::SeeRestricted]).collect()
}

/// The person, locked against other changes of people, if this one reaches them.
pub(super) async fn reach(tx: &mut Tx, permit: &Permit<ManagePeople>, id: UserId) -> Result<User, AppError> {
    within(tx, permit.user().rights, id).await
}

async fn within(tx: &mut Tx, rights: Rights, id: UserId) -> Result<User, AppError> {
    tx.people_lock().await?;
    let user = tx.user_fetch(id).await.found(|| "such person".into())?;
    match above(rights, &user) {
        None => Ok(user),
        Some(why) => Err(AppError::forbidden(why)),
    }
}

fn object(user: &User) -> String {
    format!("user {}", user.email)
}

/// Writes the refusal down, if it is one of rights, and gives it back.
pub(super) async fn denied<T>(
    store: &Store,
    permit: &Permit<ManagePeople>,
    object: String,
    outcome: Result<T, AppError>,
) -> Result<T, AppError> {
    if let Err(error) = &outcome
        && error.code() == shared::api::error::ErrorCode::Forbidden
    {
        let mut tx = store.begin().await?;
        tx.audit_denied(&permit.actor(), "access.denied", object, json!({"action": Action::ManagePeople}));
        tx.commit().await?;
    }
    outcome
}

/// Refuses what would leave nobody who can manage people and roles.
pub(super) async fn somebody_is_left(tx: &mut Tx) -> Result<(), AppError> {
    for action in [Action::ManagePeople, Action::ManageRoles] {
        if tx.users_who_may(action).await?.is_empty() {
            return Err(AppError::not_now(format!(
                "Then nobody could {} any more. Give somebody else that right first; nothing was changed.",
                action.words()
            )));
        }
    }
    Ok(())
}

/// What is open on people's screens shows who may do what: they ask again.
fn tell(tx: &mut Tx) {
    tx.live(shared::api::live::Topic::People {});
}

/// # Errors
/// If the role is none, is more than the own one, is one's own, or nobody would be left who can manage people.
pub async fn set_role(
    store: &Store,
    permit: &Permit<ManagePeople>,
    id: UserId,
    input: PersonRoleIn,
) -> Result<(), AppError> {
    let outcome = try_set_role(store, permit, id, &input).await;
    denied(store, permit, format!("user {id}"), outcome).await
}

async fn try_set_role(
    store: &Store,
    permit: &Permit<ManagePeople>,
    id: UserId,
    input: &PersonRoleIn,
) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let user = within(&mut tx, to_take_away(permit.user().rights), id).await?;
    if user.id == permit.id() {
        return Err(AppError::forbidden("Somebody else must change your role. Nothing was changed."));
    }
    let role = tx.role_fetch(&input.role).await.found(|| format!("role {}", input.role))?;
    gives(permit, role.rights)?;
    if user.role == input.role {
        return Ok(());
    }
    tx.user_set_role(id, &input.role).await?;
    tx.links_of_withdraw(id).await?;
    somebody_is_left(&mut tx).await?;
    tx.audit(&permit.actor(), "user.role-changed", object(&user), json!({"from": user.role, "to": input.role}));
    tell(&mut tx);
    Ok(tx.commit().await?)
}

/// # Errors
/// If these are more than the own rights.
pub(super) fn gives(permit: &Permit<ManagePeople>, rights: Rights) -> Result<(), AppError> {
    if permit.user().rights.cover(rights) {
        return Ok(());
    }
    Err(AppError::forbidden("This role may do things that you may not, so you cannot give it. Nothing was changed."))
}

/// # Errors
/// If there is no such person, or they may more than who asks.
pub async fn set_contact_roles(
    store: &Store,
    permit: &Permit<ManagePeople>,
    id: UserId,
    input: ContactRolesIn,
) -> Result<(), AppError> {
    let detail = json!({"to": input.contact_roles});
    change(store, permit, id, "user.contact-roles-changed", detail, async |tx, user| {
        if user.id == permit.id() && !input.contact_roles.iter().all(|role| user.contact_roles.contains(role)) {
            return Err(AppError::forbidden(
                "Somebody else must give you a contact role: it counts as consent. Nothing was changed.",
            ));
        }
        Ok(tx.user_set_contact_roles(id, &input.contact_roles).await?)
    })
    .await
}

/// Deactivating ends every session at once; what the person has approved no longer counts.
///
/// # Errors
/// If it is oneself, or nobody would be left who can manage people.
pub async fn set_active(
    store: &Store,
    permit: &Permit<ManagePeople>,
    id: UserId,
    input: ActiveIn,
) -> Result<(), AppError> {
    let action = if input.active { "user.activated" } else { "user.deactivated" };
    let detail = json!({"reason": input.reason});
    change(store, permit, id, action, detail, async |tx, user| {
        if user.id == permit.id() {
            return Err(AppError::forbidden("Somebody else must deactivate you. Nothing was changed."));
        }
        tx.user_set_active(id, input.active).await?;
        tx.links_of_withdraw(id).await?;
        tx.sessions_end(id, None).await?;
        somebody_is_left(tx).await
    })
    .await
}

/// For somebody who has lost their phone.
///
/// # Errors
/// If it is oneself.
pub async fn remove_factors(store: &Store, permit: &Permit<ManagePeople>, id: UserId) -> Result<(), AppError> {
    change(store, permit, id, "user.factors-removed", json!({}), async |tx, user| {
        if user.id == permit.id() {
            return Err(AppError::forbidden("Remove your own under My account. Nothing was changed."));
        }
        tx.factors_remove(id).await?;
        tx.sessions_end(id, None).await?;
        // They learn of it outside of the account that somebody can now enter more easily.
        let cause = format!("factors-removed:{}", Uuid::now_v7());
        let body = format!(
            "{} has removed your second factor: signing in to Muster takes your password alone until you add one.\n\n\
             If you have not asked for it, tell another administrator now.",
            permit.actor()
        );
        let telling = Telling::new(Purpose::Notice, &cause, "Your second factor was removed", &body);
        let ways = tx.ways_of(&[id]).await?;
        let person = Person { id, name: &user.name, email: &user.email };
        tell::person(tx, &telling, person, &ways).await?;
        Ok(())
    })
    .await
}

/// # Errors
/// If there is no such person, or they may more than who asks.
pub async fn end_sessions(store: &Store, permit: &Permit<ManagePeople>, id: UserId) -> Result<(), AppError> {
    change(store, permit, id, "user.sessions-ended", json!({}), async |tx, _| {
        tx.sessions_end(id, None).await?;
        Ok(())
    })
    .await
}

/// One change of one person, with its entry.
async fn change(
    store: &Store,
    permit: &Permit<ManagePeople>,
    id: UserId,
    action: &str,
    detail: Value,
    work: impl AsyncFnOnce(&mut Tx, &User) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let outcome = async {
        let mut tx = store.begin().await?;
        let own = permit.user().rights;
        let takes = ["user.deactivated", "user.sessions-ended"].contains(&action);
        let user = within(&mut tx, if takes { to_take_away(own) } else { own }, id).await?;
        work(&mut tx, &user).await?;
        tx.audit(&permit.actor(), action, object(&user), detail);
        tell(&mut tx);
        Ok(tx.commit().await?)
    }
    .await;
    denied(store, permit, format!("user {id}"), outcome).await
}
