//! Silences: which alerts lead to nothing for a while; and the alerts that were muted and still fire. Decides nothing.

use shared::{
    domain::{
        actor::Actor,
        alert::{Alert, AlertState, Condition},
    },
    ids::SystemId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgExecutor, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub id: Uuid,
    pub system_slug: String,
    pub conditions: Vec<Condition>,
    pub reason: String,
    pub made_by: Actor,
    pub made_at: Timestamp,
    pub until: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    system_slug: String,
    conditions: Json<Vec<Condition>>,
    reason: String,
    made_by: Json<Actor>,
    made_at: OffsetDateTime,
    until: OffsetDateTime,
}

impl From<Row> for Silence {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            system_slug: row.system_slug,
            conditions: row.conditions.0,
            reason: row.reason,
            made_by: row.made_by.0,
            made_at: Timestamp::new(row.made_at),
            until: Timestamp::new(row.until),
        }
    }
}

/// A muted alert that fires.
#[derive(Clone, Debug)]
pub struct MutedAlert {
    pub number: i64,
    pub source: Uuid,
    pub alert: Alert,
}

async fn active(executor: impl PgExecutor<'_>, system: Option<SystemId>) -> Result<Vec<Silence>, StoreError> {
    let rows = sqlx::query_as::<_, Row>(
        "SELECT x.id, s.slug AS system_slug, x.conditions, x.reason, x.made_by, x.made_at, x.until
         FROM alert_silence x JOIN system s ON s.id = x.system_id
         WHERE ($1::uuid IS NULL OR x.system_id = $1) AND x.ended_at IS NULL AND x.until > clock_timestamp() ORDER BY x.until",
    )
    .bind(system.map(|id| id.0))
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

impl Store {
    /// Those that go on; the first to end comes first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn silences(&self) -> Result<Vec<Silence>, StoreError> {
        active(&self.pool, None).await
    }

    /// Muted alerts that fire, with their sources. Any of them, so that many that stay muted do not keep others from being looked at.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alerts_muted(&self, limit: i64) -> Result<Vec<(i64, Uuid)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT number, source_id FROM alert WHERE outcome = 'muted' AND ended_at IS NULL ORDER BY random() LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }
}

impl Tx {
    /// As [`Store::silences`], of one system.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn silences_of(&mut self, system: SystemId) -> Result<Vec<Silence>, StoreError> {
        active(self.connection(), Some(system)).await
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn silence_create(
        &mut self,
        system: SystemId,
        conditions: &[Condition],
        reason: &str,
        until: Timestamp,
        by: &Actor,
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO alert_silence (id, system_id, conditions, reason, made_by, made_at, until) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id)
        .bind(system.0)
        .bind(Json(conditions))
        .bind(reason)
        .bind(Json(by))
        .bind(self.now().inner())
        .bind(until.inner())
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id that goes on.
    pub async fn silence_end(&mut self, id: Uuid) -> Result<(), StoreError> {
        let ended = sqlx::query(
            "UPDATE alert_silence SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL AND until > clock_timestamp()",
        )
        .bind(id)
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        if ended.rows_affected() == 1 { Ok(()) } else { Err(StoreError::NotFound) }
    }

    /// A muted alert that fires, held until the transaction ends; `None` if it is not so any more, or another server has it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alert_muted_lock(&mut self, number: i64) -> Result<Option<MutedAlert>, StoreError> {
        #[derive(FromRow)]
        struct Row {
            source_id: Uuid,
            key: String,
            title: String,
            text: Option<String>,
            url: Option<String>,
            labels: Json<std::collections::BTreeMap<String, String>>,
        }
        let row = sqlx::query_as::<_, Row>(
            "SELECT source_id, key, title, text, url, labels FROM alert
             WHERE number = $1 AND outcome = 'muted' AND ended_at IS NULL FOR UPDATE SKIP LOCKED",
        )
        .bind(number)
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| MutedAlert {
            number,
            source: row.source_id,
            alert: Alert {
                key: row.key,
                state: AlertState::Firing,
                title: row.title,
                text: row.text,
                url: row.url,
                labels: row.labels.0,
            },
        }))
    }
}
