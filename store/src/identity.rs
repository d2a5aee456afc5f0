//! Who people are at an identity provider, and sign-ins on their way there. Decides nobody's role.

use serde_json::Value;
use shared::ids::UserId;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, User};

impl Store {
    /// # Errors
    /// If the database does not answer.
    pub async fn sign_in_attempt_add(&self, id: &str, content: &Value, seconds: i32) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sign_in_attempt (id, content, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))",
        )
        .bind(id)
        .bind(content)
        .bind(f64::from(seconds))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes it away: of two that come at once, one gets it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sign_in_attempt_take(&self, id: &str) -> Result<Option<Value>, StoreError> {
        let taken: Option<(Value, bool)> =
            sqlx::query_as("DELETE FROM sign_in_attempt WHERE id = $1 RETURNING content, expires_at > now()")
                .bind(id)
                .fetch_optional(&self.pool)
                .await?;
        Ok(taken.and_then(|(content, fresh)| fresh.then_some(content)))
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn sign_in_attempts_delete_expired(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sign_in_attempt WHERE expires_at <= now()").execute(&self.pool).await?;
        Ok(())
    }
}

impl Tx {
    /// Whose identity this is, noted as used now; inactive people too. Until the transaction ends nobody else gets an answer.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn identity_person(&mut self, issuer: &str, subject: &str) -> Result<Option<User>, StoreError> {
        // There may be no row to lock yet.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('muster identity ' || $1 || ' ' || $2, 0))")
            .bind(issuer)
            .bind(subject)
            .execute(self.connection())
            .await?;
        let user: Option<Uuid> = sqlx::query_scalar(
            "UPDATE identity SET last_used_at = now() WHERE issuer = $1 AND subject = $2 RETURNING user_id",
        )
        .bind(issuer)
        .bind(subject)
        .fetch_optional(self.connection())
        .await?;
        match user {
            Some(id) => Ok(Some(self.user_fetch(UserId(id)).await?)),
            None => Ok(None),
        }
    }

    /// # Errors
    /// `Conflict("identity_pkey")` if it is somebody's, `Conflict("identity_user")` if the person has another there.
    pub async fn identity_add(&mut self, issuer: &str, subject: &str, user: UserId) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO identity (issuer, subject, user_id) VALUES ($1, $2, $3)")
            .bind(issuer)
            .bind(subject)
            .bind(user.0)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
