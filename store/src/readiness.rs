//! What a system has shown: its last successful runs, its last incidents, and how ready it was day by day. Judges nothing. What only
//! some may see is left out: the score is everybody's.

use shared::{
    digest::Digest,
    domain::readiness::{Lost, Outage, Rehearsal},
    ids::SystemId,
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::{Date, OffsetDateTime};

use crate::{Store, StoreError};

#[derive(FromRow)]
struct RehearsalRow {
    procedure: String,
    digest: String,
    ended_at: OffsetDateTime,
    took: i64,
    number: i64,
    drill: bool,
}

#[derive(FromRow)]
struct OutageRow {
    component: String,
    ended_at: OffsetDateTime,
    took: i64,
    number: i64,
}

impl Store {
    /// The last run of each procedure, in each form that it had, that was really carried out to its end, from `since` on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn rehearsals(&self, system: SystemId, since: Timestamp) -> Result<Vec<Rehearsal>, StoreError> {
        let rows = sqlx::query_as::<_, RehearsalRow>(
            "SELECT DISTINCT ON (procedure, digest, drill) procedure, digest, ended_at, took, number, drill FROM (
                 SELECT header->'procedure'->>'id' AS procedure, header->'procedure'->>'digest' AS digest, ended_at,
                        CASE WHEN drill THEN (SELECT d.recovered_seconds FROM drill d WHERE d.run_id = run.id)
                             ELSE extract(epoch FROM ended_at - requested_at)::bigint END AS took, number, drill
                 FROM run WHERE system_id = $1 AND state = 'succeeded' AND ended_at >= $2
                      AND EXISTS (SELECT FROM incident i WHERE i.id = incident_id AND i.seen_by IS NULL)
                      AND NOT coalesce((header->>'dry_run')::boolean, false)) AS done
             WHERE took IS NOT NULL ORDER BY procedure, digest, drill, ended_at DESC",
        )
        .bind(system.0)
        .bind(since.inner())
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
            })
        };
        rows.into_iter().map(one).collect()
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
