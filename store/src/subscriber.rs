//! People and programs that asked to be told: who they are only as a digest and sealed. Sends nothing; letters to them are `letter`.

use shared::timestamp::Timestamp;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

/// One that asked, confirmed or not.
#[derive(Clone, FromRow)]
pub struct Subscriber {
    pub id: Uuid,
    pub sealed: Vec<u8>,
    pub components: Vec<String>,
    /// `email` or `webhook`.
    pub channel: String,
    pub confirmed_at: Option<OffsetDateTime>,
}

/// What one asks for.
pub struct Asking<'a> {
    pub id: Uuid,
    pub channel: &'static str,
    pub address_key: &'a str,
    pub sealed: &'a [u8],
    pub token_hash: &'a str,
    pub confirm_hash: &'a str,
    pub confirm_until: Timestamp,
    pub wanted: &'a [String],
}

impl Subscriber {
    /// Binds what is sealed to its row.
    #[must_use]
    pub fn purpose(id: Uuid) -> String {
        format!("subscriber {id}")
    }
}

impl Store {
    /// Those who have confirmed and whom one of the components concerns; without any: all.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscribers_count(&self, components: &[String]) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM subscriber WHERE confirmed_at IS NOT NULL
             AND (cardinality(components) = 0 OR cardinality($1::text[]) = 0 OR components && $1)",
        );
        Ok(count.bind(components).fetch_one(&self.pool).await?)
    }

    /// Those who have confirmed, the oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscribers(&self, limit: i64) -> Result<Vec<Subscriber>, StoreError> {
        let rows = sqlx::query_as::<_, Subscriber>(
            "SELECT id, sealed, components, channel, confirmed_at FROM subscriber WHERE confirmed_at IS NOT NULL
             ORDER BY confirmed_at, id LIMIT $1",
        );
        Ok(rows.bind(limit).fetch_all(&self.pool).await?)
    }

    /// Whether this link confirms anything now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscriber_to_confirm(&self, confirm_hash: &str) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM subscriber WHERE confirm_hash = $1 AND confirm_until > clock_timestamp())",
        );
        Ok(found.bind(confirm_hash).fetch_one(&self.pool).await?)
    }

    /// Those who never confirmed, and letters that ended long ago, are forgotten.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscribers_forget(&self, days: i32) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM subscriber WHERE confirmed_at IS NULL AND confirm_until < clock_timestamp()")
            .execute(&self.pool)
            .await?;
        sqlx::query("DELETE FROM letter WHERE ended_at < clock_timestamp() - make_interval(days => $1)")
            .bind(days)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

impl Tx {
    /// The one with this address, locked.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscriber_lock(&mut self, address_key: &str) -> Result<Option<Subscriber>, StoreError> {
        let row = sqlx::query_as::<_, Subscriber>(
            "SELECT id, sealed, components, channel, confirmed_at FROM subscriber WHERE address_key = $1 FOR UPDATE",
        );
        Ok(row.bind(address_key).fetch_optional(self.connection()).await?)
    }

    /// A new one, not confirmed. False if somebody was faster with this address.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscriber_add(&mut self, new: &Asking<'_>) -> Result<bool, StoreError> {
        let now = self.now().inner();
        let done = sqlx::query(
            "INSERT INTO subscriber (id, address_key, sealed, token_hash, confirm_hash, confirm_until, wanted, asked_at, channel)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (address_key) DO NOTHING",
        )
        .bind(new.id)
        .bind(new.address_key)
        .bind(new.sealed)
        .bind(new.token_hash)
        .bind(new.confirm_hash)
        .bind(new.confirm_until.inner())
        .bind(new.wanted)
        .bind(now)
        .bind(new.channel)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// One that is there asks again, or for something else. The caller holds the row's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscriber_ask_again(&mut self, again: &Asking<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE subscriber SET sealed = $2, confirm_hash = $3, confirm_until = $4, wanted = $5 WHERE id = $1",
        )
        .bind(again.id)
        .bind(again.sealed)
        .bind(again.confirm_hash)
        .bind(again.confirm_until.inner())
        .bind(again.wanted)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// What was wanted is so from now on. False if the link is none (any more).
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscriber_confirm(&mut self, confirm_hash: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE subscriber SET components = wanted, confirmed_at = coalesce(confirmed_at, clock_timestamp()),
                    confirm_hash = NULL, confirm_until = NULL, n_failures = 0
             WHERE confirm_hash = $1 AND confirm_until > clock_timestamp()",
        );
        Ok(done.bind(confirm_hash).execute(self.connection()).await?.rows_affected() == 1)
    }

    /// Its challenge was answered: what was wanted is so from now on. False if it is gone, or was confirmed before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscriber_answered(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE subscriber SET components = wanted, confirmed_at = clock_timestamp(), confirm_hash = NULL,
                    confirm_until = NULL, n_failures = 0
             WHERE id = $1 AND confirmed_at IS NULL AND confirm_until > clock_timestamp()",
        );
        Ok(done.bind(id).execute(self.connection()).await?.rows_affected() == 1)
    }

    /// Forgets whoever has this link. False if nobody has.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn subscriber_leave(&mut self, token_hash: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM subscriber WHERE token_hash = $1");
        Ok(done.bind(token_hash).execute(self.connection()).await?.rows_affected() == 1)
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn subscriber_remove(&mut self, id: Uuid) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM subscriber WHERE id = $1").bind(id).execute(self.connection()).await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::NotFound) }
    }
}
