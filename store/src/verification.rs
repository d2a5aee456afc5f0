//! Verifications of backups as people ask for them and read them, and when they are due. Restores nothing; `verification_claim` is the
//! worker's side.

use shared::{
    domain::{
        actor::Actor,
        verification::{Found, Settings, State},
    },
    ids::SystemId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

#[derive(Clone, Debug, PartialEq)]
pub struct VerificationSettings {
    pub settings: Settings,
    pub version: i32,
    pub due_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct VerificationRecord {
    pub id: Uuid,
    pub system: SystemId,
    pub system_slug: String,
    pub settings: Settings,
    pub asked_by: Option<Actor>,
    pub asked_at: Timestamp,
    pub state: State,
    pub begun_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub worker: Option<String>,
    pub n_attempts: i32,
    pub cancelled_by: Option<Actor>,
    pub doing: Option<String>,
    pub why: Option<String>,
    pub found: Vec<Found>,
}

#[derive(FromRow)]
struct SettingsRow {
    settings: Json<Settings>,
    version: i32,
    due_at: Option<OffsetDateTime>,
}

impl From<SettingsRow> for VerificationSettings {
    fn from(row: SettingsRow) -> Self {
        Self { settings: row.settings.0, version: row.version, due_at: row.due_at.map(Timestamp::new) }
    }
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    system_id: Uuid,
    system_slug: String,
    settings: Json<Settings>,
    asked_by: Option<Json<Actor>>,
    asked_at: OffsetDateTime,
    state: String,
    begun_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
    worker: Option<String>,
    n_attempts: i32,
    cancelled_by: Option<Json<Actor>>,
    doing: Option<String>,
    why: Option<String>,
    found: Json<Vec<Found>>,
}

impl TryFrom<Row> for VerificationRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            system: SystemId(row.system_id),
            system_slug: row.system_slug,
            settings: row.settings.0,
            asked_by: row.asked_by.map(|by| by.0),
            asked_at: Timestamp::new(row.asked_at),
            state: from_name(row.state)?,
            begun_at: row.begun_at.map(Timestamp::new),
            ended_at: row.ended_at.map(Timestamp::new),
            worker: row.worker,
            n_attempts: row.n_attempts,
            cancelled_by: row.cancelled_by.map(|by| by.0),
            doing: row.doing,
            why: row.why,
            found: row.found.0,
        })
    }
}

macro_rules! verifications {
    ($rest:literal) => {
        concat!(
            "SELECT v.id, v.system_id, s.slug AS system_slug, v.settings, v.asked_by, v.asked_at, v.state, v.begun_at, v.ended_at,
                    v.worker, v.n_attempts, v.cancelled_by, v.doing, v.why, v.found
             FROM verification v JOIN system s ON s.id = v.system_id ",
            $rest
        )
    };
}

impl Store {
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_settings(&self, system: SystemId) -> Result<Option<VerificationSettings>, StoreError> {
        let row = sqlx::query_as::<_, SettingsRow>(
            "SELECT settings, version, due_at FROM verification_settings WHERE system_id = $1",
        )
        .bind(system.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Into::into))
    }

    /// Newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_list(&self, system: SystemId, limit: i64) -> Result<Vec<VerificationRecord>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(verifications!(
            "WHERE v.system_id = $1 ORDER BY v.asked_at DESC, v.id DESC LIMIT $2"
        ))
        .bind(system.0)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id.
    pub async fn verification_fetch(&self, id: Uuid) -> Result<VerificationRecord, StoreError> {
        sqlx::query_as::<_, Row>(verifications!("WHERE v.id = $1")).bind(id).fetch_one(&self.pool).await?.try_into()
    }

    /// The last one that is over and says something about the backups.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_last(&self, system: SystemId) -> Result<Option<VerificationRecord>, StoreError> {
        let row = sqlx::query_as::<_, Row>(verifications!(
            "WHERE v.system_id = $1 AND v.state IN ('verified', 'failed') ORDER BY v.ended_at DESC LIMIT 1"
        ))
        .bind(system.0)
        .fetch_optional(&self.pool)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// What the newest trials that are over found, each place of backups by itself, and when: one that failed half way says nothing about
    /// the places that it did not get to.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_places(&self, system: SystemId) -> Result<Vec<(Found, Timestamp)>, StoreError> {
        let rows: Vec<(Json<Found>, OffsetDateTime)> = sqlx::query_as(
            "SELECT DISTINCT ON (f->>'place', f->>'path') f, v.ended_at
             FROM verification v CROSS JOIN jsonb_array_elements(v.found) AS f
             WHERE v.system_id = $1 AND v.state IN ('verified', 'failed')
             ORDER BY f->>'place', f->>'path', v.ended_at DESC",
        )
        .bind(system.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(found, at)| (found.0, Timestamp::new(at))).collect())
    }

    /// Asks for those that the schedule says are due; how many. The next is anchored to this one's time, and what was missed is not
    /// made up for. One that is still under way is not asked for twice.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verifications_begin_due(&self) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "WITH due AS (
                 SELECT system_id, settings, due_at, (settings->>'every_hours')::int * 3600 AS every, clock_timestamp() AS now
                 FROM verification_settings WHERE due_at <= clock_timestamp() FOR UPDATE SKIP LOCKED),
             moved AS (
                 UPDATE verification_settings s
                 SET due_at = due.due_at + make_interval(secs => due.every * (floor(extract(epoch FROM due.now - due.due_at) / due.every) + 1))
                 FROM due WHERE s.system_id = due.system_id)
             INSERT INTO verification (id, system_id, settings, asked_at)
             SELECT gen_random_uuid(), system_id, settings, now FROM due ON CONFLICT DO NOTHING",
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Over, and nobody has seen to what follows; oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verifications_untold(&self) -> Result<Vec<Uuid>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT id FROM verification WHERE ended_at IS NOT NULL AND told_at IS NULL ORDER BY ended_at LIMIT 100",
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Forgets what is older than everything shown of it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verifications_forget(&self, days: i32) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM verification WHERE id IN (
                 SELECT id FROM verification WHERE told_at < clock_timestamp() - make_interval(days => $1) LIMIT 1000)",
        )
        .bind(days)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Tx {
    /// Held until the transaction ends.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_settings_lock(
        &mut self,
        system: SystemId,
    ) -> Result<Option<VerificationSettings>, StoreError> {
        let row = sqlx::query_as::<_, SettingsRow>(
            "SELECT settings, version, due_at FROM verification_settings WHERE system_id = $1 FOR UPDATE",
        )
        .bind(system.0)
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(Into::into))
    }

    /// The next one is due at once if there was no schedule before; else as it was, or sooner if it comes more often now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_settings_put(
        &mut self,
        system: SystemId,
        settings: &Settings,
        by: &Actor,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO verification_settings AS s (system_id, settings, changed_by, changed_at, due_at)
             VALUES ($1, $2, $3, $4, CASE WHEN NOT $5 THEN $4 END)
             ON CONFLICT (system_id) DO UPDATE
             SET settings = excluded.settings, version = s.version + 1, changed_by = excluded.changed_by,
                 changed_at = excluded.changed_at,
                 due_at = CASE WHEN NOT $5 THEN least(coalesce(s.due_at, $4), $4 + make_interval(hours => $6)) END",
        )
        .bind(system.0)
        .bind(Json(settings))
        .bind(Json(by))
        .bind(self.now().inner())
        .bind(settings.paused)
        .bind(i32::try_from(settings.every_hours).unwrap_or(i32::MAX))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// # Errors
    /// `Conflict("verification_live")` if one waits or is under way.
    pub async fn verification_ask(
        &mut self,
        system: SystemId,
        settings: &Settings,
        by: &Actor,
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO verification (id, system_id, settings, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id)
        .bind(system.0)
        .bind(Json(settings))
        .bind(Json(by))
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// Held until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id.
    pub async fn verification_lock(&mut self, id: Uuid) -> Result<VerificationRecord, StoreError> {
        sqlx::query_as::<_, Row>(verifications!("WHERE v.id = $1 FOR NO KEY UPDATE OF v"))
            .bind(id)
            .fetch_one(self.connection())
            .await?
            .try_into()
    }

    /// One that waits is over; one under way its worker ends.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_cancel(&mut self, id: Uuid, by: &Actor) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE verification
             SET cancelled_by = $2, state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END,
                 ended_at = CASE WHEN state = 'waiting' THEN $3 END,
                 why = CASE WHEN state = 'waiting' THEN 'It was cancelled before a worker began it.' END
             WHERE id = $1 AND state IN ('waiting', 'running')",
        )
        .bind(id)
        .bind(Json(by))
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// What follows from it has been seen to. False if another server was faster.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_told(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE verification SET told_at = $2 WHERE id = $1 AND told_at IS NULL")
            .bind(id)
            .bind(self.now().inner())
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
