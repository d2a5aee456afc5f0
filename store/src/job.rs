//! What the worker has to do: leases on the database's clock, fences that only rise.

use shared::ids::RunId;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// Look at the live host and write down what the steps mean.
    Resolve,
    Execute,
    /// Make the final checks once more, while the system is watched after a recovery.
    Watch,
    /// Remove a drill's target, when its run has ended.
    Clear,
}

impl JobKind {
    fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Execute => "execute",
            Self::Watch => "watch",
            Self::Clear => "clear",
        }
    }
}

/// A job held under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub run: RunId,
    pub kind: JobKind,
    /// To be carried by every write; a later claim raises it.
    pub fence: i64,
}

/// The claimer's standing on its Docker host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostHeld<'a> {
    /// Nobody can tell which host it is, because it does not answer: nothing can be done there, and people are told so.
    Unknown,
    /// Another worker acts on it: this one takes only what does not act.
    Others,
    Ours {
        host: &'a str,
        fence: i64,
    },
}

/// What the database says while a job is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct Heard {
    /// A person wants the run to end.
    pub cancelling: bool,
    /// Nothing more is begun anywhere until somebody lifts it.
    pub frozen: bool,
}

impl Store {
    /// Takes the first job that nobody holds (by its run's priority, then by age), of the projects this worker may touch, whose system
    /// lives on no host in particular or on this worker's, which calls it `here`. One short transaction; the lease is what keeps
    /// the job, not a lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn job_claim(
        &self,
        worker: &str,
        projects: &[String],
        here: Option<&str>,
        lease_seconds: f64,
        host: HostHeld<'_>,
    ) -> Result<Option<Claimed>, StoreError> {
        #[derive(FromRow)]
        struct Row {
            run_id: Uuid,
            kind: String,
            fence: i64,
        }
        let (only_look, host) = match host {
            HostHeld::Unknown => (false, None),
            HostHeld::Others => (true, None),
            HostHeld::Ours { host, fence } => (false, Some((host, fence))),
        };
        let row = sqlx::query_as::<_, Row>(
            "WITH free AS (
                 SELECT j.run_id FROM job j JOIN run r ON r.id = j.run_id JOIN system s ON s.id = r.system_id
                 WHERE (j.lease_until IS NULL OR j.lease_until < clock_timestamp()) AND r.project = ANY($2)
                   AND (s.host IS NULL OR s.host = $7)
                   AND (j.due_at IS NULL OR j.due_at <= clock_timestamp())
                   AND ((j.kind = 'resolve' AND NOT r.drill) OR NOT $4)
                   AND ((j.kind = 'resolve' AND NOT r.drill) OR $5 IS NULL OR EXISTS (
                       SELECT 1 FROM host_lock h WHERE h.host = $5 AND h.fence = $6 AND h.lease_until > clock_timestamp()))
                   AND (NOT (j.kind = 'execute' OR j.kind = 'resolve' AND r.drill) OR r.state = 'cancelling' OR NOT EXISTS (SELECT 1 FROM run_freeze WHERE frozen))
                 ORDER BY j.due_at IS NOT NULL, r.priority DESC, j.added_at LIMIT 1 FOR UPDATE OF j SKIP LOCKED),
             held AS (
                 UPDATE job SET worker = $1, heard_at = clock_timestamp(),
                                lease_until = clock_timestamp() + make_interval(secs => $3)
                 FROM free WHERE job.run_id = free.run_id RETURNING job.run_id, job.kind)
             UPDATE run SET fence = fence + 1 FROM held WHERE run.id = held.run_id
             RETURNING run.id AS run_id, held.kind, run.fence",
        )
        .bind(worker)
        .bind(projects)
        .bind(lease_seconds)
        .bind(only_look)
        .bind(host.map(|(host, _)| host))
        .bind(host.map(|(_, fence)| fence))
        .bind(here)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| Ok(Claimed { run: RunId(row.run_id), kind: from_name(row.kind)?, fence: row.fence })).transpose()
    }

    /// Prolongs the lease. `None` means: taken over or finished, stop before the next effect.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn job_heartbeat(&self, run: RunId, fence: i64, lease_seconds: f64) -> Result<Option<Heard>, StoreError> {
        Ok(sqlx::query_as(
            "UPDATE job SET heard_at = clock_timestamp(), lease_until = clock_timestamp() + make_interval(secs => $3)
             FROM run WHERE job.run_id = $1 AND run.id = job.run_id AND run.fence = $2 AND job.worker IS NOT NULL
             RETURNING run.state = 'cancelling' AS cancelling,
                       EXISTS (SELECT 1 FROM run_freeze WHERE frozen) AS frozen",
        )
        .bind(run.0)
        .bind(fence)
        .bind(lease_seconds)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Gives a job back: whoever comes next may take it. Nothing happens if it is not this holder's any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn job_release(&self, run: RunId, fence: i64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE job SET worker = NULL, lease_until = NULL, heard_at = NULL
             FROM run WHERE job.run_id = $1 AND run.id = job.run_id AND run.fence = $2",
        )
        .bind(run.0)
        .bind(fence)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Tx {
    /// Calls the workers when the transaction commits: those that wait, and those that hold something.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn workers_call(&mut self) -> Result<(), StoreError> {
        sqlx::query("SELECT pg_notify('muster_job', '')").execute(self.connection()).await?;
        Ok(())
    }

    /// Workers are called when the transaction commits.
    ///
    /// # Errors
    /// `Conflict("job_pkey")` if the run already has a job.
    pub async fn job_add(&mut self, run: RunId, kind: JobKind) -> Result<(), StoreError> {
        sqlx::query(
            "WITH j AS (INSERT INTO job (run_id, kind) VALUES ($1, $2) RETURNING 1) SELECT pg_notify('muster_job', '') FROM j",
        )
        .bind(run.0)
        .bind(kind.name())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// A job for later: nobody is called, workers look by themselves. Takes the place of the run's job, if it has one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn job_add_later(&mut self, run: RunId, kind: JobKind, seconds: f64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO job (run_id, kind, due_at) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
             ON CONFLICT (run_id) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at, worker = NULL,
                                                lease_until = NULL, heard_at = NULL",
        )
        .bind(run.0)
        .bind(kind.name())
        .bind(seconds)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The end of a drill's run: its target is to be removed, after so many seconds. Takes the place of the run's job.
    ///
    /// # Errors
    /// If the database does not answer.
    pub(crate) async fn job_clear(&mut self, run: RunId, seconds: f64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM job WHERE run_id = $1").bind(run.0).execute(self.connection()).await?;
        sqlx::query(
            "INSERT INTO job (run_id, kind, due_at) VALUES ($1, 'clear', clock_timestamp() + make_interval(secs => $2))",
        )
        .bind(run.0)
        .bind(seconds)
        .execute(self.connection())
        .await?;
        self.workers_call().await
    }

    /// Takes the job off the list, in the transaction that writes what came of it. Nothing happens if there is none; that a drill's
    /// target is to be removed stays, until that is done.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn job_finish(&mut self, run: RunId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM job WHERE run_id = $1 AND kind <> 'clear'")
            .bind(run.0)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
