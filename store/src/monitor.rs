//! Monitors as people keep them, how they stand, and what has changed. Checks nothing; `monitor_check` is the worker's side.

use shared::{
    domain::{
        actor::Actor,
        monitor::{Bucket, Definition, Span, State, Verdict},
    },
    ids::SystemId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// What the last check found.
#[derive(Clone, Debug, PartialEq)]
pub struct LastCheck {
    pub at: Timestamp,
    pub verdict: Verdict,
    pub took_ms: u32,
    pub value: Option<f64>,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MonitorRecord {
    pub id: Uuid,
    pub system: SystemId,
    pub system_slug: String,
    pub definition: Definition,
    pub version: i32,
    pub made_by: Actor,
    pub made_at: Timestamp,
    pub state: State,
    pub since: Timestamp,
    pub last: Option<LastCheck>,
    /// When the next check is due; `None` while it is paused.
    pub due_at: Option<Timestamp>,
    /// Until when it looks more often; may be over.
    pub closely_until: Option<Timestamp>,
}

/// One change of a monitor's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorChange {
    pub number: i64,
    pub monitor: Uuid,
    pub at: Timestamp,
    pub before: State,
    pub state: State,
    pub text: String,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    system_id: Uuid,
    system_slug: String,
    definition: Json<Definition>,
    version: i32,
    made_by: Json<Actor>,
    made_at: OffsetDateTime,
    state: String,
    since: OffsetDateTime,
    checked_at: Option<OffsetDateTime>,
    verdict: Option<String>,
    took_ms: Option<i32>,
    value: Option<f64>,
    text: Option<String>,
    due_at: Option<OffsetDateTime>,
    closely_until: Option<OffsetDateTime>,
}

impl TryFrom<Row> for MonitorRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let last = match (row.checked_at, row.verdict) {
            (Some(at), Some(verdict)) => Some(LastCheck {
                at: Timestamp::new(at),
                verdict: from_name(verdict)?,
                took_ms: row.took_ms.unwrap_or_default().unsigned_abs(),
                value: row.value,
                text: row.text.unwrap_or_default(),
            }),
            _ => None,
        };
        Ok(Self {
            id: row.id,
            system: SystemId(row.system_id),
            system_slug: row.system_slug,
            definition: row.definition.0,
            version: row.version,
            made_by: row.made_by.0,
            made_at: Timestamp::new(row.made_at),
            state: from_name(row.state)?,
            since: Timestamp::new(row.since),
            last,
            due_at: row.due_at.map(Timestamp::new),
            closely_until: row.closely_until.map(Timestamp::new),
        })
    }
}

#[derive(FromRow)]
struct ChangeRow {
    number: i64,
    monitor_id: Uuid,
    at: OffsetDateTime,
    state_before: String,
    state: String,
    text: String,
}

impl TryFrom<ChangeRow> for MonitorChange {
    type Error = StoreError;

    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.number,
            monitor: row.monitor_id,
            at: Timestamp::new(row.at),
            before: from_name(row.state_before)?,
            state: from_name(row.state)?,
            text: row.text,
        })
    }
}

#[derive(FromRow)]
struct BucketRow {
    at: OffsetDateTime,
    n: i32,
    n_bad: i32,
    n_warning: i32,
    took_ms: i64,
    took_most_ms: i32,
    n_values: i32,
    value_sum: f64,
    value_least: Option<f64>,
    value_most: Option<f64>,
}

impl From<BucketRow> for Bucket {
    fn from(row: BucketRow) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "sums of milliseconds are far below 2^52")]
        let took_ms = row.took_ms as f64 / f64::from(row.n.max(1));
        Self {
            at: Timestamp::new(row.at),
            n: row.n.unsigned_abs(),
            n_bad: row.n_bad.unsigned_abs(),
            n_warning: row.n_warning.unsigned_abs(),
            took_ms,
            took_most_ms: row.took_most_ms.unsigned_abs(),
            value: (row.n_values > 0).then(|| row.value_sum / f64::from(row.n_values)),
            value_least: row.value_least,
            value_most: row.value_most,
        }
    }
}

macro_rules! monitors {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.system_id, s.slug AS system_slug, m.definition, m.version, m.made_by, m.made_at,
                    t.state, t.since, t.checked_at, t.verdict, t.took_ms, t.value, t.text, t.due_at, t.closely_until
             FROM monitor m JOIN monitor_standing t ON t.monitor_id = m.id JOIN system s ON s.id = m.system_id
             WHERE m.retired_at IS NULL ",
            $rest
        )
    };
}

macro_rules! buckets {
    ($table:literal) => {
        concat!(
            "SELECT at, n, n_bad, n_warning, took_ms, took_most_ms, n_values, value_sum, value_least, value_most
             FROM ",
            $table,
            " WHERE monitor_id = $1 AND seconds = $2 AND at > clock_timestamp() - make_interval(secs => $3)
             ORDER BY at"
        )
    };
}

macro_rules! forget {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ctid IN (
                 SELECT ctid FROM ",
            $table,
            "
                 WHERE seconds = $1 AND at < clock_timestamp() - make_interval(days => $2) LIMIT 50000)"
        )
    };
}

impl Store {
    /// By name within each system; of one system, or of all.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_list(&self, system: Option<SystemId>) -> Result<Vec<MonitorRecord>, StoreError> {
        let rows =
            sqlx::query_as::<_, Row>(monitors!("AND ($1::uuid IS NULL OR m.system_id = $1) ORDER BY s.slug, m.name"))
                .bind(system.map(|id| id.0))
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id, or it is retired.
    pub async fn monitor_fetch(&self, id: Uuid) -> Result<MonitorRecord, StoreError> {
        sqlx::query_as::<_, Row>(monitors!("AND m.id = $1")).bind(id).fetch_one(&self.pool).await?.try_into()
    }

    /// Newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_changes(&self, id: Uuid, limit: i64) -> Result<Vec<MonitorChange>, StoreError> {
        let rows = sqlx::query_as::<_, ChangeRow>(
            "SELECT number, monitor_id, at, state_before, state, text FROM monitor_change
             WHERE monitor_id = $1 ORDER BY number DESC LIMIT $2",
        )
        .bind(id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// What is shown of a span, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_history(&self, id: Uuid, span: Span) -> Result<Vec<Bucket>, StoreError> {
        let rows = sqlx::query_as::<_, BucketRow>(if span == Span::Day {
            buckets!("monitor_minute")
        } else {
            buckets!("monitor_bucket")
        })
        .bind(id)
        .bind(span.seconds())
        .bind(std::time::Duration::from_secs(span.shown_seconds()).as_secs_f64())
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Of every monitor: its checks of the last day and how many of them were bad.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_days(&self) -> Result<Vec<(Uuid, i64, i64)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT monitor_id, sum(n), sum(n_bad) FROM monitor_bucket
             WHERE seconds = 3600 AND at > clock_timestamp() - interval '24 hours' GROUP BY monitor_id",
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Changes that nobody has seen to, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_changes_untold(&self) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar("SELECT number FROM monitor_change WHERE told_at IS NULL ORDER BY number LIMIT 500")
            .fetch_all(&self.pool)
            .await?)
    }

    /// Whose monitor has changed; `None` if there is no such change.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_change_system(&self, number: i64) -> Result<Option<SystemId>, StoreError> {
        let found: Option<Uuid> = sqlx::query_scalar(
            "SELECT m.system_id FROM monitor_change c JOIN monitor m ON m.id = c.monitor_id WHERE c.number = $1",
        )
        .bind(number)
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.map(SystemId))
    }

    /// Forgets sums whose time is over, some thousands at a time, and changes that are older than everything shown of them.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitors_forget(&self) -> Result<(), StoreError> {
        for span in Span::ALL {
            sqlx::query(if span == Span::Day { forget!("monitor_minute") } else { forget!("monitor_bucket") })
                .bind(span.seconds())
                .bind(span.kept_days())
                .execute(&self.pool)
                .await?;
        }
        sqlx::query(
            "DELETE FROM monitor_change WHERE number IN (
                 SELECT number FROM monitor_change
                 WHERE told_at < clock_timestamp() - make_interval(days => $1) ORDER BY number LIMIT 5000)",
        )
        .bind(Span::Years.kept_days())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Tx {
    /// # Errors
    /// `Conflict("monitor_name")` if the system has one of this name.
    pub async fn monitor_create(
        &mut self,
        system: SystemId,
        definition: &Definition,
        by: &Actor,
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        let now = self.now().inner();
        sqlx::query(
            "WITH m AS (INSERT INTO monitor (id, system_id, name, definition, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id)
             INSERT INTO monitor_standing (monitor_id, since, due_at)
             SELECT m.id, $6, CASE WHEN NOT $7 THEN $6 END FROM m",
        )
        .bind(id)
        .bind(system.0)
        .bind(definition.name.as_str())
        .bind(Json(definition))
        .bind(Json(by))
        .bind(now)
        .bind(definition.paused)
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// Held until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id, or it is retired.
    pub async fn monitor_lock(&mut self, id: Uuid) -> Result<MonitorRecord, StoreError> {
        // Not FOR UPDATE: a worker that writes down a change refers to the row while it holds the standing.
        sqlx::query_as::<_, Row>(monitors!("AND m.id = $1 FOR NO KEY UPDATE OF m"))
            .bind(id)
            .fetch_one(self.connection())
            .await?
            .try_into()
    }

    /// The monitor that an alert came from and what it told of, with the monitor as it is now, or `None` for one that is gone. `None` if
    /// the alert is no monitor's.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_of_alert(&mut self, alert: i64) -> Result<Option<(State, Option<MonitorRecord>)>, StoreError> {
        let key: Option<String> = sqlx::query_scalar(
            "SELECT a.key FROM alert a JOIN alert_source o ON o.id = a.source_id WHERE a.number = $1 AND o.kind = 'monitors'",
        )
        .bind(alert)
        .fetch_optional(self.connection())
        .await?;
        let told = |key: String| {
            let (id, told) = key.split_once(' ')?;
            Some((id.parse::<Uuid>().ok()?, told.to_owned()))
        };
        let Some((id, told)) = key.and_then(told) else { return Ok(None) };
        let row =
            sqlx::query_as::<_, Row>(monitors!("AND m.id = $1")).bind(id).fetch_optional(self.connection()).await?;
        Ok(Some((from_name(told)?, row.map(TryInto::try_into).transpose()?)))
    }

    /// What was found under another definition is nothing to go by: it begins anew, and is checked at once.
    ///
    /// # Errors
    /// `Conflict("monitor_name")` if the system has another one of this name.
    pub async fn monitor_change(&mut self, id: Uuid, definition: &Definition) -> Result<(), StoreError> {
        sqlx::query("UPDATE monitor SET name = $2, definition = $3, version = version + 1 WHERE id = $1")
            .bind(id)
            .bind(definition.name.as_str())
            .bind(Json(definition))
            .execute(self.connection())
            .await?;
        self.monitor_begin_anew(id, !definition.paused, "its definition was changed").await
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_retire(&mut self, id: Uuid) -> Result<(), StoreError> {
        self.monitor_begin_anew(id, false, "it was removed").await?;
        sqlx::query("UPDATE monitor SET retired_at = $2 WHERE id = $1")
            .bind(id)
            .bind(self.now().inner())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn monitor_begin_anew(&mut self, id: Uuid, due: bool, why: &str) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "WITH before AS (SELECT monitor_id, state FROM monitor_standing WHERE monitor_id = $1 FOR UPDATE),
                  change AS (INSERT INTO monitor_change (monitor_id, at, state_before, state, text)
                             SELECT monitor_id, $2, state, 'unknown', $4 FROM before WHERE state <> 'unknown')
             UPDATE monitor_standing t
             SET state = 'unknown', since = CASE WHEN before.state = 'unknown' THEN t.since ELSE $2 END, bad_in_row = 0,
                 checked_at = NULL, verdict = NULL, took_ms = NULL, value = NULL, text = NULL, lease_until = NULL, worker = NULL,
                 due_at = CASE WHEN $3 THEN $2 END
             FROM before WHERE t.monitor_id = before.monitor_id",
        )
        .bind(id)
        .bind(now)
        .bind(due)
        .bind(why)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The next check is due now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_check_now(&mut self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE monitor_standing SET due_at = least(due_at, $2) WHERE monitor_id = $1 AND due_at IS NOT NULL",
        )
        .bind(id)
        .bind(self.now().inner())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// A change that nobody has seen to, with its monitor, also of one that is retired; `None` if another server has it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_change_take(
        &mut self,
        number: i64,
    ) -> Result<Option<(MonitorChange, Definition)>, StoreError> {
        #[derive(FromRow)]
        struct Taken {
            #[sqlx(flatten)]
            change: ChangeRow,
            definition: Json<Definition>,
        }
        let taken = sqlx::query_as::<_, Taken>(
            "SELECT c.number, c.monitor_id, c.at, c.state_before, c.state, c.text, m.definition
             FROM monitor_change c JOIN monitor m ON m.id = c.monitor_id
             WHERE c.number = $1 AND c.told_at IS NULL FOR UPDATE OF c SKIP LOCKED",
        )
        .bind(number)
        .fetch_optional(self.connection())
        .await?;
        taken.map(|t| Ok((t.change.try_into()?, t.definition.0))).transpose()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn monitor_change_told(&mut self, number: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE monitor_change SET told_at = $2 WHERE number = $1")
            .bind(number)
            .bind(self.now().inner())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
