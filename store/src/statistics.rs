//! What incidents were like over time: how many, how soon answered, how soon over, what was promised and missed. Sums of what stands in
//! the incidents that these eyes may see, each trouble once; keeps nothing.

use shared::{
    api::statistics::{ComponentStatistics, LevelStatistics, MonthStatistics, RecoveryView, Spread},
    domain::incident::Eyes,
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::{Store, StoreError};

#[derive(FromRow)]
struct SpreadRow {
    n: i64,
    n_answered: i64,
    answered_half: Option<f64>,
    answered_most: Option<f64>,
    answered_late: i64,
    n_over: i64,
    over_half: Option<f64>,
    over_most: Option<f64>,
}

#[derive(FromRow)]
struct MonthRow {
    month: OffsetDateTime,
    #[sqlx(flatten)]
    spread: SpreadRow,
}

#[derive(FromRow)]
struct LevelRow {
    level: i16,
    #[sqlx(flatten)]
    spread: SpreadRow,
}

#[derive(FromRow)]
struct ComponentRow {
    component: String,
    name: String,
    n: i64,
    half: Option<f64>,
    most: Option<f64>,
    n_measured: i64,
    missed: i64,
}

#[derive(FromRow)]
struct RecoveryRow {
    component: String,
    name: String,
    incident: i64,
    ended_at: OffsetDateTime,
    took: i64,
    rto: Option<i64>,
}

#[expect(clippy::cast_possible_truncation, reason = "spans of time fit")]
fn whole(seconds: Option<f64>) -> Option<i64> {
    seconds.map(|seconds| seconds.round() as i64)
}

impl From<SpreadRow> for Spread {
    fn from(row: SpreadRow) -> Self {
        Self {
            n: row.n,
            n_answered: row.n_answered,
            answered_half: whole(row.answered_half),
            answered_most: whole(row.answered_most),
            answered_late: row.answered_late,
            n_over: row.n_over,
            over_half: whole(row.over_half),
            over_most: whole(row.over_most),
        }
    }
}

/// Of each incident since `$1`: how long until it was answered and until it was over.
macro_rules! spreads {
    ($key:literal, $rest:literal) => {
        concat!(
            "SELECT ", $key, ", count(*) AS n, count(answered) AS n_answered,
                    percentile_cont(0.5) WITHIN GROUP (ORDER BY answered) AS answered_half,
                    percentile_cont(0.9) WITHIN GROUP (ORDER BY answered) AS answered_most,
                    count(*) FILTER (WHERE coalesce(answered, since) > response_seconds) AS answered_late,
                    count(over) AS n_over,
                    percentile_cont(0.5) WITHIN GROUP (ORDER BY over) AS over_half,
                    percentile_cont(0.9) WITHIN GROUP (ORDER BY over) AS over_most
             FROM (SELECT level, declared_at, response_seconds,
                          extract(epoch FROM acknowledged_at - declared_at)::float8 AS answered,
                          extract(epoch FROM coalesce(resolved_at, clock_timestamp()) - declared_at)::float8 AS since,
                          extract(epoch FROM resolved_at - declared_at)::float8 AS over
                   FROM incident
                   WHERE declared_at >= $1 AND merged_into IS NULL AND NOT drill AND (seen_by IS NULL OR $2 OR $3 = ANY(seen_by))) AS i ",
            $rest
        )
    };
}

impl Store {
    /// By month in UTC, oldest first; a month without an incident is not in it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn statistics_by_month(&self, eyes: Eyes, since: Timestamp) -> Result<Vec<MonthStatistics>, StoreError> {
        let rows = sqlx::query_as::<_, MonthRow>(spreads!(
            "date_trunc('month', declared_at, 'UTC') AS month",
            "GROUP BY month ORDER BY month"
        ))
        .bind(since.inner())
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| MonthStatistics { month: Timestamp::new(row.month), incidents: row.spread.into() })
            .collect())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn statistics_by_level(&self, eyes: Eyes, since: Timestamp) -> Result<Vec<LevelStatistics>, StoreError> {
        let rows = sqlx::query_as::<_, LevelRow>(spreads!("level", "GROUP BY level ORDER BY level"))
            .bind(since.inner())
            .bind(eyes.all)
            .bind(eyes.who.0)
            .fetch_all(&self.pool)
            .await?;
        let level = |row: LevelRow| LevelStatistics {
            level: u8::try_from(row.level).unwrap_or_default(),
            incidents: row.spread.into(),
        };
        Ok(rows.into_iter().map(level).collect())
    }

    /// What was affected most comes first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn statistics_by_component(
        &self,
        eyes: Eyes,
        since: Timestamp,
    ) -> Result<Vec<ComponentStatistics>, StoreError> {
        let rows = sqlx::query_as::<_, ComponentRow>(
            "SELECT component, max(name) AS name, count(*) AS n,
                    percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS half,
                    percentile_cont(0.9) WITHIN GROUP (ORDER BY took) AS most,
                    count(*) FILTER (WHERE rto IS NOT NULL AND took IS NOT NULL) AS n_measured,
                    count(*) FILTER (WHERE took > rto) AS missed
             FROM (SELECT s.slug || '/' || (a->>'component') AS component, a->>'name' AS name, (a->>'rto_seconds')::float8 AS rto,
                          extract(epoch FROM coalesce((a->>'restored_at')::timestamptz, i.resolved_at)
                                             - coalesce((a->>'since')::timestamptz, i.declared_at))::float8 AS took
                   FROM incident i JOIN system s ON s.id = i.system_id CROSS JOIN jsonb_array_elements(i.affected) AS a
                   WHERE i.declared_at >= $1 AND i.merged_into IS NULL AND NOT i.drill
                     AND (i.seen_by IS NULL OR $2 OR $3 = ANY(i.seen_by))) AS c
             GROUP BY component ORDER BY n DESC, component LIMIT 200",
        )
        .bind(since.inner())
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        let one = |row: ComponentRow| ComponentStatistics {
            component: row.component,
            name: row.name,
            n: row.n,
            half: whole(row.half),
            most: whole(row.most),
            n_measured: row.n_measured,
            missed: row.missed,
        };
        Ok(rows.into_iter().map(one).collect())
    }

    /// Each time that a component came back, oldest first: of the newest `limit` incidents, `limit` at most.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn recoveries(&self, eyes: Eyes, since: Timestamp, limit: i64) -> Result<Vec<RecoveryView>, StoreError> {
        let rows = sqlx::query_as::<_, RecoveryRow>(
            "SELECT * FROM (
                 SELECT s.slug || '/' || (a->>'component') AS component, a->>'name' AS name, i.number AS incident,
                        coalesce((a->>'restored_at')::timestamptz, i.resolved_at) AS ended_at,
                        extract(epoch FROM coalesce((a->>'restored_at')::timestamptz, i.resolved_at)
                                           - coalesce((a->>'since')::timestamptz, i.declared_at))::bigint AS took,
                        (a->>'rto_seconds')::bigint AS rto
                 FROM (SELECT number, system_id, affected, declared_at, resolved_at FROM incident
                       WHERE declared_at >= $1 AND merged_into IS NULL AND NOT drill
                         AND (seen_by IS NULL OR $2 OR $3 = ANY(seen_by))
                       ORDER BY declared_at DESC LIMIT $4) AS i
                 JOIN system s ON s.id = i.system_id CROSS JOIN jsonb_array_elements(i.affected) AS a) AS r
             WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, component LIMIT $4",
        )
        .bind(since.inner())
        .bind(eyes.all)
        .bind(eyes.who.0)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let one = |row: RecoveryRow| RecoveryView {
            component: row.component,
            name: row.name,
            incident: row.incident,
            ended_at: Timestamp::new(row.ended_at),
            took_seconds: row.took,
            promised_seconds: row.rto.map(i64::unsigned_abs),
        };
        Ok(rows.into_iter().rev().map(one).collect())
    }
}
