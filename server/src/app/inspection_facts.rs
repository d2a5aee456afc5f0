//! What an inspection looks at, as it is now: everybody's access, and what the server knows of its own hardening. Judges nothing and
//! writes nothing.

use std::{collections::BTreeMap, io, os::unix::fs::PermissionsExt as _, path::Path};

use shared::{
    domain::{
        access::{Action, ContactRole, Rights, Role},
        inspection::{
            access::{Access, AccessToken},
            hardening::{Fact, ServerFacts, Trial},
        },
        verification::{State, places},
    },
    ids::UserId,
    plan::Plan,
};
use store::{ApiToken, Guard, Program, Store, System, User, WaysIn};

use super::audit::verify_store;
use crate::{AppState, error::AppError};

/// Everybody's access by their id; those who were deactivated too.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn accesses(store: &Store, system: &System) -> Result<BTreeMap<UserId, Access>, AppError> {
    let users = store.user_list().await?;
    let contacts = store.contact_list(system.id).await?;
    let mut ways = store.ways_in().await?;
    let mut tokens: BTreeMap<UserId, Vec<AccessToken>> = BTreeMap::new();
    for one in store.tokens_open().await? {
        tokens.entry(one.owner).or_default().push(token(one));
    }
    let one = |user: User| {
        let WaysIn { providers, sessions } = ways.remove(&user.id).unwrap_or_default();
        let mut called: Vec<_> = contacts.iter().filter(|c| c.user == user.id).map(|c| c.role.clone()).collect();
        called.dedup();
        let tokens = if user.active { tokens.remove(&user.id).unwrap_or_default() } else { vec![] };
        (user.id, access(user, providers, sessions, called, tokens))
    };
    Ok(users.into_iter().map(one).collect())
}

fn token(one: ApiToken) -> AccessToken {
    AccessToken {
        id: one.id,
        name: one.name,
        scope: one.rights.actions(),
        made_at: one.made_at,
        expires_at: one.expires_at,
        last_used_at: one.last_used_at,
    }
}

fn access(
    user: User,
    providers: Vec<String>,
    sessions: i64,
    contacts: Vec<String>,
    tokens: Vec<AccessToken>,
) -> Access {
    let everybodys = Rights::from(Role::Viewer);
    Access {
        id: user.id,
        name: user.name,
        email: user.email,
        active: user.active,
        service: user.service,
        role: user.role,
        actions: user.rights.actions().into_iter().filter(|action| !everybodys.may(*action)).collect(),
        contact_roles: user.contact_roles.into_iter().map(ContactRole::name).map(str::to_owned).collect(),
        contacts,
        password: user.has_password,
        passkeys: user.factors.passkeys,
        authenticator: user.factors.totp,
        providers,
        sessions,
        tokens,
        created_at: user.created_at,
        signed_in_at: user.signed_in_at,
    }
}

/// # Errors
/// If the database does not answer. What cannot be found out is a fact, not an error.
pub(super) async fn server(state: &AppState, system: &System, plan: &Plan) -> Result<ServerFacts, AppError> {
    let store = &state.store;
    let powers = [Action::ManagePeople, Action::ManageRoles, Action::DecideRun];
    let powerful = |user: &User| user.active && !user.service && powers.iter().any(|action| user.rights.may(*action));
    let users = store.user_list().await?;
    let powerful: Vec<_> = users.into_iter().filter(powerful).collect();
    let trial = store
        .verification_last(system.id)
        .await?
        .map(|last| Trial { verified: last.state == State::Verified, at: last.ended_at.unwrap_or(last.asked_at) });
    Ok(ServerFacts {
        public_url: state.settings.public_url.origin(),
        https: state.settings.public_url.is_https(),
        without_factor: powerful.iter().filter(|user| !user.factors.any()).map(|user| user.name.clone()).collect(),
        powerful: powerful.len(),
        database: database(store.guard(Program::Server).await?),
        key: key(state.settings.secrets_key_file.as_deref()).await,
        chain: chain(state).await?,
        backup_places: places(plan).len(),
        trial,
        at: store.now().await?,
    })
}

fn database(guard: Guard) -> Fact {
    match guard {
        Guard::Login => Fact { holds: Some(true), text: "Its database login has no more rights than it needs.".into() },
        guarded => Fact { holds: Some(false), text: guarded.warning(Program::Server).unwrap_or_default() },
    }
}

async fn key(file: Option<&Path>) -> Fact {
    let Some(file) = file else {
        return Fact { holds: None, text: "This server does not know in which file its key lies.".into() };
    };
    let mode = async { io::Result::Ok(tokio::fs::metadata(file).await?.permissions().mode() & 0o777) };
    match mode.await {
        Ok(mode) => {
            Fact { holds: Some(mode & 0o077 == 0), text: format!("The permissions of its key's file are {mode:o}.") }
        }
        Err(error) => Fact { holds: None, text: format!("Its key's file cannot be looked at: {error}.") },
    }
}

async fn chain(state: &AppState) -> Result<Fact, AppError> {
    let heads = state.heads.read().await;
    let kept = !heads.is_empty() || !heads.faults().is_empty();
    let verdict = verify_store(&state.store, kept.then_some(&heads)).await?;
    let text = if let Some(broken) = &verdict.broken {
        format!("The chain is broken: {broken}.")
    } else if !verdict.holds() {
        "A signed head does not fit the chain.".to_owned()
    } else {
        let by = verdict.heads.as_ref().map_or_else(
            || "no signed head was there to compare it with".to_owned(),
            |heads| format!("{} signed heads fit it", heads.checked),
        );
        format!("Each of its {} entries follows from the one before; {by}.", verdict.entries)
    };
    Ok(Fact { holds: Some(verdict.holds()), text })
}
