//! What people prove themselves by beside a password: authenticator apps, passkeys, recovery codes. Secrets come and go sealed;
//! whether a proof is right is the server's to say.

use serde_json::Value;
use shared::{ids::UserId, timestamp::Timestamp};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

/// An authenticator app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpRecord {
    pub sealed_secret: Vec<u8>,
    pub confirmed: bool,
    /// The last time step whose code was used.
    pub last_step: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PasskeyRecord {
    pub id: Uuid,
    pub user: UserId,
    pub name: String,
    /// Public key and counter, as the crate that checks it keeps them.
    pub credential: Value,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct PasskeyRow {
    id: Uuid,
    user_id: Uuid,
    name: String,
    credential: Value,
    created_at: OffsetDateTime,
    last_used_at: Option<OffsetDateTime>,
}

impl From<PasskeyRow> for PasskeyRecord {
    fn from(row: PasskeyRow) -> Self {
        Self {
            id: row.id,
            user: UserId(row.user_id),
            name: row.name,
            credential: row.credential,
            created_at: Timestamp::new(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::new),
        }
    }
}

impl Store {
    /// Confirmed or not.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn totp_fetch(&self, user: UserId) -> Result<Option<TotpRecord>, StoreError> {
        let row: Option<(Vec<u8>, bool, i64)> =
            sqlx::query_as("SELECT secret, confirmed_at IS NOT NULL, last_step FROM totp WHERE user_id = $1")
                .bind(user.0)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|(sealed_secret, confirmed, last_step)| TotpRecord { sealed_secret, confirmed, last_step }))
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn passkeys_of(&self, user: UserId) -> Result<Vec<PasskeyRecord>, StoreError> {
        let rows: Vec<PasskeyRow> = sqlx::query_as(
            "SELECT id, user_id, name, credential, created_at, last_used_at FROM passkey WHERE user_id = $1 ORDER BY created_at",
        )
        .bind(user.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

impl Tx {
    /// Keeps a new app's secret until its first right code; one that waits already is replaced, a confirmed one is not.
    /// False if there is a confirmed one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn totp_begin(&mut self, user: UserId, sealed_secret: &[u8]) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO totp (user_id, secret) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE totp.confirmed_at IS NULL",
        )
        .bind(user.0)
        .bind(sealed_secret)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Uses up a time step, and confirms the app if it was not. False if this step or a later one was used: of two that come with
    /// one code, one gets through.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn totp_use(&mut self, user: UserId, step: i64) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE totp SET last_step = $2, confirmed_at = coalesce(confirmed_at, now()) WHERE user_id = $1 AND last_step < $2",
        )
        .bind(user.0)
        .bind(step)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// False if there was none.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn totp_remove(&mut self, user: UserId) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM totp WHERE user_id = $1").bind(user.0).execute(self.connection()).await?;
        Ok(done.rows_affected() == 1)
    }

    /// # Errors
    /// `Conflict("passkey_credential_id_key")` if somebody has this passkey already.
    pub async fn passkey_add(
        &mut self,
        user: UserId,
        credential_id: &str,
        name: &str,
        credential: &Value,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO passkey (id, user_id, credential_id, name, credential) VALUES ($1, $2, $3, $4, $5)")
            .bind(Uuid::now_v7())
            .bind(user.0)
            .bind(credential_id)
            .bind(name)
            .bind(credential)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// That it was used, with the counter it has now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it was removed meanwhile.
    pub async fn passkey_used(&mut self, id: Uuid, credential: &Value) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE passkey SET credential = $2, last_used_at = now() WHERE id = $1")
            .bind(id)
            .bind(credential)
            .execute(self.connection())
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Its name, if the person had it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if they had none with this id.
    pub async fn passkey_remove(&mut self, user: UserId, id: Uuid) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("DELETE FROM passkey WHERE id = $1 AND user_id = $2 RETURNING name")
            .bind(id)
            .bind(user.0)
            .fetch_one(self.connection())
            .await?)
    }

    /// New codes in the place of all there were.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn recovery_codes_replace(&mut self, user: UserId, hashes: &[String]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM recovery_code WHERE user_id = $1").bind(user.0).execute(self.connection()).await?;
        sqlx::query("INSERT INTO recovery_code (user_id, code_hash) SELECT $1, unnest($2::text[])")
            .bind(user.0)
            .bind(hashes)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Uses a code up. False if there is none like it, or it was used.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn recovery_code_use(&mut self, user: UserId, hash: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE recovery_code SET used_at = now() WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL",
        )
        .bind(user.0)
        .bind(hash)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes away every second factor of a person: for one who has lost them.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn factors_remove(&mut self, user: UserId) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM totp WHERE user_id = $1",
            "DELETE FROM passkey WHERE user_id = $1",
            "DELETE FROM recovery_code WHERE user_id = $1",
        ] {
            sqlx::query(sql).bind(user.0).execute(self.connection()).await?;
        }
        Ok(())
    }
}
