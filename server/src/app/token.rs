//! API tokens: people make them for themselves, those who manage people for the accounts of programs. What a token is checked for is
//! the door's.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use shared::{
    api::{
        people::PersonRowView,
        token::{ServiceAccountIn, TokenChoice, TokenIn, TokenMade, TokenView, TokensView},
    },
    domain::{
        access::{Action, Proof, Rights},
        actor::Actor,
    },
    ids::UserId,
};
use store::{ApiToken, NewToken, Store, StoreError, Tx, User};
use uuid::Uuid;

use super::people::{self, denied, gives};
use crate::{
    auth::{
        bearer::{self, PREFIX},
        permit::{ChangeAccount, ManagePeople, Permit, ViewAccount, ViewPeople},
    },
    error::{AppError, Found as _},
};

/// More for one account nobody keeps in sight.
const MOST: i64 = 50;
const MOST_DAYS: u16 = 365;
/// How much of a token people see afterwards.
const SHOWN: usize = PREFIX.len() + 5;

/// What tokens can do at all: no token can show that it is the person who sits there.
fn possible() -> Rights {
    Action::ALL.iter().copied().filter(|action| action.proof() == Proof::SignedIn).collect()
}

fn shown(token: ApiToken) -> TokenView {
    TokenView {
        id: token.id,
        may: token.rights.actions(),
        expired: !token.live && !token.revoked,
        name: token.name,
        prefix: token.prefix,
        made_by: token.made_by,
        made_at: token.made_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        last_used_from: token.last_used_from,
    }
}

async fn view(store: &Store, owner: &User, refused: Option<String>) -> Result<TokensView, AppError> {
    let choice = |action: Action| TokenChoice { action, words: action.words().to_owned() };
    Ok(TokensView {
        tokens: store.tokens_of(owner.id).await?.into_iter().map(shown).collect(),
        choices: owner.rights.and(possible()).actions().into_iter().map(choice).collect(),
        refused,
    })
}

fn object(owner: &User) -> String {
    format!("user {}", owner.email)
}

async fn make(tx: &mut Tx, by: &Actor, owner: &User, input: TokenIn) -> Result<TokenMade, AppError> {
    let wanted: Rights = input.may.iter().copied().collect();
    let can = owner.rights.and(possible());
    if let Some(action) = wanted.actions().into_iter().find(|action| !can.may(*action)) {
        let why = if owner.rights.may(action) {
            format!("To {} one must show anew that it is oneself, which no token can.", action.words())
        } else {
            format!("{} may not {} themselves.", owner.name, action.words())
        };
        return Err(AppError::invalid("may", why));
    }
    if wanted == Rights::default() {
        return Err(AppError::invalid("may", "Say what the token is for: choose at least one thing that it may do."));
    }
    if !(1..=MOST_DAYS).contains(&input.valid_days) {
        return Err(AppError::invalid("valid_days", format!("A token is valid for 1 to {MOST_DAYS} days.")));
    }
    if tx.tokens_live(owner.id).await? >= MOST {
        return Err(AppError::not_now(format!(
            "There are {MOST} tokens of {} already. Revoke one first; none was made.",
            owner.name
        )));
    }
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    let new = NewToken {
        owner: owner.id,
        name: input.name.as_str(),
        prefix: &token[..SHOWN],
        token_hash: &bearer::hash(&token),
        rights: wanted,
        made_by: &by.to_string(),
        valid_days: i32::from(input.valid_days),
    };
    let made = tx.token_create(&new).await?;
    let detail = json!({"token": {"id": made.id, "name": made.name}, "may": input.may, "expires_at": made.expires_at});
    tx.audit(by, "token.made", object(owner), detail);
    tx.live(shared::api::live::Topic::People {});
    Ok(TokenMade { token, view: shown(made) })
}

async fn revoke(tx: &mut Tx, by: &Actor, owner: &User, id: Uuid) -> Result<(), AppError> {
    let name = tx.token_revoke(owner.id, id).await.found(|| "such token that is not revoked yet".into())?;
    tx.audit(by, "token.revoked", object(owner), json!({"token": {"id": id, "name": name}}));
    // Streams that were opened with it look whether it is still there.
    tx.live(shared::api::live::Topic::People {});
    Ok(())
}

/// # Errors
/// If the database does not answer.
pub async fn own(store: &Store, permit: &Permit<ViewAccount>) -> Result<TokensView, AppError> {
    view(store, permit.user(), None).await
}

/// # Errors
/// If a field is not as it must be, or there are too many.
pub async fn make_own(store: &Store, permit: &Permit<ChangeAccount>, input: TokenIn) -> Result<TokenMade, AppError> {
    let mut tx = store.begin().await?;
    tx.people_lock().await?;
    let made = make(&mut tx, &permit.actor(), permit.user(), input).await?;
    tx.commit().await?;
    Ok(made)
}

/// Needs no fresh proof: closing a door must be easy.
///
/// # Errors
/// If there is none such of theirs.
pub async fn revoke_own(store: &Store, permit: &Permit<ViewAccount>, id: Uuid) -> Result<(), AppError> {
    permit.signed_in()?;
    let mut tx = store.begin().await?;
    revoke(&mut tx, &permit.actor(), permit.user(), id).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If there is no such person.
pub async fn of(store: &Store, permit: &Permit<ViewPeople>, id: UserId) -> Result<TokensView, AppError> {
    let owner = store.user_fetch(id).await.found(|| "such person".into())?;
    let refused =
        people::lacks(permit).or_else(|| people::above(permit.user().rights, &owner)).or_else(|| cannot(&owner));
    view(store, &owner, refused).await
}

/// Why others cannot make a token for them, if so.
fn cannot(owner: &User) -> Option<String> {
    if !owner.service {
        return Some(format!("{} is a person, and people make tokens for themselves.", owner.name));
    }
    (!owner.active).then(|| format!("{} is deactivated.", owner.name))
}

/// For a program's account.
///
/// # Errors
/// If it is a person's, may more than who asks, or a field is not as it must be.
pub async fn make_for(
    store: &Store,
    permit: &Permit<ManagePeople>,
    id: UserId,
    input: TokenIn,
) -> Result<TokenMade, AppError> {
    let outcome = async {
        let mut tx = store.begin().await?;
        let owner = people::reach(&mut tx, permit, id).await?;
        if let Some(why) = cannot(&owner) {
            return Err(AppError::not_now(format!("{why} No token was made.")));
        }
        let made = make(&mut tx, &permit.actor(), &owner, input).await?;
        tx.commit().await?;
        Ok(made)
    };
    denied(store, permit, format!("user {id}"), outcome.await).await
}

/// Anybody's whom the permit reaches.
///
/// # Errors
/// If there is none such of theirs.
pub async fn revoke_of(store: &Store, permit: &Permit<ManagePeople>, id: UserId, token: Uuid) -> Result<(), AppError> {
    let outcome = async {
        let mut tx = store.begin().await?;
        let owner = people::reach(&mut tx, permit, id).await?;
        revoke(&mut tx, &permit.actor(), &owner, token).await?;
        Ok(tx.commit().await?)
    };
    denied(store, permit, format!("user {id}"), outcome.await).await
}

/// # Errors
/// If there is no such role, or it is more than the own one.
pub async fn create_service_account(
    store: &Store,
    permit: &Permit<ManagePeople>,
    input: ServiceAccountIn,
) -> Result<PersonRowView, AppError> {
    let outcome = async {
        let mut tx = store.begin().await?;
        tx.people_lock().await?;
        let role = tx.role_fetch(&input.role).await.map_err(|error| match error {
            StoreError::NotFound => AppError::invalid("role", format!("There is no role {}.", input.role)),
            other => other.into(),
        })?;
        gives(permit, role.rights)?;
        // Nobody can have this address: the ending is reserved for that (RFC 2606).
        let email = format!("{}@service.invalid", Uuid::new_v4().simple());
        let account = tx.service_account_create(&email, input.name.as_str(), &input.role).await?;
        let detail = json!({"name": account.name, "role": account.role});
        tx.audit(&permit.actor(), "user.service-account-created", object(&account), detail);
        tx.live(shared::api::live::Topic::People {});
        tx.commit().await?;
        Ok(people::row(&account))
    };
    denied(store, permit, format!("service account {}", input.name.as_str()), outcome.await).await
}
