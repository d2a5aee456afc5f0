//! What is known of an incident's recovery: its runs, their watches, the monitors of what it affects. What is open is the domain's to say.

use std::time::Duration;

use shared::{
    domain::{
        monitor::{BASELINE_DAYS, Definition, FEWEST_CHECKS, LATELY_SECONDS, Lately, overdue},
        validation::{Begun, Facts, Monitored, recovered_at},
    },
    ids::RunId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgConnection, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Bad, IncidentRecord, Store, StoreError, Tx,
    error::from_name,
    run::{Which, read},
};

async fn facts(connection: &mut PgConnection, record: &IncidentRecord) -> Result<Facts, StoreError> {
    let runs: Vec<(Uuid, Option<Json<Vec<Bad>>>)> = sqlx::query_as(
        "WITH RECURSIVE same (id, number) AS (
             SELECT id, number FROM incident WHERE id = $1
             UNION SELECT m.id, m.number FROM incident m JOIN same ON m.merged_into = same.number),
         last AS (
             SELECT DISTINCT ON (r.header->'procedure'->>'id') r.id, r.number
             FROM run r JOIN same ON same.id = r.incident_id
             WHERE NOT r.dry_run AND NOT r.drill
               AND EXISTS (SELECT 1 FROM step_event e WHERE e.run_id = r.id AND e.event->>'event' = 'step-started')
             ORDER BY r.header->'procedure'->>'id', r.number DESC)
         SELECT l.id, w.bad FROM last l LEFT JOIN watch w ON w.run_id = l.id ORDER BY l.number",
    )
    .bind(record.id.0)
    .fetch_all(&mut *connection)
    .await?;
    let mut facts = Facts::default();
    for (id, bad) in runs {
        let run = read(connection, Which::Id(RunId(id)), false).await?.run;
        let bad = bad.map(|bad| bad.0).unwrap_or_default();
        facts.runs.push(Begun { run, bad: bad.into_iter().map(|bad| (bad.step, bad.reason)).collect() });
    }
    // Nothing is asked of what was never recovered.
    if let Some(since) = recovered_at(&facts) {
        facts.monitors = monitors(connection, record, since).await?;
    }
    Ok(facts)
}

#[derive(FromRow)]
struct MonitorRow {
    id: Uuid,
    definition: Json<Definition>,
    state: String,
    text: Option<String>,
    checked_at: Option<OffsetDateTime>,
    due_at: OffsetDateTime,
    now: OffsetDateTime,
    hours: Vec<f64>,
    n: Option<i64>,
    mean: Option<f64>,
    n_since: i64,
}

impl TryFrom<MonitorRow> for Monitored {
    type Error = StoreError;

    fn try_from(row: MonitorRow) -> Result<Self, StoreError> {
        let lately = row.n.zip(row.mean).map(|(n, mean)| Lately { mean, n: u32::try_from(n).unwrap_or(u32::MAX) });
        Ok(Self {
            id: row.id,
            definition: row.definition.0,
            state: from_name(row.state)?,
            text: row.text,
            checked_at: row.checked_at.map(Timestamp::new),
            stale: overdue(Some(Timestamp::new(row.due_at)), Timestamp::new(row.now)),
            hours: row.hours,
            lately,
            n_since: u32::try_from(row.n_since).unwrap_or(u32::MAX),
        })
    }
}

/// Of what the incident affects, with what each found before it and since the recovery.
async fn monitors(
    connection: &mut PgConnection,
    record: &IncidentRecord,
    since: Timestamp,
) -> Result<Vec<Monitored>, StoreError> {
    let rows = sqlx::query_as::<_, MonitorRow>(
        "SELECT m.id, m.definition, t.state, t.text, t.checked_at, t.due_at, clock_timestamp() AS now, lately.n, lately.mean,
                -- Counted no further than it is asked. Minutes are soon forgotten, and the hour of the recovery is not whole.
                greatest(minutes.n, hours.n, 0) AS n_since,
                ARRAY(SELECT b.value_sum / b.n_values FROM monitor_bucket b
                      WHERE b.monitor_id = m.id AND b.seconds = 3600 AND b.n_values > 0
                        AND b.at >= $3 - make_interval(days => $5) AND b.at + interval '1 hour' <= $3) AS hours
         FROM monitor m JOIN monitor_standing t ON t.monitor_id = m.id
              CROSS JOIN LATERAL (
                  SELECT sum(b.n_values)::bigint AS n, sum(b.value_sum) / nullif(sum(b.n_values), 0) AS mean
                  FROM monitor_minute b
                  WHERE b.monitor_id = m.id AND b.seconds = 60 AND b.at >= greatest($4, clock_timestamp() - make_interval(secs => $6))
              ) AS lately
              CROSS JOIN LATERAL (SELECT sum(f.n_values) AS n FROM (
                  SELECT b.n_values FROM monitor_minute b
                  WHERE b.monitor_id = m.id AND b.seconds = 60 AND b.n_values > 0 AND b.at >= $4 ORDER BY b.at LIMIT $7) AS f) AS minutes
              CROSS JOIN LATERAL (SELECT sum(f.n_values) AS n FROM (
                  SELECT b.n_values FROM monitor_bucket b
                  WHERE b.monitor_id = m.id AND b.seconds = 3600 AND b.n_values > 0 AND b.at >= $4 ORDER BY b.at LIMIT $7) AS f) AS hours
         WHERE m.system_id = $1 AND m.retired_at IS NULL AND t.due_at IS NOT NULL AND m.definition->>'component' = ANY($2)
         ORDER BY m.name",
    )
    .bind(record.system.0)
    .bind(record.incident.components())
    .bind(record.incident.declared_at.inner())
    .bind(since.inner())
    .bind(BASELINE_DAYS)
    .bind(Duration::from_secs(LATELY_SECONDS).as_secs_f64())
    .bind(i64::from(FEWEST_CHECKS))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl Store {
    /// Averages of a monitor's hours: of the last days, or of those before the trouble that its component is in or was in lately.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_usual_hours(&self, id: Uuid) -> Result<Vec<f64>, StoreError> {
        Ok(sqlx::query_scalar(
            "WITH trouble AS (
                 SELECT coalesce(min(i.declared_at), clock_timestamp()) AS begun_at
                 FROM monitor m JOIN monitor_standing t ON t.monitor_id = m.id
                      JOIN incident i ON i.system_id = m.system_id AND NOT i.drill
                       AND i.affected @> jsonb_build_array(jsonb_build_object('component', m.definition->>'component'))
                       AND (i.resolved_at IS NULL OR (i.state = 'resolved' AND t.closely_until > clock_timestamp()))
                 WHERE m.id = $1)
             SELECT b.value_sum / b.n_values FROM monitor_bucket b, trouble
             WHERE b.monitor_id = $1 AND b.seconds = 3600 AND b.n_values > 0
               AND b.at >= trouble.begun_at - make_interval(days => $2) AND b.at + interval '1 hour' <= trouble.begun_at",
        )
        .bind(id)
        .bind(BASELINE_DAYS)
        .fetch_all(&self.pool)
        .await?)
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn validation_facts(&self, record: &IncidentRecord) -> Result<Facts, StoreError> {
        facts(&mut *self.pool.acquire().await?, record).await
    }
}

impl Tx {
    /// As they are under the incident's lock, which the caller holds: what is said of a run or its watch is written under it too.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn validation_facts(&mut self, record: &IncidentRecord) -> Result<Facts, StoreError> {
        facts(self.connection(), record).await
    }
}
