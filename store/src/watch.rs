//! The watch after a recovery: its rounds, the job that comes again, and until when monitors look more often. What is looked at is the
//! worker's.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{
    api::{
        live::Topic,
        run::{WatchRound, WatchView},
    },
    ids::{RunId, SystemId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;

use crate::{Store, StoreError, Tx};

/// A final check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bad {
    pub step: u32,
    pub reason: String,
}

/// A watch that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    pub until: Timestamp,
    pub n_rounds: i32,
    /// What did not hold in the last round.
    pub bad: Vec<Bad>,
}

#[derive(FromRow)]
struct WatchRow {
    begun_at: OffsetDateTime,
    until: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
    bad: Json<Vec<Bad>>,
    n_rounds: i32,
    n_bad: i32,
}

#[derive(FromRow)]
struct RoundRow {
    at: OffsetDateTime,
    bad: i32,
}

/// Rounds shown with a run.
const ROUNDS: i64 = 500;

async fn row(store: &Store, run: RunId) -> Result<Option<WatchRow>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT w.begun_at, w.until, w.ended_at, w.bad, count(r.n)::int AS n_rounds,
                (count(r.n) FILTER (WHERE r.bad <> '[]'))::int AS n_bad
         FROM watch w LEFT JOIN watch_round r ON r.run_id = w.run_id WHERE w.run_id = $1 GROUP BY w.run_id",
    )
    .bind(run.0)
    .fetch_optional(&store.pool)
    .await?)
}

impl Store {
    /// The run's watch while it goes on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn watch_fetch(&self, run: RunId) -> Result<Option<Watch>, StoreError> {
        let row = row(self, run).await?.filter(|row| row.ended_at.is_none());
        Ok(row.map(|row| Watch { until: Timestamp::new(row.until), n_rounds: row.n_rounds, bad: row.bad.0 }))
    }

    /// The run's watch as people see it, with its latest rounds, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn watch_view(&self, run: RunId) -> Result<Option<WatchView>, StoreError> {
        let Some(row) = row(self, run).await? else { return Ok(None) };
        let rounds = sqlx::query_as::<_, RoundRow>(
            "SELECT at, bad FROM (SELECT n, at, jsonb_array_length(bad) AS bad FROM watch_round WHERE run_id = $1
                                  ORDER BY n DESC LIMIT $2) AS latest ORDER BY n",
        )
        .bind(run.0)
        .bind(ROUNDS)
        .fetch_all(&self.pool)
        .await?;
        Ok(Some(WatchView {
            begun_at: Timestamp::new(row.begun_at),
            until: Timestamp::new(row.until),
            ended_at: row.ended_at.map(Timestamp::new),
            n_rounds: row.n_rounds.unsigned_abs(),
            n_bad: row.n_bad.unsigned_abs(),
            bad: row.bad.0.into_iter().map(|bad| (bad.step, bad.reason)).collect(),
            rounds: rounds
                .into_iter()
                .map(|round| WatchRound { at: Timestamp::new(round.at), n_bad: round.bad.unsigned_abs() })
                .collect(),
        }))
    }
}

impl Tx {
    /// Begins with the end of a recovery; the first round is a job of its own.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn watch_begin(&mut self, run: RunId, seconds: u64) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO watch (run_id, begun_at, until) VALUES ($1, $2, $2 + make_interval(secs => $3))")
            .bind(run.0)
            .bind(self.now().inner())
            .bind(Duration::from_secs(seconds).as_secs_f64())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Until then the monitors of these components look more often, beginning now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitors_watch_closely(
        &mut self,
        system: SystemId,
        components: &[&str],
        until: Timestamp,
    ) -> Result<(), StoreError> {
        // In the order in which findings are written, so that nobody waits in a circle.
        let changed = sqlx::query(
            "WITH held AS (
                 SELECT t.monitor_id FROM monitor_standing t JOIN monitor m ON m.id = t.monitor_id
                 WHERE m.system_id = $1 AND m.retired_at IS NULL AND m.definition->>'component' = ANY($2)
                 ORDER BY t.monitor_id FOR NO KEY UPDATE OF t)
             UPDATE monitor_standing t
             SET closely_until = greatest(t.closely_until, $3), due_at = CASE WHEN t.due_at IS NOT NULL THEN least(t.due_at, $4) END
             FROM held WHERE t.monitor_id = held.monitor_id",
        )
        .bind(system.0)
        .bind(components)
        .bind(until.inner())
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        if changed.rows_affected() > 0 {
            self.live(Topic::Monitors {});
        }
        Ok(())
    }

    /// Writes what a round found, if `fence` is still the run's.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if another worker has taken over; then nothing was written.
    pub async fn watch_round(&mut self, run: RunId, fence: i64, bad: &[Bad], last: bool) -> Result<(), StoreError> {
        let now = self.now().inner();
        let written = sqlx::query(
            "WITH held AS (SELECT id FROM run WHERE id = $1 AND fence = $2 FOR UPDATE),
                  w AS (UPDATE watch SET bad = $3, ended_at = CASE WHEN $4 THEN $5 END FROM held
                        WHERE run_id = held.id AND ended_at IS NULL RETURNING run_id)
             INSERT INTO watch_round (run_id, n, at, bad)
             SELECT w.run_id, 1 + coalesce((SELECT max(n) FROM watch_round WHERE run_id = $1), 0), $5, $3 FROM w",
        )
        .bind(run.0)
        .bind(fence)
        .bind(Json(bad))
        .bind(last)
        .bind(now)
        .execute(self.connection())
        .await?;
        if written.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Fenced) }
    }
}
