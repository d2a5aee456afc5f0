//! Who may send alerts. Only digests of their keys are kept; what they said is `alert`'s.

use shared::{
    domain::{
        actor::Actor,
        alert::{Mapping, Rule, SourceKind},
    },
    ids::SystemId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// How often a heartbeat comes, and how much later it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub every_seconds: i64,
    pub grace_seconds: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSource {
    pub id: Uuid,
    pub system: SystemId,
    pub system_slug: String,
    pub name: String,
    pub kind: SourceKind,
    pub mapping: Mapping,
    pub rules: Vec<Rule>,
    /// Only a heartbeat's.
    pub beat: Option<Beat>,
    pub muted_until: Option<Timestamp>,
    pub made_by: Actor,
    pub made_at: Timestamp,
    /// To within a few seconds; of a heartbeat, exactly.
    pub heard_at: Option<Timestamp>,
    pub version: i32,
}

/// What people decide about a source.
#[derive(Debug)]
pub struct SourceSettings<'a> {
    pub name: &'a str,
    pub mapping: &'a Mapping,
    pub rules: &'a [Rule],
    pub beat: Option<Beat>,
    pub muted_until: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    system_id: Uuid,
    system_slug: String,
    name: String,
    kind: String,
    mapping: Json<Mapping>,
    rules: Json<Vec<Rule>>,
    beat_seconds: Option<i64>,
    grace_seconds: Option<i64>,
    muted_until: Option<OffsetDateTime>,
    made_by: Json<Actor>,
    made_at: OffsetDateTime,
    heard_at: Option<OffsetDateTime>,
    version: i32,
}

impl TryFrom<Row> for AlertSource {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            system: SystemId(row.system_id),
            system_slug: row.system_slug,
            name: row.name,
            kind: from_name(row.kind)?,
            mapping: row.mapping.0,
            rules: row.rules.0,
            beat: row
                .beat_seconds
                .zip(row.grace_seconds)
                .map(|(every_seconds, grace_seconds)| Beat { every_seconds, grace_seconds }),
            muted_until: row.muted_until.map(Timestamp::new),
            made_by: row.made_by.0,
            made_at: Timestamp::new(row.made_at),
            heard_at: row.heard_at.map(Timestamp::new),
            version: row.version,
        })
    }
}

macro_rules! sources {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.system_id, s.slug AS system_slug, a.name, a.kind, a.mapping, a.rules, a.beat_seconds, a.grace_seconds,
                    a.muted_until, a.made_by, a.made_at, a.heard_at, a.version
             FROM alert_source a JOIN system s ON s.id = a.system_id WHERE a.retired_at IS NULL ",
            $rest
        )
    };
}

/// How often it is written down that a source was heard. A heartbeat's every beat is.
const HEARD_EVERY_SECONDS: i64 = 10;

impl Store {
    /// By name within each system.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_source_list(&self) -> Result<Vec<AlertSource>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(sources!("ORDER BY s.slug, a.name")).fetch_all(&self.pool).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id, or it is retired.
    pub async fn alert_source_fetch(&self, id: Uuid) -> Result<AlertSource, StoreError> {
        sqlx::query_as::<_, Row>(sources!("AND a.id = $1")).bind(id).fetch_one(&self.pool).await?.try_into()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if the key opens nothing (any more).
    pub async fn alert_source_by_key(&self, kind: SourceKind, key_hash: &str) -> Result<AlertSource, StoreError> {
        sqlx::query_as::<_, Row>(sources!("AND a.kind = $1 AND a.key_hash = $2"))
            .bind(kind.name())
            .bind(key_hash)
            .fetch_one(&self.pool)
            .await?
            .try_into()
    }

    /// Heartbeats that have been silent for too long and whose silence is not an alert yet. One that was never heard is not missed, and
    /// while nobody listened (before `since`) nobody could be heard.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn heartbeats_silent(&self, since: Timestamp) -> Result<Vec<Uuid>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT a.id FROM alert_source a
             WHERE a.retired_at IS NULL AND a.kind = 'heartbeat'
               AND greatest(a.heard_at, $1) + make_interval(secs => a.beat_seconds + a.grace_seconds) < clock_timestamp()
               AND NOT EXISTS (SELECT FROM alert WHERE source_id = a.id AND ended_at IS NULL)",
        )
        .bind(since.inner())
        .fetch_all(&self.pool)
        .await?)
    }

    /// Writes down that it was heard, if that was not just done.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_source_heard(&self, source: &AlertSource, now: Timestamp) -> Result<(), StoreError> {
        if source.heard_at.is_some_and(|at| now.seconds_since(at) < HEARD_EVERY_SECONDS) {
            return Ok(());
        }
        sqlx::query(
            "UPDATE alert_source SET heard_at = clock_timestamp()
             WHERE id = $1 AND (heard_at IS NULL OR heard_at < clock_timestamp() - make_interval(secs => $2))",
        )
        .bind(source.id)
        .bind(HEARD_EVERY_SECONDS as f64)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Tx {
    /// # Errors
    /// `Conflict("alert_source_name")` if the system has one of this name.
    pub async fn alert_source_create(
        &mut self,
        system: SystemId,
        kind: SourceKind,
        key_hash: &str,
        settings: &SourceSettings<'_>,
        by: &Actor,
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO alert_source
                 (id, system_id, name, kind, key_hash, mapping, rules, beat_seconds, grace_seconds, muted_until, made_by, made_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(id)
        .bind(system.0)
        .bind(settings.name)
        .bind(kind.name())
        .bind(key_hash)
        .bind(Json(settings.mapping))
        .bind(Json(settings.rules))
        .bind(settings.beat.map(|beat| beat.every_seconds))
        .bind(settings.beat.map(|beat| beat.grace_seconds))
        .bind(settings.muted_until.map(Timestamp::inner))
        .bind(Json(by))
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// As [`Store::alert_source_fetch`], held until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id, or it is retired.
    pub async fn alert_source_lock(&mut self, id: Uuid) -> Result<AlertSource, StoreError> {
        sqlx::query_as::<_, Row>(sources!("AND a.id = $1 FOR UPDATE OF a"))
            .bind(id)
            .fetch_one(self.connection())
            .await?
            .try_into()
    }

    /// The source that the system's own monitors are; `None` if it never had one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_source_of_monitors(&mut self, system: SystemId) -> Result<Option<AlertSource>, StoreError> {
        let row = sqlx::query_as::<_, Row>(sources!("AND a.system_id = $1 AND a.kind = 'monitors'"))
            .bind(system.0)
            .fetch_optional(self.connection())
            .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Whether a source of the system is called so.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_source_named(&mut self, system: SystemId, name: &str) -> Result<bool, StoreError> {
        let named =
            "SELECT EXISTS (SELECT 1 FROM alert_source WHERE system_id = $1 AND name = $2 AND retired_at IS NULL)";
        Ok(sqlx::query_scalar(named).bind(system.0).bind(name).fetch_one(self.connection()).await?)
    }

    /// # Errors
    /// `Conflict("alert_source_name")` if the system has another of this name.
    pub async fn alert_source_change(&mut self, id: Uuid, settings: &SourceSettings<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE alert_source SET name = $2, mapping = $3, rules = $4, beat_seconds = $5, grace_seconds = $6, muted_until = $7,
                                     version = version + 1
             WHERE id = $1",
        )
        .bind(id)
        .bind(settings.name)
        .bind(Json(settings.mapping))
        .bind(Json(settings.rules))
        .bind(settings.beat.map(|beat| beat.every_seconds))
        .bind(settings.beat.map(|beat| beat.grace_seconds))
        .bind(settings.muted_until.map(Timestamp::inner))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The old key opens nothing from now on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_source_set_key(&mut self, id: Uuid, key_hash: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE alert_source SET key_hash = $2 WHERE id = $1")
            .bind(id)
            .bind(key_hash)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn alert_source_retire(&mut self, id: Uuid) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query("UPDATE alert_source SET retired_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now)
            .execute(self.connection())
            .await?;
        // Nobody is left who could say that they are over.
        sqlx::query("UPDATE alert SET ended_at = $2 WHERE source_id = $1 AND ended_at IS NULL")
            .bind(id)
            .bind(now)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn heartbeat_heard(&mut self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query("UPDATE alert_source SET heard_at = clock_timestamp() WHERE id = $1")
            .bind(id)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
