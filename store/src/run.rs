//! Recovery runs and their logs. Folding is the domain's; this file keeps the row in step with the fold.

use std::collections::BTreeMap;

use shared::{
    api::incident::RunRowView,
    digest::Digest,
    domain::{
        actor::Actor,
        approval::ApprovalPolicy,
        incident::Eyes,
        run::{Recorded, Resumed, Run, RunEvent, RunHeader, RunState},
    },
    ids::{IncidentId, PlanVersionId, RunId, SystemId, UserId},
    plan::Procedure,
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgConnection, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// A run with what the database knows beside its log.
#[derive(Clone, Debug)]
pub struct RunRecord {
    pub run: Run,
    /// When its worker was last heard of, while one holds it.
    pub heard_at: Option<Timestamp>,
    pub incident_number: i64,
    pub incident_title: String,
    pub system_slug: String,
    pub plan_version: i32,
    pub requested_by_name: String,
}

/// A worker that has lost its job does nothing more after its lease.
const WORKER_STOPS_SECONDS: f64 = 15.0;

/// What is fixed when a run is requested.
#[derive(Clone, Debug)]
pub struct NewRun {
    pub incident: IncidentId,
    pub system: SystemId,
    pub project: String,
    pub drill_of: Option<String>,
    pub plan_version: PlanVersionId,
    pub plan_digest: Digest,
    pub procedure: Procedure,
    pub parameters: BTreeMap<String, String>,
    pub policy: ApprovalPolicy,
    pub watch_seconds: Option<u64>,
    pub dry_run: bool,
    pub waits: bool,
    pub resumes: Option<Resumed>,
    pub standing_order: Option<i64>,
    pub requested_by: UserId,
}

#[derive(FromRow)]
struct RunRow {
    id: Uuid,
    header: Json<RunHeader>,
    number: i64,
    incident_number: i64,
    incident_title: String,
    system_slug: String,
    plan_version: i32,
    requested_by_name: String,
    heard_at: Option<OffsetDateTime>,
}

#[derive(FromRow)]
struct EventRow {
    seq: i32,
    at: OffsetDateTime,
    by: Json<Actor>,
    event: Json<RunEvent>,
}

impl From<EventRow> for Recorded {
    fn from(row: EventRow) -> Self {
        Self { seq: row.seq, at: Timestamp::new(row.at), by: row.by.0, event: row.event.0 }
    }
}

async fn events(connection: &mut PgConnection, run: RunId) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query_as::<_, EventRow>(
        "SELECT seq, at, by, event FROM run_event WHERE run_id = $1
         UNION ALL SELECT seq, at, by, event FROM step_event WHERE run_id = $1 ORDER BY seq",
    )
    .bind(run.0)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

async fn fold(connection: &mut PgConnection, row: RunRow) -> Result<RunRecord, StoreError> {
    let events = events(connection, RunId(row.id)).await?;
    Ok(RunRecord {
        run: Run::replay(RunHeader { number: row.number, ..row.header.0 }, &events)?,
        heard_at: row.heard_at.map(Timestamp::new),
        incident_number: row.incident_number,
        incident_title: row.incident_title,
        system_slug: row.system_slug,
        plan_version: row.plan_version,
        requested_by_name: row.requested_by_name,
    })
}

pub(crate) enum Which {
    Id(RunId),
    Number(i64),
}

macro_rules! select_run {
    ($lock:literal) => {
        concat!(
            "SELECT r.id, r.header, r.number, i.number AS incident_number, i.title AS incident_title,
                    s.slug AS system_slug, p.version AS plan_version, u.name AS requested_by_name,
                    (SELECT heard_at FROM job WHERE run_id = r.id AND worker IS NOT NULL) AS heard_at
             FROM run r JOIN incident i ON i.id = r.incident_id JOIN system s ON s.id = r.system_id
             JOIN plan_version p ON p.id = r.plan_version_id
             JOIN app_user u ON u.id = (r.header->>'requested_by')::uuid
             WHERE r.id = coalesce($1, (SELECT id FROM run WHERE number = $2)) ",
            $lock
        )
    };
}

macro_rules! append_to {
    ($log:literal) => {
        concat!(
            "WITH r AS (UPDATE run SET state = $2, expires_at = $3, ended_at = $4, n_events = $5, n_open_checks = $12,
                               priority = $13, owes_review = $14
                        WHERE id = $1 AND n_events = $6 AND fence = coalesce($7, fence) RETURNING id),
                  e AS (INSERT INTO ",
            $log,
            " (run_id, seq, at, by, event)
                        SELECT r.id, t.seq, $8, t.by, t.event
                        FROM r, unnest($9::int[], $10::jsonb[], $11::jsonb[]) AS t (seq, by, event))
             SELECT 1 FROM r"
        )
    };
}

pub(crate) async fn read(connection: &mut PgConnection, which: Which, lock: bool) -> Result<RunRecord, StoreError> {
    let (id, number) = match which {
        Which::Id(id) => (Some(id.0), None),
        Which::Number(number) => (None, Some(number)),
    };
    let text = if lock { select_run!("FOR UPDATE OF r") } else { select_run!("") };
    let row = sqlx::query_as::<_, RunRow>(text).bind(id).bind(number).fetch_one(&mut *connection).await?;
    fold(connection, row).await
}

#[derive(FromRow)]
struct ListRow {
    number: i64,
    drill: bool,
    incident: i64,
    procedure: String,
    state: String,
    requested_by: String,
    requested_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
    n_open_checks: i32,
    automatic: bool,
}

impl TryFrom<ListRow> for RunRowView {
    type Error = StoreError;

    fn try_from(row: ListRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.number,
            drill: row.drill,
            incident: row.incident,
            procedure: row.procedure,
            state: from_name(row.state)?,
            requested_by: row.requested_by,
            requested_at: Timestamp::new(row.requested_at),
            ended_at: row.ended_at.map(Timestamp::new),
            open_checks: row.n_open_checks.unsigned_abs(),
            automatic: row.automatic,
        })
    }
}

impl Store {
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn run_by_number(&self, number: i64) -> Result<RunRecord, StoreError> {
        read(&mut *self.pool.acquire().await?, Which::Number(number), false).await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id.
    pub async fn run_fetch(&self, id: RunId) -> Result<RunRecord, StoreError> {
        read(&mut *self.pool.acquire().await?, Which::Id(id), false).await
    }

    /// What these eyes may see, newest first, numbers below `before`; of one incident with what was merged into it, or of all.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn run_list(
        &self,
        eyes: Eyes,
        incident: Option<IncidentId>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<RunRowView>, StoreError> {
        let rows = sqlx::query_as::<_, ListRow>(
            "SELECT r.number, r.drill, i.number AS incident, r.header->'procedure'->>'title' AS procedure, r.state,
                    u.name AS requested_by, r.requested_at, r.ended_at,
                    CASE WHEN r.state = 'succeeded' THEN r.n_open_checks ELSE 0 END AS n_open_checks,
                    r.header->>'standing_order' IS NOT NULL AS automatic
             FROM run r JOIN incident i ON i.id = r.incident_id JOIN app_user u ON u.id = (r.header->>'requested_by')::uuid
             WHERE ($1::uuid IS NULL OR r.incident_id IN (
                       WITH RECURSIVE same (id, number) AS (
                           SELECT id, number FROM incident WHERE id = $1
                           UNION SELECT m.id, m.number FROM incident m JOIN same ON m.merged_into = same.number)
                       SELECT id FROM same))
               AND ($2::bigint IS NULL OR r.number < $2) AND (i.seen_by IS NULL OR $4 OR $5 = ANY(i.seen_by))
             ORDER BY r.number DESC LIMIT $3",
        )
        .bind(incident.map(|id| id.0))
        .bind(before)
        .bind(limit)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The run's log, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn run_events(&self, id: RunId) -> Result<Vec<Recorded>, StoreError> {
        events(&mut *self.pool.acquire().await?, id).await
    }

    /// The live run of a system, if there is one. Drills are no matter: they have a target of their own.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn run_live(&self, system: SystemId) -> Result<Option<i64>, StoreError> {
        run_live(&self.pool, system).await
    }

    /// Runs whose consent has run out and that nobody has marked so.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_expired(&self) -> Result<Vec<RunId>, StoreError> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM run WHERE state IN ('awaiting-approval', 'queued') AND expires_at < clock_timestamp()",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }
}

pub(crate) async fn run_live(executor: impl sqlx::PgExecutor<'_>, system: SystemId) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT number FROM run WHERE system_id = $1 AND NOT dry_run AND NOT drill
         AND state IN ('resolving', 'awaiting-approval', 'queued', 'running', 'asking', 'cancelling')",
    )
    .bind(system.0)
    .fetch_optional(executor)
    .await?)
}

impl Tx {
    /// As [`Tx::run_create`]; `None` if another run is live on the target. The transaction goes on.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn run_create_live(&mut self, new: NewRun) -> Result<Option<Run>, StoreError> {
        // Most often there is one to be seen, and then no number is used up; the index decides between those who come at once.
        if run_live(self.connection(), new.system).await?.is_some() {
            return Ok(None);
        }
        sqlx::query("SAVEPOINT live").execute(self.connection()).await?;
        match self.run_create(new).await {
            Ok(run) => Ok(Some(run)),
            Err(StoreError::Conflict(name)) if name == "run_one_live_per_system" => {
                sqlx::query("ROLLBACK TO SAVEPOINT live").execute(self.connection()).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the header; the caller appends `Requested` next.
    ///
    /// # Errors
    /// `Conflict("run_one_live_per_system")` if another run is live on the target.
    pub async fn run_create(&mut self, new: NewRun) -> Result<Run, StoreError> {
        let header = RunHeader {
            id: RunId(Uuid::now_v7()),
            number: 0,
            incident: new.incident,
            system: new.system,
            project: new.project,
            drill_of: new.drill_of,
            plan_version: new.plan_version,
            plan_digest: new.plan_digest,
            procedure: new.procedure,
            parameters: new.parameters,
            policy: new.policy,
            watch_seconds: new.watch_seconds,
            dry_run: new.dry_run,
            waits: new.waits,
            resumes: new.resumes,
            standing_order: new.standing_order,
            requested_by: new.requested_by,
            requested_at: self.now(),
        };
        let number = sqlx::query_scalar(
            "INSERT INTO run (id, incident_id, system_id, plan_version_id, project, header, state, requested_at, dry_run, drill)
             VALUES ($1, $2, $3, $4, $5, $6, $9, $7, $8, $10) RETURNING number",
        )
        .bind(header.id.0)
        .bind(header.incident.0)
        .bind(header.system.0)
        .bind(header.plan_version.0)
        .bind(&header.project)
        .bind(Json(&header))
        .bind(header.requested_at.inner())
        .bind(header.dry_run)
        .bind(if header.waits { RunState::Waiting } else { RunState::Resolving }.name())
        .bind(header.drill_of.is_some())
        .fetch_one(self.connection())
        .await?;
        Ok(Run::new(RunHeader { number, ..header }))
    }

    /// Locks the run and folds its log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn run_lock(&mut self, number: i64) -> Result<RunRecord, StoreError> {
        read(self.connection(), Which::Number(number), true).await
    }

    /// As [`Store::run_fetch`], inside the transaction; not locked.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id.
    pub async fn run_fetch(&mut self, id: RunId) -> Result<RunRecord, StoreError> {
        read(self.connection(), Which::Id(id), false).await
    }

    /// Locks the run and folds its log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id.
    pub async fn run_lock_id(&mut self, id: RunId) -> Result<RunRecord, StoreError> {
        read(self.connection(), Which::Id(id), true).await
    }

    /// Folds the event into `run` and writes both; `run` was locked or created in this transaction.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the event may not follow; then nothing was written.
    pub async fn run_append(&mut self, run: &mut Run, event: RunEvent, by: &Actor) -> Result<(), StoreError> {
        self.run_write(run, vec![(event, by.clone())], None).await
    }

    /// Folds a worker's events into `run` and writes them, if `fence` is still the run's and nobody has written since `run` was
    /// read. The run need not be locked: the database looks at both while it writes.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if another worker has taken over or somebody else has written; then nothing was written.
    pub async fn run_append_fenced(
        &mut self,
        run: &mut Run,
        events: Vec<(RunEvent, Actor)>,
        fence: i64,
    ) -> Result<(), StoreError> {
        self.run_write(run, events, Some(fence)).await
    }

    async fn run_write(
        &mut self,
        run: &mut Run,
        events: Vec<(RunEvent, Actor)>,
        fence: Option<i64>,
    ) -> Result<(), StoreError> {
        let (mut next, at) = (run.clone(), self.now());
        let (ended, looked) = (run.ended_at.is_some(), run.state == RunState::Resolving);
        let (mut seqs, mut authors, mut texts) = (vec![], vec![], vec![]);
        for (event, by) in events {
            let recorded = Recorded { seq: next.last_seq + 1, at, by, event };
            next = next.apply(&recorded)?;
            seqs.push(recorded.seq);
            authors.push(Json(recorded.by));
            texts.push(Json(recorded.event));
        }
        // One log for each pen: neither program may write the other's.
        let text = if fence.is_some() { append_to!("step_event") } else { append_to!("run_event") };
        let written = sqlx::query(text)
            .bind(run.header.id.0)
            .bind(next.state.name())
            .bind(next.expires_at().map(Timestamp::inner))
            .bind(next.ended_at.map(Timestamp::inner))
            .bind(next.last_seq)
            .bind(run.last_seq)
            .bind(fence)
            .bind(at.inner())
            .bind(seqs)
            .bind(authors)
            .bind(texts)
            .bind(i32::try_from(next.open_checks()).unwrap_or(i32::MAX))
            .bind(next.priority.rank())
            .bind(next.owes_review())
            .fetch_optional(self.connection())
            .await?;
        match (written, fence) {
            (Some(_), _) => *run = next,
            (None, Some(_)) => return Err(StoreError::Fenced),
            (None, None) => return Err(StoreError::Bug("a run was written to that was not locked".into())),
        }
        if run.header.drill_of.is_some() && run.ended_at.is_some() && !ended {
            // Whoever ended it while the target was being made: a worker that still makes it stops within its lease.
            let pause = if fence.is_none() && looked { WORKER_STOPS_SECONDS } else { 0.0 };
            self.job_clear(run.header.id, pause).await?;
        }
        Ok(())
    }
}
