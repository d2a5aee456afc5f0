//! People who can sign in, with what their role allows now. Password hashes leave only through `user_credentials`.

use std::collections::BTreeSet;

use shared::{
    domain::{
        access::{Action, ContactRole, Rights, Role, RoleName},
        approval::{Decider, Deciders},
    },
    ids::UserId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub role: RoleName,
    /// What the role allows now.
    pub rights: Rights,
    pub contact_roles: Vec<ContactRole>,
    pub active: bool,
    /// A program's: nobody can sign in to it.
    pub service: bool,
    pub factors: Factors,
    /// The role asks for a second factor.
    pub factor_required: bool,
    pub has_password: bool,
    pub created_at: Timestamp,
    /// Since when their rights are what they are, if they have changed.
    pub rights_since: Option<Timestamp>,
    pub signed_in_at: Option<Timestamp>,
}

/// What somebody can prove themselves by, beside a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    pub totp: bool,
    pub passkeys: i64,
    /// Unused ones.
    pub recovery_codes: i64,
}

impl Factors {
    #[must_use]
    pub fn any(self) -> bool {
        self.totp || self.passkeys > 0
    }
}

#[derive(Debug)]
pub struct NewUser<'a> {
    /// Lower case.
    pub email: &'a str,
    pub name: &'a str,
    /// `None`: signs in by other ways only.
    pub password_hash: Option<&'a str>,
    pub role: &'a RoleName,
    pub contact_roles: &'a [ContactRole],
}

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    actions: Option<Vec<String>>,
    contact_roles: Vec<String>,
    active: bool,
    service: bool,
    totp: bool,
    passkeys: i64,
    recovery_codes: i64,
    second_factor: bool,
    has_password: bool,
    created_at: OffsetDateTime,
    rights_since: Option<OffsetDateTime>,
    signed_in_at: Option<OffsetDateTime>,
}

/// What a role's row allows. An action that this release does not know is none.
pub(crate) fn rights_of(name: &str, actions: Option<Vec<String>>) -> Rights {
    match (name.parse::<Role>(), actions) {
        (Ok(role), _) => role.rights(),
        (Err(_), actions) => Rights::of_custom(actions.iter().flatten().filter_map(|action| action.parse().ok())),
    }
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            email: row.email,
            name: row.name,
            rights: rights_of(&row.role, row.actions),
            role: from_name(row.role)?,
            contact_roles: row.contact_roles.into_iter().map(from_name).collect::<Result<_, _>>()?,
            active: row.active,
            service: row.service,
            factors: Factors { totp: row.totp, passkeys: row.passkeys, recovery_codes: row.recovery_codes },
            factor_required: row.second_factor,
            has_password: row.has_password,
            created_at: Timestamp::new(row.created_at),
            rights_since: row.rights_since.map(Timestamp::new),
            signed_in_at: row.signed_in_at.map(Timestamp::new),
        })
    }
}

macro_rules! users {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.email, u.name, u.role, r.actions, r.second_factor, u.contact_roles, u.active, u.service,
                    u.created_at, u.rights_since, u.signed_in_at, u.password_hash IS NOT NULL AS has_password,
                    EXISTS (SELECT FROM totp WHERE user_id = u.id AND confirmed_at IS NOT NULL) AS totp,
                    (SELECT count(*) FROM passkey WHERE user_id = u.id) AS passkeys,
                    (SELECT count(*) FROM recovery_code WHERE user_id = u.id AND used_at IS NULL) AS recovery_codes
             FROM app_user u JOIN role r ON r.name = u.role ",
            $rest
        )
    };
}

impl Store {
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_fetch(&self, id: UserId) -> Result<User, StoreError> {
        sqlx::query_as::<_, UserRow>(users!("WHERE u.id = $1")).bind(id.0).fetch_one(&self.pool).await?.try_into()
    }

    /// The person with this address and the hash of the password, if they have one; inactive people too.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn user_credentials(&self, email: &str) -> Result<Option<(User, Option<String>)>, StoreError> {
        let user = sqlx::query_as::<_, UserRow>(users!("WHERE u.email = lower($1)"))
            .bind(email)
            .fetch_optional(&self.pool)
            .await?;
        let Some(user) = user else { return Ok(None) };
        let user = User::try_from(user)?;
        let hash = sqlx::query_scalar("SELECT password_hash FROM app_user WHERE id = $1")
            .bind(user.id.0)
            .fetch_one(&self.pool)
            .await?;
        Ok(Some((user, hash)))
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn user_list(&self) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query_as::<_, UserRow>(users!("ORDER BY lower(u.name), u.id")).fetch_all(&self.pool).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Whether there is nobody at all yet.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn user_none(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM app_user)").fetch_one(&self.pool).await?)
    }

    /// Active people whose role allows the action, at this moment; no programs.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn users_who_may(&self, action: Action) -> Result<Deciders, StoreError> {
        who_may(&mut *self.pool.acquire().await?, action).await
    }
}

async fn who_may(connection: &mut PgConnection, action: Action) -> Result<Deciders, StoreError> {
    let roles: Vec<&str> = action.roles().iter().map(|role| role.name()).collect();
    let people: Vec<(Uuid, Vec<String>, Option<OffsetDateTime>)> = sqlx::query_as(
        "SELECT u.id, u.contact_roles, u.rights_since FROM app_user u JOIN role r ON r.name = u.role
         WHERE u.active AND NOT u.service AND (u.role = ANY($1) OR $2 = ANY(r.actions))",
    )
    .bind(roles)
    .bind(action.name())
    .fetch_all(connection)
    .await?;
    let held = |names: Vec<String>| names.into_iter().map(from_name).collect::<Result<Vec<_>, _>>();
    let decider = |names, since: Option<OffsetDateTime>| {
        Ok::<_, StoreError>(Decider { contact_roles: held(names)?, since: since.map(Timestamp::new) })
    };
    people.into_iter().map(|(id, names, since)| Ok((UserId(id), decider(names, since)?))).collect()
}

fn names(roles: &[ContactRole]) -> Vec<&'static str> {
    roles.iter().map(|role| role.name()).collect::<BTreeSet<_>>().into_iter().collect()
}

impl Tx {
    /// Holds off everybody else who changes people or roles until this transaction ends, so that rules about all of them
    /// ("somebody must be left who can") are judged one change at a time.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn people_lock(&mut self) -> Result<(), StoreError> {
        sqlx::query("SELECT FROM role WHERE name = 'administrator' FOR UPDATE").execute(self.connection()).await?;
        Ok(())
    }

    /// As [`Store::users_who_may`], inside the transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn users_who_may(&mut self, action: Action) -> Result<Deciders, StoreError> {
        who_may(self.connection(), action).await
    }

    /// As [`Store::user_fetch`], as this transaction sees it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_fetch(&mut self, id: UserId) -> Result<User, StoreError> {
        sqlx::query_as::<_, UserRow>(users!("WHERE u.id = $1"))
            .bind(id.0)
            .fetch_one(self.connection())
            .await?
            .try_into()
    }

    /// As [`Store::user_list`], as this transaction sees it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn user_list(&mut self) -> Result<Vec<User>, StoreError> {
        let rows =
            sqlx::query_as::<_, UserRow>(users!("ORDER BY lower(u.name), u.id")).fetch_all(self.connection()).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn user_none(&mut self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM app_user)").fetch_one(self.connection()).await?)
    }

    /// # Errors
    /// `Conflict("app_user_email_key")` if the address is taken.
    pub async fn user_create(&mut self, new: &NewUser<'_>) -> Result<User, StoreError> {
        let id = UserId(Uuid::now_v7());
        sqlx::query(
            "INSERT INTO app_user (id, email, name, password_hash, role, contact_roles) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.0)
        .bind(new.email)
        .bind(new.name)
        .bind(new.password_hash)
        .bind(new.role.as_str())
        .bind(names(new.contact_roles))
        .execute(self.connection())
        .await?;
        self.user_fetch(id).await
    }

    /// Turns a person's access on or off.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_set_active(&mut self, id: UserId, active: bool) -> Result<(), StoreError> {
        self.user_update("UPDATE app_user SET active = $2 WHERE id = $1", id, active).await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_set_role(&mut self, id: UserId, role: &RoleName) -> Result<(), StoreError> {
        self.user_update("UPDATE app_user SET role = $2 WHERE id = $1", id, role.as_str()).await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_set_contact_roles(&mut self, id: UserId, roles: &[ContactRole]) -> Result<(), StoreError> {
        self.user_update("UPDATE app_user SET contact_roles = $2 WHERE id = $1", id, names(roles)).await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_set_password(&mut self, id: UserId, hash: &str) -> Result<(), StoreError> {
        self.user_update("UPDATE app_user SET password_hash = $2 WHERE id = $1", id, hash).await
    }

    /// That they have signed in now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_signed_in(&mut self, id: UserId) -> Result<(), StoreError> {
        self.user_update("UPDATE app_user SET signed_in_at = now() WHERE id = $1 AND $2", id, true).await
    }

    async fn user_update<'q, V>(&mut self, sql: &'static str, id: UserId, value: V) -> Result<(), StoreError>
    where
        V: 'q + sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send,
    {
        let done = sqlx::query(sql).bind(id.0).bind(value).execute(self.connection()).await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}
