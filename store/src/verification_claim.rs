//! A verification while a worker makes it: claimed and held with a lease on the database's clock, settled under its fence. What it finds is
//! the worker's.

use std::time::Duration;

use serde_json::json;
use shared::{
    api::live::Topic,
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

use crate::{Store, StoreError};

/// A verification that is this worker's for as long as its lease.
#[derive(Clone, Debug)]
pub struct DueVerification {
    pub id: Uuid,
    pub system: SystemId,
    pub project: String,
    pub settings: Settings,
    /// The how-manieth time it is begun; also the fence.
    pub attempt: i32,
    pub claimed_at: Timestamp,
}

/// How it stands with a verification that a worker makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Ours,
    /// Somebody wants it to end.
    Cancelled,
    /// Another worker has it, or it is over.
    Lost,
}

/// What is known of a file that lies among backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    pub digest: String,
    pub verified: bool,
    pub why: String,
    pub at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    system_id: Uuid,
    project: String,
    settings: Json<Settings>,
    n_attempts: i32,
    claimed_at: OffsetDateTime,
}

#[derive(FromRow)]
struct KnownRow {
    digest: String,
    verified: bool,
    why: String,
    at: OffsetDateTime,
}

impl Store {
    /// Takes one that waits, or whose worker has fallen silent, of the projects this worker may touch, whose system lives on no host in
    /// particular or on this worker's.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_claim(
        &self,
        worker: &str,
        projects: &[String],
        here: Option<&str>,
        lease: Duration,
    ) -> Result<Option<DueVerification>, StoreError> {
        let row = sqlx::query_as::<_, Row>(
            "WITH one AS (
                 SELECT v.id FROM verification v JOIN system s ON s.id = v.system_id
                 WHERE (v.state = 'waiting' OR (v.state = 'running' AND v.lease_until < clock_timestamp()))
                   AND s.project = ANY($2) AND (s.host IS NULL OR s.host = $3)
                 ORDER BY v.asked_at LIMIT 1 FOR UPDATE OF v SKIP LOCKED)
             UPDATE verification v
             SET state = 'running', worker = $1, lease_until = clock_timestamp() + make_interval(secs => $4),
                 begun_at = coalesce(v.begun_at, clock_timestamp()), n_attempts = v.n_attempts + 1, doing = NULL
             FROM one, system s WHERE v.id = one.id AND s.id = v.system_id
             RETURNING v.id, v.system_id, s.project, v.settings, v.n_attempts, clock_timestamp() AS claimed_at",
        )
        .bind(worker)
        .bind(projects)
        .bind(here)
        .bind(lease.as_secs_f64())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| DueVerification {
            id: row.id,
            system: SystemId(row.system_id),
            project: row.project,
            settings: row.settings.0,
            attempt: row.n_attempts,
            claimed_at: Timestamp::new(row.claimed_at),
        }))
    }

    /// Holds it on, and says what the worker is at.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_hold(
        &self,
        due: &DueVerification,
        lease: Duration,
        doing: &str,
    ) -> Result<Held, StoreError> {
        let mut tx = self.begin().await?;
        let row: Option<(bool, bool)> = sqlx::query_as(
            "UPDATE verification v SET lease_until = clock_timestamp() + make_interval(secs => $3), doing = $4
             FROM (SELECT id, doing FROM verification WHERE id = $1 FOR NO KEY UPDATE) AS before
             WHERE v.id = before.id AND v.n_attempts = $2 AND v.state = 'running'
             RETURNING v.cancelled_by IS NOT NULL, before.doing IS DISTINCT FROM v.doing",
        )
        .bind(due.id)
        .bind(due.attempt)
        .bind(lease.as_secs_f64())
        .bind(doing)
        .fetch_optional(tx.connection())
        .await?;
        if row.is_some_and(|(_, other)| other) {
            tx.live(Topic::Monitors {});
        }
        tx.commit().await?;
        Ok(match row {
            None => Held::Lost,
            Some((true, _)) => Held::Cancelled,
            Some((false, _)) => Held::Ours,
        })
    }

    /// Writes what it came to; false if it is not this worker's any more, and then nothing is written.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_settle(
        &self,
        by: &Actor,
        due: &DueVerification,
        state: State,
        why: &str,
        found: &[Found],
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().inner();
        let settled = sqlx::query(
            "UPDATE verification SET state = $3, why = $4, found = $5, ended_at = $6, lease_until = NULL, doing = NULL
             WHERE id = $1 AND n_attempts = $2 AND state = 'running'",
        )
        .bind(due.id)
        .bind(due.attempt)
        .bind(state.name())
        .bind(why)
        .bind(Json(found))
        .bind(now)
        .execute(tx.connection())
        .await?;
        if settled.rows_affected() == 0 {
            return Ok(false);
        }
        for one in found {
            let Some(file) = &one.file else { continue };
            sqlx::query(
                "INSERT INTO verified_file (verification_id, system_id, place, digest, verified, why, at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            )
            .bind(due.id)
            .bind(due.system.0)
            .bind(&one.place)
            .bind(&file.digest)
            .bind(one.verified)
            .bind(&one.why)
            .bind(now)
            .execute(tx.connection())
            .await?;
        }
        let files: Vec<_> = found
            .iter()
            .map(|one| json!({"place": one.place, "file": one.file, "verified": one.verified, "why": one.why}))
            .collect();
        let detail = json!({"id": due.id, "state": state.name(), "why": why, "files": files});
        tx.audit(by, "verification.ended", format!("verification {}", due.id), detail);
        tx.live(Topic::Monitors {});
        tx.commit().await?;
        Ok(true)
    }

    /// Of these, the ones that no worker makes any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verifications_given_up(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT id FROM verification
             WHERE id = ANY($1) AND (state <> 'running' OR lease_until < clock_timestamp())",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?)
    }

    /// What the last trial of each of these files showed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verified_files(&self, system: SystemId, digests: &[String]) -> Result<Vec<KnownFile>, StoreError> {
        let rows = sqlx::query_as::<_, KnownRow>(
            "SELECT DISTINCT ON (digest) digest, verified, why, at FROM verified_file
             WHERE system_id = $1 AND digest = ANY($2) ORDER BY digest, at DESC",
        )
        .bind(system.0)
        .bind(digests)
        .fetch_all(&self.pool)
        .await?;
        let known = |row: KnownRow| KnownFile {
            digest: row.digest,
            verified: row.verified,
            why: row.why,
            at: Timestamp::new(row.at),
        };
        Ok(rows.into_iter().map(known).collect())
    }
}
