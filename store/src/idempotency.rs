//! Answers kept for repeated requests: the same key and body has one effect and one answer.

use shared::{digest::Digest, ids::UserId};

use crate::{StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Nobody has used this key: go on, and save the answer before committing.
    First,
    /// Done before: this was the answer.
    Replay { status: u16, body: String },
}

impl Tx {
    /// Takes the key for this transaction. A second request with the same key waits here until the first has ended.
    ///
    /// # Errors
    /// `Conflict("key_reused")` if the key was used with another request.
    pub async fn idempotency_begin(
        &mut self,
        user: UserId,
        key: &str,
        request: Digest,
    ) -> Result<Idempotency, StoreError> {
        let first = sqlx::query(
            "INSERT INTO idempotency (user_id, key, request_digest) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(user.0)
        .bind(key)
        .bind(request.to_string())
        .execute(self.connection())
        .await?
        .rows_affected()
            == 1;
        if first {
            return Ok(Idempotency::First);
        }
        let (digest, status, body): (String, Option<i16>, Option<String>) =
            sqlx::query_as("SELECT request_digest, status, body FROM idempotency WHERE user_id = $1 AND key = $2")
                .bind(user.0)
                .bind(key)
                .fetch_one(self.connection())
                .await?;
        if digest != request.to_string() {
            return Err(StoreError::Conflict("key_reused".into()));
        }
        match (status.and_then(|s| u16::try_from(s).ok()), body) {
            (Some(status), Some(body)) => Ok(Idempotency::Replay { status, body }),
            _ => Err(StoreError::Corrupt("an idempotency key was committed without its answer".into())),
        }
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn idempotency_save(
        &mut self,
        user: UserId,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE idempotency SET status = $3, body = $4 WHERE user_id = $1 AND key = $2")
            .bind(user.0)
            .bind(key)
            .bind(i16::try_from(status).unwrap_or(i16::MAX))
            .bind(body)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
