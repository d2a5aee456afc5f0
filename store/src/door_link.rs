//! Links that let somebody in once: an invitation, a new password, the first administrator. Only digests of their tokens are kept.

use serde::{Deserialize, Serialize};
use shared::{
    domain::access::{ContactRole, RoleName},
    ids::UserId,
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    Invitation,
    NewPassword,
    FirstAdministrator,
}

impl Purpose {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::NewPassword => "new-password",
            Self::FirstAdministrator => "first-administrator",
        }
    }
}

#[derive(Debug)]
pub struct NewLink<'a> {
    pub token_hash: &'a str,
    pub purpose: Purpose,
    pub user: Option<UserId>,
    pub email: Option<&'a str>,
    pub name: Option<&'a str>,
    pub role: Option<&'a RoleName>,
    pub contact_roles: &'a [ContactRole],
    pub made_by: &'a str,
    /// Whose account that is; `None`: the command line.
    pub maker: Option<UserId>,
    pub valid_seconds: i64,
}

/// A link as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorLink {
    pub id: Uuid,
    pub purpose: Purpose,
    pub user: Option<UserId>,
    pub email: Option<String>,
    pub name: Option<String>,
    pub role: Option<RoleName>,
    pub contact_roles: Vec<ContactRole>,
    pub made_by: String,
    /// It opens only while they could make it.
    pub maker: Option<UserId>,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct LinkRow {
    id: Uuid,
    purpose: String,
    user_id: Option<Uuid>,
    email: Option<String>,
    name: Option<String>,
    role: Option<String>,
    contact_roles: Vec<String>,
    made_by: String,
    maker_id: Option<Uuid>,
    made_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl TryFrom<LinkRow> for DoorLink {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            purpose: from_name(row.purpose)?,
            user: row.user_id.map(UserId),
            email: row.email,
            name: row.name,
            role: row.role.map(from_name).transpose()?,
            contact_roles: row.contact_roles.into_iter().map(from_name).collect::<Result<_, _>>()?,
            made_by: row.made_by,
            maker: row.maker_id.map(UserId),
            made_at: Timestamp::new(row.made_at),
            expires_at: Timestamp::new(row.expires_at),
        })
    }
}

macro_rules! open_links {
    ($rest:literal) => {
        concat!(
            "SELECT id, purpose, user_id, email, name, role, contact_roles, made_by, maker_id, made_at, expires_at FROM door_link
             WHERE used_at IS NULL AND withdrawn_at IS NULL AND expires_at > now() ",
            $rest
        )
    };
}

impl Store {
    /// What the token opens, as long as it does.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it never was one, was used or withdrawn, or has expired: which, nobody learns.
    pub async fn link_open(&self, token_hash: &str) -> Result<DoorLink, StoreError> {
        let query = sqlx::query_as::<_, LinkRow>(open_links!("AND token_hash = $1")).bind(token_hash);
        query.fetch_one(&self.pool).await?.try_into()
    }

    /// Invitations that can still be used, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn invitations_open(&self) -> Result<Vec<DoorLink>, StoreError> {
        let rows = sqlx::query_as::<_, LinkRow>(open_links!("AND purpose = 'invitation' ORDER BY made_at DESC"))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

impl Tx {
    /// # Errors
    /// If the database does not answer.
    pub async fn link_create(&mut self, new: &NewLink<'_>) -> Result<DoorLink, StoreError> {
        let contact_roles: Vec<_> = new.contact_roles.iter().map(|role| role.name()).collect();
        sqlx::query_as::<_, LinkRow>(
            "INSERT INTO door_link (id, token_hash, purpose, user_id, email, name, role, contact_roles, made_by, maker_id, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $11, now() + make_interval(secs => $10))
             RETURNING id, purpose, user_id, email, name, role, contact_roles, made_by, maker_id, made_at, expires_at",
        )
        .bind(Uuid::now_v7())
        .bind(new.token_hash)
        .bind(new.purpose.name())
        .bind(new.user.map(|user| user.0))
        .bind(new.email)
        .bind(new.name)
        .bind(new.role.map(RoleName::as_str))
        .bind(contact_roles)
        .bind(new.made_by)
        .bind(new.valid_seconds as f64)
        .bind(new.maker.map(|maker| maker.0))
        .fetch_one(self.connection())
        .await?
        .try_into()
    }

    /// Uses a link up: of two that come with one token, one gets it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it opens nothing (any more).
    pub async fn link_use(&mut self, token_hash: &str) -> Result<DoorLink, StoreError> {
        sqlx::query_as::<_, LinkRow>(
            "UPDATE door_link SET used_at = now()
             WHERE token_hash = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()
             RETURNING id, purpose, user_id, email, name, role, contact_roles, made_by, maker_id, made_at, expires_at",
        )
        .bind(token_hash)
        .fetch_one(self.connection())
        .await?
        .try_into()
    }

    /// Takes an open invitation back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id that can still be used.
    pub async fn invitation_withdraw(&mut self, id: Uuid) -> Result<DoorLink, StoreError> {
        sqlx::query_as::<_, LinkRow>(
            "UPDATE door_link SET withdrawn_at = now()
             WHERE id = $1 AND purpose = 'invitation' AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()
             RETURNING id, purpose, user_id, email, name, role, contact_roles, made_by, maker_id, made_at, expires_at",
        )
        .bind(id)
        .fetch_one(self.connection())
        .await?
        .try_into()
    }

    /// Takes back what is still open for this person (a new password), or for nobody yet (the first administrator), so that only
    /// the newest link counts.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn links_supersede(&mut self, purpose: Purpose, user: Option<UserId>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE door_link SET withdrawn_at = now()
             WHERE purpose = $1 AND user_id IS NOT DISTINCT FROM $2 AND used_at IS NULL AND withdrawn_at IS NULL",
        )
        .bind(purpose.name())
        .bind(user.map(|user| user.0))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Takes back what this person has made and nobody has used: their rights are not what they were.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn links_of_withdraw(&mut self, maker: UserId) -> Result<u64, StoreError> {
        let taken_back = "UPDATE door_link SET withdrawn_at = now() WHERE maker_id = $1 AND used_at IS NULL AND withdrawn_at IS NULL";
        Ok(sqlx::query(taken_back).bind(maker.0).execute(self.connection()).await?.rows_affected())
    }
}
