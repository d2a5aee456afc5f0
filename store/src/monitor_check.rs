//! Checks that are due: claimed with a lease on the database's clock, settled many at a time. What a check finds is the worker's.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    api::live::Topic,
    domain::monitor::{Definition, Standing, Verdict},
    ids::SystemId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, error::from_name};

/// Adds what was found to the sums of these many seconds.
macro_rules! sums {
    ($sizes:literal) => {
        concat!(
            "(monitor_id, seconds, at, n, n_bad, n_warning, took_ms, took_most_ms, n_values, value_sum, value_least, value_most)
             SELECT h.id, size.s, to_timestamp(floor(extract(epoch FROM h.at) / size.s) * size.s), 1,
                    (h.verdict = 'bad')::int, (h.verdict = 'warning')::int, h.took_ms, h.took_ms, (h.value IS NOT NULL)::int,
                    coalesce(h.value, 0), h.value, h.value
             FROM held h CROSS JOIN (VALUES ", $sizes, ") AS size (s)
             ON CONFLICT (monitor_id, seconds, at) DO UPDATE
             SET n = b.n + 1, n_bad = b.n_bad + excluded.n_bad, n_warning = b.n_warning + excluded.n_warning,
                 took_ms = b.took_ms + excluded.took_ms, took_most_ms = greatest(b.took_most_ms, excluded.took_most_ms),
                 n_values = b.n_values + excluded.n_values, value_sum = b.value_sum + excluded.value_sum,
                 value_least = least(b.value_least, excluded.value_least),
                 value_most = greatest(b.value_most, excluded.value_most)"
        )
    };
}

/// A check that is this worker's for as long as its lease.
#[derive(Clone, Debug)]
pub struct DueCheck {
    pub monitor: Uuid,
    pub system: SystemId,
    pub project: String,
    pub definition: Definition,
    pub version: i32,
    pub standing: Standing,
    pub due_at: Timestamp,
    pub claimed_at: Timestamp,
    /// What it is about was brought back lately.
    pub closely: bool,
}

/// What a check made of a monitor.
#[derive(Clone, Debug)]
pub struct CheckDone {
    pub check: DueCheck,
    pub at: Timestamp,
    pub verdict: Verdict,
    pub text: String,
    pub took_ms: u32,
    pub value: Option<f64>,
    pub standing: Standing,
    pub next_due_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    monitor_id: Uuid,
    system_id: Uuid,
    project: String,
    definition: Json<Definition>,
    version: i32,
    state: String,
    since: OffsetDateTime,
    bad_in_row: i32,
    due_at: OffsetDateTime,
    claimed_at: OffsetDateTime,
    closely: bool,
}

impl TryFrom<Row> for DueCheck {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            monitor: row.monitor_id,
            system: SystemId(row.system_id),
            project: row.project,
            definition: row.definition.0,
            version: row.version,
            standing: Standing {
                state: from_name(row.state)?,
                since: Timestamp::new(row.since),
                bad_in_row: u16::try_from(row.bad_in_row).unwrap_or(u16::MAX),
            },
            due_at: Timestamp::new(row.due_at),
            claimed_at: Timestamp::new(row.claimed_at),
            closely: row.closely,
        })
    }
}

impl Store {
    /// Takes up to `most` checks that are due, of the projects this worker may look at, whose system lives on no host in particular or
    /// on this worker's. The first to be due comes first. Each is held for as long as it may take, and `beyond`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_claim(
        &self,
        worker: &str,
        projects: &[String],
        here: Option<&str>,
        beyond: Duration,
        most: i64,
    ) -> Result<Vec<DueCheck>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(
            "WITH due AS (
                 SELECT t.monitor_id, (m.definition->>'timeout_seconds')::int AS takes
                 FROM monitor_standing t JOIN monitor m ON m.id = t.monitor_id JOIN system s ON s.id = m.system_id
                 WHERE t.due_at <= clock_timestamp() AND (t.lease_until IS NULL OR t.lease_until < clock_timestamp())
                   AND s.project = ANY($2) AND (s.host IS NULL OR s.host = $3)
                 ORDER BY t.due_at LIMIT $5 FOR UPDATE OF t SKIP LOCKED),
             held AS (
                 UPDATE monitor_standing t SET worker = $1, lease_until = clock_timestamp() + make_interval(secs => $4 + due.takes)
                 FROM due WHERE t.monitor_id = due.monitor_id
                 RETURNING t.monitor_id, t.state, t.since, t.bad_in_row, t.due_at, clock_timestamp() AS claimed_at,
                           coalesce(t.closely_until > clock_timestamp(), false) AS closely)
             SELECT h.*, m.system_id, m.definition, m.version, s.project
             FROM held h JOIN monitor m ON m.id = h.monitor_id JOIN system s ON s.id = m.system_id ORDER BY h.due_at",
        )
        .bind(worker)
        .bind(projects)
        .bind(here)
        .bind(beyond.as_secs_f64())
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// How long until the next check is due that [`Store::monitor_claim`] would give; `None` if there is none.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_next_due(
        &self,
        projects: &[String],
        here: Option<&str>,
    ) -> Result<Option<Duration>, StoreError> {
        let seconds: Option<f64> = sqlx::query_scalar(
            "SELECT extract(epoch FROM min(greatest(t.due_at, coalesce(t.lease_until, t.due_at))) - clock_timestamp())::float8
             FROM monitor_standing t JOIN monitor m ON m.id = t.monitor_id JOIN system s ON s.id = m.system_id
             WHERE t.due_at IS NOT NULL AND s.project = ANY($1) AND (s.host IS NULL OR s.host = $2)",
        )
        .bind(projects)
        .bind(here)
        .fetch_one(&self.pool)
        .await?;
        Ok(seconds.map(|seconds| Duration::from_secs_f64(seconds.max(0.0))))
    }

    /// Writes what checks have found, in one transaction. What has been changed, paused or taken over meanwhile is left out.
    ///
    /// # Errors
    /// If the database does not answer; then nothing was written, and the checks are made again.
    pub async fn monitor_settle(&self, worker: &str, done: &[CheckDone]) -> Result<(), StoreError> {
        let done = newest(done);
        let ids: Vec<_> = done.iter().map(|one| one.check.monitor).collect();
        let versions: Vec<_> = done.iter().map(|one| one.check.version).collect();
        let ats: Vec<_> = done.iter().map(|one| one.at.inner()).collect();
        let verdicts: Vec<_> = done.iter().map(|one| verdict(one.verdict)).collect();
        let texts: Vec<_> = done.iter().map(|one| one.text.as_str()).collect();
        let took: Vec<_> = done.iter().map(|one| i32::try_from(one.took_ms).unwrap_or(i32::MAX)).collect();
        let values: Vec<_> = done.iter().map(|one| one.value).collect();
        let states: Vec<_> = done.iter().map(|one| one.standing.state.name()).collect();
        let sinces: Vec<_> = done.iter().map(|one| one.standing.since.inner()).collect();
        let bads: Vec<_> = done.iter().map(|one| i32::from(one.standing.bad_in_row)).collect();
        let dues: Vec<_> = done.iter().map(|one| one.next_due_at.inner()).collect();
        let closely: Vec<_> = done
            .iter()
            .map(|one| i32::try_from(one.check.definition.closely_every_seconds()).unwrap_or(i32::MAX))
            .collect();
        let mut tx = self.begin().await?;
        let changed: i64 = sqlx::query_scalar(concat!(
            "WITH found AS (
                 SELECT * FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::int[], $8::float8[],
                                      $9::text[], $10::timestamptz[], $11::int[], $12::timestamptz[], $13::int[])
                     AS f (id, version, at, verdict, text, took_ms, value, state, since, bad_in_row, due_at, closely)),
             held AS (
                 SELECT f.*, t.state AS state_before
                 FROM found f JOIN monitor m ON m.id = f.id AND m.version = f.version
                      JOIN monitor_standing t ON t.monitor_id = f.id AND t.worker = $1 AND t.due_at IS NOT NULL
                 ORDER BY f.id FOR UPDATE OF t),
             stood AS (
                 UPDATE monitor_standing t
                 SET state = h.state, since = h.since, bad_in_row = h.bad_in_row, checked_at = h.at, verdict = h.verdict,
                     took_ms = h.took_ms, value = h.value, text = h.text, lease_until = NULL, worker = NULL,
                     -- It may have become one to watch closely while it was checked.
                     due_at = CASE WHEN t.closely_until > h.at THEN least(h.due_at, h.at + make_interval(secs => h.closely))
                                   ELSE h.due_at END
                 FROM held h WHERE t.monitor_id = h.id),
             change AS (
                 INSERT INTO monitor_change (monitor_id, at, state_before, state, text)
                 SELECT id, at, state_before, state, text FROM held WHERE state_before <> state RETURNING 1),
             minutes AS (
                 INSERT INTO monitor_minute AS b ", sums!("(60)"), "),
             sums AS (
                 INSERT INTO monitor_bucket AS b ", sums!("(3600), (86400)"), ")
             SELECT count(*) FROM change",
        ))
        .bind(worker)
        .bind(&ids)
        .bind(&versions)
        .bind(&ats)
        .bind(&verdicts)
        .bind(&texts)
        .bind(&took)
        .bind(&values)
        .bind(&states)
        .bind(&sinces)
        .bind(&bads)
        .bind(&dues)
        .bind(&closely)
        .fetch_one(tx.connection())
        .await?;
        if changed > 0 {
            tx.live(Topic::Monitors {});
        }
        tx.commit().await
    }
}

/// One finding of each monitor: where a lease ran out before its finding was written and the check was made again, the later one, because one
/// statement cannot change a row twice. In one order for everybody, so that nobody waits in a circle.
fn newest(done: &[CheckDone]) -> Vec<&CheckDone> {
    let mut of = BTreeMap::<Uuid, &CheckDone>::new();
    for one in done {
        let kept = of.entry(one.check.monitor).or_insert(one);
        if kept.check.claimed_at <= one.check.claimed_at {
            *kept = one;
        }
    }
    of.into_values().collect()
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Bad => "bad",
    }
}
