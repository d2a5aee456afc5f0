//! Secrets as they are kept: sealed. Opens none; only the worker's statements read what is sealed.

use shared::{domain::actor::Actor, ids::SystemId, timestamp::Timestamp};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;

use crate::{Store, StoreError, Tx};

/// All that anybody gets to see of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHead {
    pub name: String,
    pub version: i32,
    pub key_id: String,
    pub set_by: Actor,
    pub set_at: Timestamp,
}

/// A secret as it is kept.
#[derive(Clone)]
pub struct SealedSecret {
    pub system: SystemId,
    pub name: String,
    pub version: i32,
    pub sealed: Vec<u8>,
}

impl SealedSecret {
    /// What it is sealed for: another row's value does not open in its place, nor an older one of its own.
    #[must_use]
    pub fn purpose(system: SystemId, name: &str, version: i32) -> String {
        format!("secret {} {name} {version}", system.0)
    }
}

#[derive(FromRow)]
struct HeadRow {
    name: String,
    version: i32,
    key_id: String,
    set_by: Json<Actor>,
    set_at: OffsetDateTime,
}

impl Store {
    /// Those that are set, by name.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn secret_list(&self, system: SystemId) -> Result<Vec<SecretHead>, StoreError> {
        let rows = sqlx::query_as::<_, HeadRow>(
            "SELECT name, version, key_id, set_by, set_at FROM secret WHERE system_id = $1 AND key_id IS NOT NULL ORDER BY name",
        )
        .bind(system.0)
        .fetch_all(&self.pool)
        .await?;
        let head = |row: HeadRow| SecretHead {
            name: row.name,
            version: row.version,
            key_id: row.key_id,
            set_by: row.set_by.0,
            set_at: Timestamp::new(row.set_at),
        };
        Ok(rows.into_iter().map(head).collect())
    }

    /// For whoever holds the key.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn secrets_sealed(&self, system: SystemId) -> Result<Vec<SealedSecret>, StoreError> {
        let rows: Vec<(String, i32, Vec<u8>)> = sqlx::query_as(
            "SELECT name, version, sealed FROM secret WHERE system_id = $1 AND sealed IS NOT NULL ORDER BY name",
        )
        .bind(system.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(name, version, sealed)| SealedSecret { system, name, version, sealed }).collect())
    }

    /// Of all systems, as the tables' owner: for a new key.
    ///
    /// # Errors
    /// If the database does not answer or the login may not.
    pub async fn secrets_all(&self) -> Result<Vec<SealedSecret>, StoreError> {
        let rows: Vec<(uuid::Uuid, String, i32, Vec<u8>)> =
            sqlx::query_as("SELECT system_id, name, version, sealed FROM secret WHERE sealed IS NOT NULL")
                .fetch_all(&self.pool)
                .await?;
        let row = |(id, name, version, sealed)| SealedSecret { system: SystemId(id), name, version, sealed };
        Ok(rows.into_iter().map(row).collect())
    }
}

impl Tx {
    /// The version that the name has, whether it is set; until the transaction ends nobody else gives it another.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn secret_lock(&mut self, system: SystemId, name: &str, by: &Actor) -> Result<(i32, bool), StoreError> {
        sqlx::query(
            "INSERT INTO secret (system_id, name, version, set_by) VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING",
        )
        .bind(system.0)
        .bind(name)
        .bind(Json(by))
        .execute(self.connection())
        .await?;
        let query = "SELECT version, key_id IS NOT NULL FROM secret WHERE system_id = $1 AND name = $2 FOR UPDATE";
        Ok(sqlx::query_as(query).bind(system.0).bind(name).fetch_one(self.connection()).await?)
    }

    /// After [`Tx::secret_lock`]: the value, with the version that it was sealed for.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn secret_set(&mut self, new: &SealedSecret, key_id: &str, by: &Actor) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE secret SET version = $3, sealed = $4, key_id = $5, set_by = $6, set_at = $7
             WHERE system_id = $1 AND name = $2",
        )
        .bind(new.system.0)
        .bind(&new.name)
        .bind(new.version)
        .bind(&new.sealed)
        .bind(key_id)
        .bind(Json(by))
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The same value under another key, if it is still the same.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn secret_reseal(&mut self, old: &SealedSecret, sealed: &[u8], key_id: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE secret SET sealed = $5, key_id = $6
             WHERE system_id = $1 AND name = $2 AND version = $3 AND sealed = $4",
        )
        .bind(old.system.0)
        .bind(&old.name)
        .bind(old.version)
        .bind(&old.sealed)
        .bind(sealed)
        .bind(key_id)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// False if it was not set. Its row stays, so that its versions never begin anew.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn secret_delete(&mut self, system: SystemId, name: &str, by: &Actor) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE secret SET sealed = NULL, key_id = NULL, set_by = $3, set_at = $4
             WHERE system_id = $1 AND name = $2 AND key_id IS NOT NULL",
        )
        .bind(system.0)
        .bind(name)
        .bind(Json(by))
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
