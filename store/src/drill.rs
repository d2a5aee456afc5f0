//! Drills that were begun: what each was, what became of it, what it showed. When one must end is the domain's to say.

use shared::{
    domain::{
        actor::Actor,
        drill::{Measured, Point, Verdict},
        run::RunState,
    },
    ids::{IncidentId, PlanVersionId, RunId, SystemId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// One drill with what its run says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillRecord {
    pub number: i64,
    pub system: SystemId,
    pub schedule: Option<Uuid>,
    pub incident: i64,
    pub run: RunId,
    pub run_number: i64,
    pub run_state: RunState,
    /// That the run is pinned to.
    pub plan_version: PlanVersionId,
    /// Of the plan, by its id there, and its title then.
    pub procedure: String,
    pub title: String,
    pub begun_by: Actor,
    pub begun_at: Timestamp,
    pub limit_seconds: u64,
    pub stopped_why: Option<String>,
    pub cleared_at: Option<Timestamp>,
    pub left_behind: Vec<String>,
    pub ended_at: Option<Timestamp>,
    pub recovered_seconds: Option<i64>,
    pub asked_seconds: Option<i64>,
    pub points: Vec<Point>,
    pub verdict: Option<Judged>,
}

/// What a person said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    pub verdict: Verdict,
    pub by: Actor,
    pub at: Timestamp,
    pub note: String,
}

/// What is known when one begins.
#[derive(Debug)]
pub struct BegunDrill<'a> {
    pub system: SystemId,
    pub schedule: Option<Uuid>,
    pub incident: IncidentId,
    pub run: RunId,
    pub procedure: &'a str,
    pub title: &'a str,
    pub by: &'a Actor,
    pub limit_seconds: u64,
}

/// What may end a drill: the worst open incident that is none, and a monitor that is down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RealTrouble {
    /// Number and level; without a number if only some may see it.
    pub incident: Option<(Option<i64>, u8)>,
    pub down: Option<String>,
}

#[derive(FromRow)]
struct Row {
    number: i64,
    system_id: Uuid,
    schedule_id: Option<Uuid>,
    incident: i64,
    run_id: Uuid,
    run: i64,
    run_state: String,
    plan_version: Uuid,
    procedure: String,
    title: String,
    begun_by: Json<Actor>,
    begun_at: OffsetDateTime,
    limit_seconds: i64,
    stopped_why: Option<String>,
    cleared_at: Option<OffsetDateTime>,
    left_behind: Option<Vec<String>>,
    ended_at: Option<OffsetDateTime>,
    recovered_seconds: Option<i64>,
    asked_seconds: Option<i64>,
    points: Option<Json<Vec<Point>>>,
    verdict: Option<String>,
    verdict_by: Option<Json<Actor>>,
    verdict_at: Option<OffsetDateTime>,
    verdict_note: Option<String>,
}

impl TryFrom<Row> for DrillRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let verdict = match (row.verdict, row.verdict_by, row.verdict_at, row.verdict_note) {
            (Some(verdict), Some(by), Some(at), Some(note)) => {
                Some(Judged { verdict: from_name(verdict)?, by: by.0, at: Timestamp::new(at), note })
            }
            _ => None,
        };
        Ok(Self {
            number: row.number,
            system: SystemId(row.system_id),
            schedule: row.schedule_id,
            incident: row.incident,
            run: RunId(row.run_id),
            run_number: row.run,
            run_state: from_name(row.run_state)?,
            plan_version: PlanVersionId(row.plan_version),
            procedure: row.procedure,
            title: row.title,
            begun_by: row.begun_by.0,
            begun_at: Timestamp::new(row.begun_at),
            limit_seconds: row.limit_seconds.unsigned_abs(),
            stopped_why: row.stopped_why,
            cleared_at: row.cleared_at.map(Timestamp::new),
            left_behind: row.left_behind.unwrap_or_default(),
            ended_at: row.ended_at.map(Timestamp::new),
            recovered_seconds: row.recovered_seconds,
            asked_seconds: row.asked_seconds,
            points: row.points.map(|points| points.0).unwrap_or_default(),
            verdict,
        })
    }
}

macro_rules! drills {
    ($rest:literal) => {
        concat!(
            "SELECT d.*, i.number AS incident, r.number AS run, r.state AS run_state, r.plan_version_id AS plan_version
             FROM drill d JOIN incident i ON i.id = d.incident_id JOIN run r ON r.id = d.run_id ",
            $rest
        )
    };
}

impl Store {
    /// Newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_list(&self, system: SystemId, limit: i64) -> Result<Vec<DrillRecord>, StoreError> {
        let query = sqlx::query_as::<_, Row>(drills!("WHERE d.system_id = $1 ORDER BY d.number DESC LIMIT $2"));
        let rows = query.bind(system.0).bind(limit).fetch_all(&self.pool).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn drill_by_number(&self, number: i64) -> Result<DrillRecord, StoreError> {
        let query = sqlx::query_as::<_, Row>(drills!("WHERE d.number = $1"));
        query.bind(number).fetch_one(&self.pool).await?.try_into()
    }

    /// Those that are not over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drills_open(&self) -> Result<Vec<DrillRecord>, StoreError> {
        let rows =
            sqlx::query_as::<_, Row>(drills!("WHERE d.ended_at IS NULL ORDER BY d.number")).fetch_all(&self.pool);
        rows.await?.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn real_trouble(&self, system: SystemId) -> Result<RealTrouble, StoreError> {
        let incident: Option<(Option<i64>, i16)> = sqlx::query_as(
            "SELECT CASE WHEN seen_by IS NULL THEN number END, level FROM incident
             WHERE system_id = $1 AND NOT drill AND resolved_at IS NULL
             ORDER BY level DESC, seen_by IS NOT NULL, number LIMIT 1",
        )
        .bind(system.0)
        .fetch_optional(&self.pool)
        .await?;
        let down = sqlx::query_scalar(
            "SELECT m.name FROM monitor m JOIN monitor_standing t ON t.monitor_id = m.id
             WHERE m.system_id = $1 AND m.retired_at IS NULL AND t.state = 'down' AND t.due_at IS NOT NULL ORDER BY m.name LIMIT 1",
        )
        .bind(system.0)
        .fetch_optional(&self.pool)
        .await?;
        let incident = incident.map(|(number, level)| (number, u8::try_from(level).unwrap_or(u8::MAX)));
        Ok(RealTrouble { incident, down })
    }
}

impl Tx {
    /// Its number.
    ///
    /// # Errors
    /// `Conflict("drill_one")` if one of the system goes on.
    pub async fn drill_begin(&mut self, new: &BegunDrill<'_>) -> Result<i64, StoreError> {
        let now = self.now().inner();
        Ok(sqlx::query_scalar(
            "INSERT INTO drill (system_id, schedule_id, incident_id, run_id, procedure, title, begun_by, begun_at, limit_seconds)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING number",
        )
        .bind(new.system.0)
        .bind(new.schedule)
        .bind(new.incident.0)
        .bind(new.run.0)
        .bind(new.procedure)
        .bind(new.title)
        .bind(Json(new.by))
        .bind(now)
        .bind(i64::try_from(new.limit_seconds).unwrap_or(i64::MAX))
        .fetch_one(self.connection())
        .await?)
    }

    /// The drill's row is held before its run's and its incident's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn drill_lock(&mut self, number: i64) -> Result<DrillRecord, StoreError> {
        let query = sqlx::query_as::<_, Row>(drills!("WHERE d.number = $1 FOR UPDATE OF d"));
        query.bind(number).fetch_one(self.connection()).await?.try_into()
    }

    /// Why it is ended before its time; the first reason stays.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_stop(&mut self, number: i64, why: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE drill SET stopped_why = coalesce(stopped_why, $2) WHERE number = $1")
            .bind(number)
            .bind(why)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn drill_end(
        &mut self,
        number: i64,
        measured: Option<Measured>,
        points: &[Point],
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "UPDATE drill SET ended_at = $2, recovered_seconds = $3, asked_seconds = $4, points = $5 WHERE number = $1",
        )
        .bind(number)
        .bind(now)
        .bind(measured.map(|m| m.recovered_seconds))
        .bind(measured.map(|m| m.asked_seconds))
        .bind(measured.map(|_| Json(points)))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn drill_judge(
        &mut self,
        number: i64,
        verdict: Verdict,
        by: &Actor,
        note: &str,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "UPDATE drill SET verdict = $2, verdict_by = $3, verdict_at = $4, verdict_note = $5 WHERE number = $1",
        )
        .bind(number)
        .bind(verdict.name())
        .bind(Json(by))
        .bind(now)
        .bind(note)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The worker's word that the target was removed, and what is left of it; ends the job. False if another worker has taken over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_cleared(&mut self, run: RunId, fence: i64, left: &[String]) -> Result<bool, StoreError> {
        let now = self.now().inner();
        let written = sqlx::query(
            "UPDATE drill SET cleared_at = $3, left_behind = $4
             WHERE run_id = $1 AND EXISTS (SELECT FROM run WHERE id = $1 AND fence = $2)",
        )
        .bind(run.0)
        .bind(fence)
        .bind(now)
        .bind(left)
        .execute(self.connection())
        .await?;
        if written.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM job WHERE run_id = $1 AND kind = 'clear'")
            .bind(run.0)
            .execute(self.connection())
            .await?;
        Ok(true)
    }

    /// After a restore nobody has the job to remove the target of a run that is over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_clear_if_nobody_does(&mut self, run: RunId) -> Result<(), StoreError> {
        let queued: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM job WHERE run_id = $1)")
            .bind(run.0)
            .fetch_one(self.connection())
            .await?;
        if queued { Ok(()) } else { self.job_clear(run, 0.0).await }
    }
}
