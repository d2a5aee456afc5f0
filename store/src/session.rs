//! Sign-in sessions as documents, whose content is the server's business, but for one thing: who is signed in stands at
//! `signed_in.user`, so that a person's sessions can be listed and ended.

use serde_json::Value;
use shared::ids::UserId;
use time::OffsetDateTime;

use crate::{Store, StoreError, Tx};

/// One session of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    /// A digest of what the cookie holds, which does not lead back to it.
    pub id: String,
    pub content: Value,
}

impl Store {
    /// False if the id is taken; then nothing was written.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn session_create(
        &self,
        id: &str,
        content: &Value,
        expires_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let done =
            sqlx::query("INSERT INTO session (id, content, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(id)
                .bind(content)
                .bind(expires_at)
                .execute(&self.pool)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Only what still exists: a late touch must not bring back a session that was ended.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn session_save(&self, id: &str, content: &Value, expires_at: OffsetDateTime) -> Result<(), StoreError> {
        sqlx::query("UPDATE session SET content = $2, expires_at = $3 WHERE id = $1")
            .bind(id)
            .bind(content)
            .bind(expires_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// `None` if it does not exist or has expired.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn session_load(&self, id: &str) -> Result<Option<(Value, OffsetDateTime)>, StoreError> {
        Ok(sqlx::query_as("SELECT content, expires_at FROM session WHERE id = $1 AND expires_at > now()")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn session_delete(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM session WHERE id = $1").bind(id).execute(&self.pool).await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn sessions_delete_expired(&self) -> Result<u64, StoreError> {
        Ok(sqlx::query("DELETE FROM session WHERE expires_at <= now()").execute(&self.pool).await?.rows_affected())
    }
}

impl Store {
    /// A person's sessions that have not expired.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError> {
        let rows: Vec<(String, Value)> = sqlx::query_as(
            "SELECT id, content FROM session WHERE content #>> '{signed_in,user}' = $1 AND expires_at > now()",
        )
        .bind(user.to_string())
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id, content)| SessionRecord { id, content }).collect())
    }
}

impl Tx {
    /// Ends one session of a person. False if they have none with this id.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn session_end(&mut self, user: UserId, id: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM session WHERE content #>> '{signed_in,user}' = $1 AND id = $2")
            .bind(user.to_string())
            .bind(id)
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends all of a person's sessions, whole and half ones, except one. How many there were.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sessions_end(&mut self, user: UserId, except: Option<&str>) -> Result<u64, StoreError> {
        let done =
            sqlx::query(
                "DELETE FROM session
                 WHERE $1 IN (content #>> '{signed_in,user}', content #>> '{half_signed_in,user}') AND id IS DISTINCT FROM $2",
            )
                .bind(user.to_string())
                .bind(except)
                .execute(self.connection())
                .await?;
        Ok(done.rows_affected())
    }
}
