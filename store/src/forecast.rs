//! What the steps of past runs took, and of which run it was said that it will be late. Forecasts nothing.

use std::collections::BTreeMap;

use shared::{
    digest::Digest,
    domain::forecast::Past,
    ids::{RunId, SystemId},
};
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

impl Store {
    /// Of the newest runs of this very procedure that were carried out to their end: what each step took, from its first start to its last
    /// end. Those of restricted incidents are left out: a forecast is everybody's.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn step_times(&self, system: SystemId, procedure: Digest, limit: i64) -> Result<Vec<Past>, StoreError> {
        let rows: Vec<(Uuid, i32, i64)> = sqlx::query_as(
            "SELECT e.run_id, (e.event->>'step')::int AS step,
                    (extract(epoch FROM max(e.at) FILTER (WHERE e.event->>'event' = 'step-ended')
                                        - min(e.at) FILTER (WHERE e.event->>'event' = 'step-started')) * 1000)::bigint AS ms
             FROM step_event e
             WHERE e.run_id IN (
                 SELECT r.id FROM run r JOIN incident i ON i.id = r.incident_id
                 WHERE r.system_id = $1 AND r.state = 'succeeded' AND r.header->'procedure'->>'digest' = $2
                   AND NOT r.dry_run AND i.seen_by IS NULL AND r.header->'resumes' IS NULL
                 ORDER BY r.number DESC LIMIT $3)
               AND e.event->>'event' IN ('step-started', 'step-ended')
             GROUP BY e.run_id, step
             HAVING count(*) FILTER (WHERE e.event->>'event' = 'step-ended') > 0
                AND count(*) FILTER (WHERE e.event->>'event' = 'step-started') > 0",
        )
        .bind(system.0)
        .bind(procedure.to_string())
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let mut runs: BTreeMap<Uuid, Past> = BTreeMap::new();
        for (run, step, ms) in rows {
            runs.entry(run).or_default().insert(step.unsigned_abs(), ms);
        }
        Ok(runs.into_values().collect())
    }

    /// Runs that go on and of which nobody has said that they will be late.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_going(&self) -> Result<Vec<RunId>, StoreError> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM run WHERE state = 'running' AND NOT dry_run AND NOT drill
             AND NOT EXISTS (SELECT FROM run_late l WHERE l.run_id = run.id) ORDER BY number LIMIT 100",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }
}

impl Tx {
    /// That it will be late is said now; false if it was said before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn run_late_say(&mut self, run: RunId) -> Result<bool, StoreError> {
        let said = sqlx::query("INSERT INTO run_late (run_id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(run.0)
            .bind(self.now().inner())
            .execute(self.connection())
            .await?;
        Ok(said.rows_affected() == 1)
    }
}
