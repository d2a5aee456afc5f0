//! API tokens and the accounts of programs. The token itself is nowhere, only its digest; what one may is decided elsewhere.

use shared::{
    domain::access::{Rights, RoleName},
    ids::UserId,
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, User};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: Uuid,
    pub owner: UserId,
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// What it was made for.
    pub rights: Rights,
    pub made_by: String,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
    /// Neither expired nor revoked, by the database's clock.
    pub live: bool,
    pub revoked: bool,
    pub last_used_at: Option<Timestamp>,
    pub last_used_from: Option<String>,
}

#[derive(Debug)]
pub struct NewToken<'a> {
    pub owner: UserId,
    pub name: &'a str,
    pub prefix: &'a str,
    pub token_hash: &'a str,
    pub rights: Rights,
    pub made_by: &'a str,
    pub valid_days: i32,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    owner: Uuid,
    name: String,
    prefix: String,
    actions: Vec<String>,
    made_by: String,
    made_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    live: bool,
    revoked: bool,
    last_used_at: Option<OffsetDateTime>,
    last_used_from: Option<String>,
}

impl From<Row> for ApiToken {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            owner: UserId(row.owner),
            name: row.name,
            prefix: row.prefix,
            // An action that this release does not know is none.
            rights: row.actions.iter().filter_map(|action| action.parse().ok()).collect(),
            made_by: row.made_by,
            made_at: Timestamp::new(row.made_at),
            expires_at: Timestamp::new(row.expires_at),
            live: row.live,
            revoked: row.revoked,
            last_used_at: row.last_used_at.map(Timestamp::new),
            last_used_from: row.last_used_from,
        }
    }
}

macro_rules! tokens {
    ($rest:literal) => {
        concat!(
            "SELECT id, owner, name, prefix, actions, made_by, made_at, expires_at, last_used_at, last_used_from,
                    revoked_at IS NOT NULL AS revoked, revoked_at IS NULL AND expires_at > now() AS live
             FROM api_token ",
            $rest
        )
    };
}

/// How often use of a token is written down.
const USED_EVERY_SECONDS: i64 = 300;

impl Store {
    /// Also one that is over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn token_by_hash(&self, hash: &str) -> Result<Option<ApiToken>, StoreError> {
        let row = sqlx::query_as::<_, Row>(tokens!("WHERE token_hash = $1")).bind(hash).fetch_optional(&self.pool);
        Ok(row.await?.map(Into::into))
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn token_fetch(&self, id: Uuid) -> Result<Option<ApiToken>, StoreError> {
        let row = sqlx::query_as::<_, Row>(tokens!("WHERE id = $1")).bind(id).fetch_optional(&self.pool);
        Ok(row.await?.map(Into::into))
    }

    /// Everybody's that let in now, by when they were made.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn tokens_open(&self) -> Result<Vec<ApiToken>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(tokens!(
            "WHERE revoked_at IS NULL AND expires_at > clock_timestamp() ORDER BY made_at, id"
        ));
        Ok(rows.fetch_all(&self.pool).await?.into_iter().map(Into::into).collect())
    }

    /// What is not revoked, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn tokens_of(&self, owner: UserId) -> Result<Vec<ApiToken>, StoreError> {
        let rows =
            sqlx::query_as::<_, Row>(tokens!("WHERE owner = $1 AND revoked_at IS NULL ORDER BY made_at DESC, id"))
                .bind(owner.0)
                .fetch_all(&self.pool);
        Ok(rows.await?.into_iter().map(Into::into).collect())
    }

    /// Writes down that it was used, if that was not just done.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn token_used(&self, token: &ApiToken, from: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE api_token SET last_used_at = now(), last_used_from = $2
             WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - make_interval(secs => $3))",
        )
        .bind(token.id)
        .bind(from)
        .bind(USED_EVERY_SECONDS as f64)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl ApiToken {
    /// Whether its use should be written down by now.
    #[must_use]
    pub fn use_is_old(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|at| now.seconds_since(at) >= USED_EVERY_SECONDS)
    }
}

impl Tx {
    /// How many of them are not over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn tokens_live(&mut self, owner: UserId) -> Result<i64, StoreError> {
        let count = "SELECT count(*) FROM api_token WHERE owner = $1 AND revoked_at IS NULL AND expires_at > now()";
        Ok(sqlx::query_scalar(count).bind(owner.0).fetch_one(self.connection()).await?)
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn token_create(&mut self, new: &NewToken<'_>) -> Result<ApiToken, StoreError> {
        let actions: Vec<_> = new.rights.actions().iter().map(|action| action.name()).collect();
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO api_token (id, owner, name, prefix, token_hash, actions, made_by, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(days => $8))",
        )
        .bind(id)
        .bind(new.owner.0)
        .bind(new.name)
        .bind(new.prefix)
        .bind(new.token_hash)
        .bind(actions)
        .bind(new.made_by)
        .bind(new.valid_days)
        .execute(self.connection())
        .await?;
        let row = sqlx::query_as::<_, Row>(tokens!("WHERE id = $1")).bind(id).fetch_one(self.connection());
        Ok(row.await?.into())
    }

    /// Revokes all that this account has. How many there were.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn tokens_of_revoke(&mut self, owner: UserId) -> Result<u64, StoreError> {
        let revoke = "UPDATE api_token SET revoked_at = now() WHERE owner = $1 AND revoked_at IS NULL";
        Ok(sqlx::query(revoke).bind(owner.0).execute(self.connection()).await?.rows_affected())
    }

    /// Its name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if this owner has none such that is not revoked yet.
    pub async fn token_revoke(&mut self, owner: UserId, id: Uuid) -> Result<String, StoreError> {
        let revoke = "UPDATE api_token SET revoked_at = now() WHERE id = $1 AND owner = $2 AND revoked_at IS NULL
                      RETURNING name";
        Ok(sqlx::query_scalar(revoke).bind(id).bind(owner.0).fetch_one(self.connection()).await?)
    }

    /// An account for a program: nobody can sign in to it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn service_account_create(
        &mut self,
        email: &str,
        name: &str,
        role: &RoleName,
    ) -> Result<User, StoreError> {
        let id = UserId(Uuid::now_v7());
        sqlx::query("INSERT INTO app_user (id, email, name, role, service) VALUES ($1, $2, $3, $4, true)")
            .bind(id.0)
            .bind(email)
            .bind(name)
            .bind(role.as_str())
            .execute(self.connection())
            .await?;
        self.user_fetch(id).await
    }
}
