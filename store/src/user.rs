//! People who can sign in. Password hashes leave only through `user_credentials`.

use shared::{
    domain::{
        access::{Action, ContactRole, Role},
        approval::Deciders,
    },
    ids::UserId,
};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub contact_roles: Vec<ContactRole>,
    pub active: bool,
}

#[derive(Debug)]
pub struct NewUser<'a> {
    /// Lower case.
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
    pub role: Role,
    pub contact_roles: &'a [ContactRole],
}

#[derive(FromRow)]
pub(crate) struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    contact_roles: Vec<String>,
    active: bool,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            email: row.email,
            name: row.name,
            role: from_name(row.role)?,
            contact_roles: row.contact_roles.into_iter().map(from_name).collect::<Result<_, _>>()?,
            active: row.active,
        })
    }
}

impl Store {
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_fetch(&self, id: UserId) -> Result<User, StoreError> {
        sqlx::query_as::<_, UserRow>("SELECT id, email, name, role, contact_roles, active FROM app_user WHERE id = $1")
            .bind(id.0)
            .fetch_one(&self.pool)
            .await?
            .try_into()
    }

    /// The person with this address and the hash of the password; inactive people too.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn user_credentials(&self, email: &str) -> Result<Option<(User, String)>, StoreError> {
        #[derive(FromRow)]
        struct Row {
            #[sqlx(flatten)]
            user: UserRow,
            password_hash: String,
        }
        let row = sqlx::query_as::<_, Row>(
            "SELECT id, email, name, role, contact_roles, active, password_hash FROM app_user
             WHERE email = lower($1) AND password_hash IS NOT NULL",
        )
        .bind(email)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| Ok((row.user.try_into()?, row.password_hash))).transpose()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn user_list(&self) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query_as::<_, UserRow>(
            "SELECT id, email, name, role, contact_roles, active FROM app_user ORDER BY name, id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Active people whose role allows the action, at this moment.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn users_who_may(&self, action: Action) -> Result<Deciders, StoreError> {
        who_may(&mut *self.pool.acquire().await?, action).await
    }
}

async fn who_may(connection: &mut PgConnection, action: Action) -> Result<Deciders, StoreError> {
    let roles: Vec<&str> = action.roles().iter().map(|role| role.name()).collect();
    let people: Vec<(Uuid, Vec<String>)> =
        sqlx::query_as("SELECT id, contact_roles FROM app_user WHERE active AND role = ANY($1)")
            .bind(roles)
            .fetch_all(connection)
            .await?;
    let held = |names: Vec<String>| names.into_iter().map(from_name).collect::<Result<Vec<_>, _>>();
    people.into_iter().map(|(id, names)| Ok((UserId(id), held(names)?))).collect()
}

impl Tx {
    /// As [`Store::users_who_may`], inside the transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn users_who_may(&mut self, action: Action) -> Result<Deciders, StoreError> {
        who_may(self.connection(), action).await
    }

    /// # Errors
    /// `Conflict("app_user_email_key")` if the address is taken.
    pub async fn user_create(&mut self, new: &NewUser<'_>) -> Result<User, StoreError> {
        let contact_roles: Vec<&str> = new.contact_roles.iter().map(|role| role.name()).collect();
        sqlx::query_as::<_, UserRow>(
            "INSERT INTO app_user (id, email, name, password_hash, role, contact_roles) VALUES ($1, $2, $3, $4, $5, $6)
             RETURNING id, email, name, role, contact_roles, active",
        )
        .bind(Uuid::now_v7())
        .bind(new.email)
        .bind(new.name)
        .bind(new.password_hash)
        .bind(new.role.name())
        .bind(contact_roles)
        .fetch_one(self.connection())
        .await?
        .try_into()
    }

    /// Turns a person's access on or off.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn user_set_active(&mut self, id: UserId, active: bool) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE app_user SET active = $2 WHERE id = $1")
            .bind(id.0)
            .bind(active)
            .execute(self.connection())
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}
