//! Sign-in sessions as opaque documents. What is in them is the server's business.

use serde_json::Value;
use time::OffsetDateTime;

use crate::{Store, StoreError};

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
