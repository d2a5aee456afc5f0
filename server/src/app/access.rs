//! Who may do what, to read and to change: the table, the roles made here, and the question about one person.

use serde_json::json;
use shared::{
    api::people::{AccessView, ActionView, MayView, RoleIn, RoleView},
    domain::{
        access::{Action, Rights, RoleName},
        actor::Actor,
    },
    ids::UserId,
};
use store::{Store, StoreError, User};

use super::people;
use crate::{
    auth::permit::{ManageRoles, Permit, ViewPeople, must_enrol},
    error::{AppError, Found as _},
};

/// # Errors
/// If the database does not answer.
pub async fn table(store: &Store, permit: &Permit<ViewPeople>) -> Result<AccessView, AppError> {
    let actions = Action::ALL.iter().map(|action| ActionView {
        action: *action,
        words: action.words().into(),
        why: action.why().into(),
        proof_seconds: action.proof().seconds(),
        basic: Action::BASICS.contains(action),
    });
    let roles = store.role_list().await?.into_iter().map(|role| RoleView {
        built_in: role.name.built_in().is_some(),
        may: role.rights.actions(),
        name: role.name,
        second_factor: role.second_factor,
        people: role.people,
    });
    Ok(AccessView {
        actions: actions.collect(),
        roles: roles.collect(),
        change_refused: (!permit.may(Action::ManageRoles)).then(|| Action::ManageRoles.needs()),
    })
}

/// # Errors
/// 404 if there is no such person.
pub async fn may(store: &Store, _permit: &Permit<ViewPeople>, id: UserId, action: Action) -> Result<MayView, AppError> {
    let user = store.user_fetch(id).await.found(|| "such person".into())?;
    Ok(answer(&user, action))
}

fn answer(user: &User, action: Action) -> MayView {
    let (name, role, words) = (&user.name, &user.role, action.words());
    let no = |why: String| MayView { may: false, why: format!("No. {why}") };
    if !user.active {
        return no(format!("{name} is deactivated."));
    }
    if !user.rights.may(action) {
        return no(format!("{name} has the role {role}, which does not allow to {words}. {}", action.why()));
    }
    if must_enrol(user) && !Action::OWN.contains(&action) {
        return no(format!("The role {role} asks for a second factor, and {name} has none yet."));
    }
    let proof = match action.proof().seconds() {
        None => String::new(),
        Some(seconds) => {
            format!(" They must have shown within the last {} min that it is they.", seconds / 60)
        }
    };
    let consent = match action {
        Action::DecideRun => " Not for a run that they asked for; and a procedure may want a certain contact role.",
        Action::ReviewGlass => " Not for a glass that they broke.",
        Action::ConfirmAnswer => " Not for an answer that they gave.",
        _ => "",
    };
    MayView { may: true, why: format!("Yes. {name} has the role {role}, which allows to {words}.{proof}{consent}") }
}

/// Makes a role, or changes what it allows; on everybody who has it, at once.
///
/// # Errors
/// If it would allow more than the own rights, or leave nobody who can manage people.
pub async fn save(store: &Store, permit: &Permit<ManageRoles>, name: RoleName, input: RoleIn) -> Result<(), AppError> {
    let built_in = name.built_in();
    let may = match (built_in, input.may) {
        (Some(_), None) => None,
        (Some(_), Some(_)) => {
            return Err(AppError::invalid(
                "may",
                format!("What {name} allows is fixed; make a role of your own for something else."),
            ));
        }
        (None, Some(may)) => Some(may),
        (None, None) => return Err(AppError::invalid("may", "Say what the role allows.")),
    };
    let wanted = may.as_ref().map(|may| Rights::of_custom(may.iter().copied()));
    let mut tx = store.begin().await?;
    tx.people_lock().await?;
    let before = match tx.role_fetch(&name).await {
        Ok(role) => Some(role),
        Err(StoreError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let reaches = |rights: Rights| permit.user().rights.cover(rights);
    if !wanted.is_none_or(reaches) || !before.as_ref().is_none_or(|before| reaches(before.rights)) {
        drop(tx);
        return Err(above(store, &permit.actor(), &name).await?);
    }
    if permit.user().role == name && built_in.is_none() {
        return Err(AppError::not_now("Somebody else must change the role that you have. Nothing was changed."));
    }
    let actions = wanted.map(Rights::actions);
    tx.role_save(&name, actions.as_deref(), input.second_factor).await?;
    people::somebody_is_left(&mut tx).await?;
    let detail = json!({
        "from": before.map(|role| json!({"may": role.rights.actions(), "second_factor": role.second_factor})),
        "to": {"may": actions, "second_factor": input.second_factor},
    });
    tx.audit(&permit.actor(), "role.saved", format!("role {name}"), detail);
    tx.live(shared::api::live::Topic::People {});
    Ok(tx.commit().await?)
}

async fn above(store: &Store, by: &Actor, name: &RoleName) -> Result<AppError, AppError> {
    let mut tx = store.begin().await?;
    tx.audit_denied(by, "access.denied", format!("role {name}"), json!({"action": Action::ManageRoles}));
    tx.commit().await?;
    Ok(AppError::forbidden(
        "This role allows what you may not do yourself, so you cannot change it. Nothing was changed.",
    ))
}

/// # Errors
/// If it is built in, or somebody has it.
pub async fn delete(store: &Store, permit: &Permit<ManageRoles>, name: RoleName) -> Result<(), AppError> {
    if name.built_in().is_some() {
        return Err(AppError::not_now(format!("{name} comes with Muster and stays.")));
    }
    let mut tx = store.begin().await?;
    tx.people_lock().await?;
    let role = tx.role_fetch(&name).await.found(|| format!("role {name}"))?;
    if !permit.user().rights.cover(role.rights) {
        drop(tx);
        return Err(above(store, &permit.actor(), &name).await?);
    }
    match tx.role_delete(&name).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => {
            return Err(AppError::not_now(format!(
                "Somebody has the role {name}, perhaps somebody deactivated; give them another one first. Nothing was changed."
            )));
        }
        Err(error) => return Err(error.into()),
    }
    tx.audit(&permit.actor(), "role.deleted", format!("role {name}"), json!({"may": role.rights.actions()}));
    tx.live(shared::api::live::Topic::People {});
    Ok(tx.commit().await?)
}
