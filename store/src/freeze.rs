//! The freeze: one row that keeps every worker from beginning anything. Who may set it is not decided here.

use shared::{domain::actor::Actor, timestamp::Timestamp};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;

use crate::{Store, StoreError, Tx};

/// Set by somebody, for a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    pub by: Actor,
    pub reason: String,
    pub since: Timestamp,
}

#[derive(FromRow)]
struct FreezeRow {
    by: Json<Actor>,
    reason: String,
    since: OffsetDateTime,
}

impl From<FreezeRow> for Freeze {
    fn from(row: FreezeRow) -> Self {
        Self { by: row.by.0, reason: row.reason, since: Timestamp::new(row.since) }
    }
}

impl Store {
    /// `None` if nothing is frozen.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn freeze_fetch(&self) -> Result<Option<Freeze>, StoreError> {
        let row = sqlx::query_as::<_, FreezeRow>("SELECT by, reason, since FROM run_freeze WHERE frozen");
        Ok(row.fetch_optional(&self.pool).await?.map(Into::into))
    }
}

impl Tx {
    /// False if it was frozen already.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn freeze_set(&mut self, by: &Actor, reason: &str) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE run_freeze SET frozen = true, by = $1, reason = $2, since = $3 WHERE NOT frozen")
                .bind(Json(by))
                .bind(reason)
                .bind(self.now().inner())
                .execute(self.connection())
                .await?;
        Ok(done.rows_affected() == 1)
    }

    /// False if nothing was frozen.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn freeze_lift(&mut self) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE run_freeze SET frozen = false WHERE frozen").execute(self.connection()).await?;
        Ok(done.rows_affected() == 1)
    }
}
