//! What a system has shown: its last successful runs, its last incidents, and how ready it was day by day. Judges nothing. What only
//! some may see is left out: the score is everybody's.

use shared::{
    digest::Digest,
    domain::{
        readiness::{Failure, Lost, Outage, Rehearsal},
        resolution::Resolution,
    },
    ids::SystemId,
    plan::Procedure,
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{Store, StoreError};

#[derive(FromRow)]
struct RehearsalRow {
    procedure: String,
    digest: String,
    ended_at: OffsetDateTime,
    took: i64,
    number: i64,
    drill: bool,
    lacking: Option<String>,
    resolution: Option<Json<Resolution>>,
}

/// A run that succeeded although somebody skipped these steps.
#[derive(FromRow)]
struct SkippedRow {
    id: Uuid,
    number: i64,
    ended_at: OffsetDateTime,
    procedure: Json<Procedure>,
    skipped: Vec<i32>,
}

impl SkippedRow {
    fn left_something_out(&self) -> bool {
        let skipped = |number: u32| self.skipped.iter().any(|n| n.unsigned_abs() == number);
        self.procedure.0.steps.iter().any(|step| step.recovers() && skipped(step.number))
    }
}

#[derive(FromRow)]
struct OutageRow {
    component: String,
    ended_at: OffsetDateTime,
    took: i64,
    number: i64,
}

impl Store {
    /// Runs that succeeded without a step that recovers, because somebody skipped it.
    async fn left_something_out(&self, system: SystemId, since: Timestamp) -> Result<Vec<SkippedRow>, StoreError> {
        let rows = sqlx::query_as::<_, SkippedRow>(
            "SELECT r.id, r.number, r.ended_at, r.header->'procedure' AS procedure,
                    array_agg((e.event->>'step')::int) AS skipped
             FROM run r JOIN run_event e ON e.run_id = r.id
             WHERE r.system_id = $1 AND r.state = 'succeeded' AND r.ended_at >= $2
               AND e.event->>'event' = 'answered' AND e.event->'answer'->>'answer' = 'skip'
               AND EXISTS (SELECT FROM incident i WHERE i.id = r.incident_id AND i.seen_by IS NULL)
             GROUP BY r.id",
        )
        .bind(system.0)
        .bind(since.inner())
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().filter(SkippedRow::left_something_out).collect())
    }

    /// The last run of each procedure, in each form that it had, that was really carried out to its end, from `since` on: in one go and
    /// with every step that recovers. One that goes on from another has done half of it, and its clock began late.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn rehearsals(&self, system: SystemId, since: Timestamp) -> Result<Vec<Rehearsal>, StoreError> {
        let left_out: Vec<_> = self.left_something_out(system, since).await?.into_iter().map(|row| row.id).collect();
        let rows = sqlx::query_as::<_, RehearsalRow>(
            "SELECT DISTINCT ON (procedure, digest, drill) procedure, digest, ended_at, took, number, drill, lacking,
                    (SELECT e.event->'resolution' FROM step_event e
                     WHERE e.run_id = done.id AND e.event->>'event' = 'resolved' ORDER BY e.seq DESC LIMIT 1) AS resolution
             FROM (
                 SELECT id, header->'procedure'->>'id' AS procedure, header->'procedure'->>'digest' AS digest, ended_at,
                        CASE WHEN drill THEN (SELECT d.recovered_seconds FROM drill d WHERE d.run_id = run.id)
                             ELSE extract(epoch FROM ended_at - requested_at)::bigint END AS took, number, drill,
                        (SELECT d.verdict_note FROM drill d WHERE d.run_id = run.id AND d.verdict = 'lacking') AS lacking
                 FROM run WHERE system_id = $1 AND state = 'succeeded' AND ended_at >= $2 AND id <> ALL($3)
                      AND header->'resumes' IS NULL
                      AND EXISTS (SELECT FROM incident i WHERE i.id = incident_id AND i.seen_by IS NULL)
                      AND NOT coalesce((header->>'dry_run')::boolean, false)) AS done
             WHERE took IS NOT NULL ORDER BY procedure, digest, drill, ended_at DESC",
        )
        .bind(system.0)
        .bind(since.inner())
        .bind(left_out)
        .fetch_all(&self.pool)
        .await?;
        let one = |row: RehearsalRow| {
            let digest: Digest =
                row.digest.parse().map_err(|e| StoreError::Corrupt(format!("run {}: {e}", row.number)))?;
            Ok(Rehearsal {
                procedure: row.procedure,
                digest,
                ended_at: Timestamp::new(row.ended_at),
                took_seconds: row.took,
                run: row.number,
                drill: row.drill,
                lacking: row.lacking,
                resolution: row.resolution.map(|resolution| resolution.0),
            })
        };
        rows.into_iter().map(one).collect()
    }

    /// Runs from `since` on that were begun and not carried out as the plan has it: of each procedure the last one that ended with a step
    /// that failed, and those that went on without a step that recovers.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn rehearsals_failed(&self, system: SystemId, since: Timestamp) -> Result<Vec<Failure>, StoreError> {
        let stopped: Vec<(String, OffsetDateTime, i64)> = sqlx::query_as(
            "SELECT DISTINCT ON (r.header->'procedure'->>'id') r.header->'procedure'->>'id', r.ended_at, r.number
             FROM run r JOIN incident i ON i.id = r.incident_id
             WHERE r.system_id = $1 AND r.state = 'stopped' AND r.ended_at >= $2 AND i.seen_by IS NULL AND NOT r.dry_run
               AND (SELECT e.event->'outcome'->>'outcome' FROM step_event e
                    WHERE e.run_id = r.id AND e.event->>'event' = 'step-ended' ORDER BY e.seq DESC LIMIT 1) IN ('failed', 'unknown')
             ORDER BY r.header->'procedure'->>'id', r.ended_at DESC",
        )
        .bind(system.0)
        .bind(since.inner())
        .fetch_all(&self.pool)
        .await?;
        let one =
            |procedure, ended_at, run, skipped| Failure { procedure, ended_at: Timestamp::new(ended_at), run, skipped };
        let stopped = stopped.into_iter().map(|(procedure, ended_at, run)| one(procedure, ended_at, run, false));
        let skipped = self.left_something_out(system, since).await?.into_iter();
        Ok(stopped.chain(skipped.map(|row| one(row.procedure.0.id, row.ended_at, row.number, true))).collect())
    }

    /// Of each component the last incident that is over, from `since` on, with how long it did not work.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn outages(&self, system: SystemId, since: Timestamp) -> Result<Vec<Outage>, StoreError> {
        let rows = sqlx::query_as::<_, OutageRow>(
            "SELECT DISTINCT ON (component) component, ended_at, took, number FROM (
                 SELECT a->>'component' AS component, i.resolved_at AS ended_at, i.number,
                        extract(epoch FROM coalesce((a->>'restored_at')::timestamptz, i.resolved_at)
                                           - coalesce((a->>'since')::timestamptz, i.declared_at))::bigint AS took
                 FROM incident i CROSS JOIN jsonb_array_elements(i.affected) AS a
                 WHERE i.system_id = $1 AND i.resolved_at >= $2 AND i.merged_into IS NULL AND i.seen_by IS NULL AND NOT i.drill) AS over
             ORDER BY component, ended_at DESC",
        )
        .bind(system.0)
        .bind(since.inner())
        .fetch_all(&self.pool)
        .await?;
        let one = |row: OutageRow| Outage {
            component: row.component,
            ended_at: Timestamp::new(row.ended_at),
            took_seconds: row.took,
            incident: row.number,
        };
        Ok(rows.into_iter().map(one).collect())
    }

    /// Of each kind of data what the last drill would have lost that restored it, from `since` on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_losses(&self, system: SystemId, since: Timestamp) -> Result<Vec<Lost>, StoreError> {
        let rows: Vec<(String, i64, OffsetDateTime, i64, String)> = sqlx::query_as(
            "SELECT DISTINCT ON (p->>'data') p->>'data', (p->>'lost_seconds')::bigint, d.ended_at, r.number, d.procedure
             FROM drill d JOIN run r ON r.id = d.run_id CROSS JOIN jsonb_array_elements(d.points) AS p
             WHERE d.system_id = $1 AND d.ended_at >= $2 AND p->>'lost_seconds' IS NOT NULL
             ORDER BY p->>'data', d.ended_at DESC",
        )
        .bind(system.0)
        .bind(since.inner())
        .fetch_all(&self.pool)
        .await?;
        let one = |(data, seconds, ended_at, run, procedure)| Lost {
            data,
            seconds,
            ended_at: Timestamp::new(ended_at),
            run,
            procedure,
        };
        Ok(rows.into_iter().map(one).collect())
    }

    /// How ready it is today, by the database's clock in UTC. The last word of a day counts.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn readiness_note(&self, system: SystemId, score: u32) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO readiness_day (system_id, day, score) VALUES ($1, (clock_timestamp() AT TIME ZONE 'UTC')::date, $2)
             ON CONFLICT (system_id, day) DO UPDATE SET score = excluded.score WHERE readiness_day.score <> excluded.score",
        )
        .bind(system.0)
        .bind(i32::try_from(score).unwrap_or(100))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Oldest first, of so many days.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn readiness_days(&self, system: SystemId, days: i32) -> Result<Vec<(Date, u32)>, StoreError> {
        let rows: Vec<(Date, i32)> = sqlx::query_as(
            "SELECT day, score FROM readiness_day
             WHERE system_id = $1 AND day > (clock_timestamp() AT TIME ZONE 'UTC')::date - $2 ORDER BY day",
        )
        .bind(system.0)
        .bind(days)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(day, score)| (day, score.unsigned_abs())).collect())
    }
}
