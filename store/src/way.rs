//! Ways to reach people, as they are kept: addresses sealed. Opens none.

use shared::{domain::outbox::Channel, ids::UserId, timestamp::Timestamp};
use sqlx::{FromRow, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    pub id: Uuid,
    pub user: UserId,
    pub channel: Channel,
    pub shown: String,
    pub created_at: Timestamp,
    pub verified_at: Option<Timestamp>,
    pub code_hash: Option<String>,
    pub code_until: Option<Timestamp>,
    pub n_wrong: i32,
}

impl Way {
    /// What a way is sealed for: another one's address does not open in its place.
    #[must_use]
    pub fn purpose(id: Uuid) -> String {
        format!("way {id}")
    }
}

#[derive(FromRow)]
struct WayRow {
    id: Uuid,
    user_id: Uuid,
    channel: String,
    shown: String,
    created_at: OffsetDateTime,
    verified_at: Option<OffsetDateTime>,
    code_hash: Option<String>,
    code_until: Option<OffsetDateTime>,
    n_wrong: i32,
}

impl TryFrom<WayRow> for Way {
    type Error = StoreError;

    fn try_from(row: WayRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            user: UserId(row.user_id),
            channel: from_name(row.channel)?,
            shown: row.shown,
            created_at: Timestamp::new(row.created_at),
            verified_at: row.verified_at.map(Timestamp::new),
            code_hash: row.code_hash,
            code_until: row.code_until.map(Timestamp::new),
            n_wrong: row.n_wrong,
        })
    }
}

async fn of(executor: impl PgExecutor<'_>, users: &[UserId]) -> Result<Vec<Way>, StoreError> {
    let rows = sqlx::query_as::<_, WayRow>(
        "SELECT id, user_id, channel, shown, created_at, verified_at, code_hash, code_until, n_wrong FROM way
         WHERE user_id = ANY($1) AND removed_at IS NULL ORDER BY created_at, id",
    )
    .bind(users.iter().map(|user| user.0).collect::<Vec<_>>())
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl Store {
    /// Verified or not; oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn ways_of(&self, users: &[UserId]) -> Result<Vec<Way>, StoreError> {
        of(&self.pool, users).await
    }
}

impl Tx {
    /// As [`Store::ways_of`], inside the transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn ways_of(&mut self, users: &[UserId]) -> Result<Vec<Way>, StoreError> {
        of(self.connection(), users).await
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn way_add(&mut self, way: &Way, sealed: &[u8]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO way (id, user_id, channel, shown, sealed, created_at, code_hash, code_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(way.id)
        .bind(way.user.0)
        .bind(way.channel.name())
        .bind(&way.shown)
        .bind(sealed)
        .bind(way.created_at.inner())
        .bind(&way.code_hash)
        .bind(way.code_until.map(Timestamp::inner))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// A way of this person, locked.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if they have none with this id.
    pub async fn way_lock(&mut self, user: UserId, id: Uuid) -> Result<Way, StoreError> {
        sqlx::query_as::<_, WayRow>(
            "SELECT id, user_id, channel, shown, created_at, verified_at, code_hash, code_until, n_wrong FROM way
             WHERE id = $1 AND user_id = $2 AND removed_at IS NULL FOR UPDATE",
        )
        .bind(id)
        .bind(user.0)
        .fetch_one(self.connection())
        .await?
        .try_into()
    }

    /// Writes what has changed about its verification. The caller holds the row's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn way_save(&mut self, way: &Way) -> Result<(), StoreError> {
        sqlx::query("UPDATE way SET verified_at = $2, code_hash = $3, code_until = $4, n_wrong = $5 WHERE id = $1")
            .bind(way.id)
            .bind(way.verified_at.map(Timestamp::inner))
            .bind(&way.code_hash)
            .bind(way.code_until.map(Timestamp::inner))
            .bind(way.n_wrong)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Forgets the address; what was sent there stays in the log.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn way_remove(&mut self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE way SET removed_at = clock_timestamp(), sealed = '', code_hash = NULL, code_until = NULL WHERE id = $1",
        )
        .bind(id)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
