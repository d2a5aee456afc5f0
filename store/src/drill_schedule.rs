//! When drills come due, for whom, and the days on which none does. Begins none.

use shared::{
    domain::{
        actor::Actor,
        drill::{Every, Kind, Window},
    },
    ids::{SystemId, UserId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// What is to be rehearsed again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillSchedule {
    pub id: Uuid,
    pub system: SystemId,
    pub kind: Kind,
    pub procedure: Option<String>,
    pub every: Every,
    pub due_at: Timestamp,
    /// When it would have been due, and why it is not.
    pub moved: Option<(Timestamp, String)>,
    pub done_at: Option<Timestamp>,
    pub responsible: UserId,
    pub responsible_name: String,
    pub responsible_email: String,
    pub made_at: Timestamp,
    pub reminded_of: Option<Timestamp>,
    pub told_overdue_of: Option<Timestamp>,
}

/// What a person decided.
#[derive(Clone, Copy, Debug)]
pub struct NewDrillSchedule<'a> {
    pub system: SystemId,
    pub kind: Kind,
    pub procedure: Option<&'a str>,
    pub every: Every,
    pub due_at: Timestamp,
    pub responsible: UserId,
    pub by: &'a Actor,
}

/// Time in which nothing comes due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillWindow {
    pub id: Uuid,
    pub window: Window,
    pub by: Actor,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    system_id: Uuid,
    kind: String,
    procedure: Option<String>,
    every: String,
    due_at: OffsetDateTime,
    moved_from: Option<OffsetDateTime>,
    moved_why: Option<String>,
    done_at: Option<OffsetDateTime>,
    responsible: Uuid,
    responsible_name: String,
    responsible_email: String,
    made_at: OffsetDateTime,
    reminded_of: Option<OffsetDateTime>,
    told_overdue_of: Option<OffsetDateTime>,
}

impl TryFrom<Row> for DrillSchedule {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            system: SystemId(row.system_id),
            kind: from_name(row.kind)?,
            procedure: row.procedure,
            every: from_name(row.every)?,
            due_at: Timestamp::new(row.due_at),
            moved: row.moved_from.map(Timestamp::new).zip(row.moved_why),
            done_at: row.done_at.map(Timestamp::new),
            responsible: UserId(row.responsible),
            responsible_name: row.responsible_name,
            responsible_email: row.responsible_email,
            made_at: Timestamp::new(row.made_at),
            reminded_of: row.reminded_of.map(Timestamp::new),
            told_overdue_of: row.told_overdue_of.map(Timestamp::new),
        })
    }
}

macro_rules! schedules {
    ($rest:literal) => {
        concat!(
            "SELECT s.*, u.name AS responsible_name, u.email AS responsible_email
             FROM drill_schedule s JOIN app_user u ON u.id = s.responsible WHERE s.retired_at IS NULL ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct WindowRow {
    id: Uuid,
    from_at: OffsetDateTime,
    until_at: OffsetDateTime,
    reason: String,
    made_by: Json<Actor>,
}

impl From<WindowRow> for DrillWindow {
    fn from(row: WindowRow) -> Self {
        let (from_at, until_at) = (Timestamp::new(row.from_at), Timestamp::new(row.until_at));
        Self { id: row.id, window: Window { from_at, until_at, reason: row.reason }, by: row.made_by.0 }
    }
}

const WINDOWS: &str = "SELECT id, from_at, until_at, reason, made_by FROM drill_window
                       WHERE system_id = $1 ORDER BY from_at";

impl Store {
    /// The next one first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_schedules(&self, system: SystemId) -> Result<Vec<DrillSchedule>, StoreError> {
        let query = sqlx::query_as::<_, Row>(schedules!("AND s.system_id = $1 ORDER BY s.due_at, s.id"));
        query.bind(system.0).fetch_all(&self.pool).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none, or it was ended.
    pub async fn drill_schedule_kind(&self, id: Uuid) -> Result<Kind, StoreError> {
        let query = sqlx::query_scalar("SELECT kind FROM drill_schedule WHERE id = $1 AND retired_at IS NULL");
        from_name(query.bind(id).fetch_one(&self.pool).await?)
    }

    /// Those of which something is to be said or done by now: moved out of blocked time, told to somebody, or done elsewhere.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_schedules_moving(&self, remind_seconds: f64) -> Result<Vec<Uuid>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT s.id FROM drill_schedule s WHERE s.retired_at IS NULL AND (
                 EXISTS (SELECT FROM drill_window w WHERE w.system_id = s.system_id AND w.from_at <= s.due_at AND s.due_at < w.until_at)
                 OR s.due_at <= clock_timestamp() + make_interval(secs => $1) AND s.reminded_of IS DISTINCT FROM s.due_at
                 OR s.due_at <= clock_timestamp() AND s.told_overdue_of IS DISTINCT FROM s.due_at
                 OR s.kind = 'contact-tree' AND EXISTS (
                     SELECT FROM contact_drill c WHERE c.system_id = s.system_id AND c.ended_at IS NOT NULL
                     AND c.begun_at > coalesce(s.done_at, s.made_at))
                 OR s.kind = 'backup-verification' AND EXISTS (
                     SELECT FROM verification v WHERE v.system_id = s.system_id AND v.state = 'verified'
                     AND v.ended_at > coalesce(s.done_at, s.made_at))
                 OR EXISTS (
                     SELECT FROM inspection i WHERE i.system_id = s.system_id AND i.kind = s.kind AND NOT i.called_off
                     AND i.ended_at > coalesce(s.done_at, s.made_at)))
             ORDER BY s.due_at",
        )
        .bind(remind_seconds)
        .fetch_all(&self.pool)
        .await?)
    }

    /// The first to begin comes first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_windows(&self, system: SystemId) -> Result<Vec<DrillWindow>, StoreError> {
        let rows = sqlx::query_as::<_, WindowRow>(WINDOWS).bind(system.0).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

impl Tx {
    /// # Errors
    /// `Conflict("drill_schedule_one")` if the same is scheduled already.
    pub async fn drill_schedule_add(&mut self, new: &NewDrillSchedule<'_>) -> Result<Uuid, StoreError> {
        let (id, now) = (Uuid::now_v7(), self.now().inner());
        sqlx::query(
            "INSERT INTO drill_schedule (id, system_id, kind, procedure, every, due_at, responsible, made_by, made_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(id)
        .bind(new.system.0)
        .bind(new.kind.name())
        .bind(new.procedure)
        .bind(new.every.name())
        .bind(new.due_at.inner())
        .bind(new.responsible.0)
        .bind(Json(new.by))
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none, or it was ended.
    pub async fn drill_schedule_lock(&mut self, id: Uuid) -> Result<DrillSchedule, StoreError> {
        let query = sqlx::query_as::<_, Row>(schedules!("AND s.id = $1 FOR UPDATE OF s"));
        query.bind(id).fetch_one(self.connection()).await?.try_into()
    }

    /// The one for a procedure, if it is scheduled.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_schedule_of(
        &mut self,
        system: SystemId,
        procedure: &str,
    ) -> Result<Option<DrillSchedule>, StoreError> {
        let query = sqlx::query_as::<_, Row>(schedules!("AND s.system_id = $1 AND s.procedure = $2 FOR UPDATE OF s"));
        let row = query.bind(system.0).bind(procedure).fetch_optional(self.connection()).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn drill_windows(&mut self, system: SystemId) -> Result<Vec<DrillWindow>, StoreError> {
        let rows = sqlx::query_as::<_, WindowRow>(WINDOWS).bind(system.0).fetch_all(self.connection()).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Writes the schedule as it is now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_schedule_put(&mut self, schedule: &DrillSchedule) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE drill_schedule SET due_at = $2, moved_from = $3, moved_why = $4, done_at = $5, reminded_of = $6,
                                       told_overdue_of = $7, every = $8, responsible = $9
             WHERE id = $1",
        )
        .bind(schedule.id)
        .bind(schedule.due_at.inner())
        .bind(schedule.moved.as_ref().map(|(from, _)| from.inner()))
        .bind(schedule.moved.as_ref().map(|(_, why)| why))
        .bind(schedule.done_at.map(Timestamp::inner))
        .bind(schedule.reminded_of.map(Timestamp::inner))
        .bind(schedule.told_overdue_of.map(Timestamp::inner))
        .bind(schedule.every.name())
        .bind(schedule.responsible.0)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn drill_schedule_retire(&mut self, id: Uuid) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query("UPDATE drill_schedule SET retired_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn drill_window_add(
        &mut self,
        system: SystemId,
        window: &Window,
        by: &Actor,
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO drill_window (id, system_id, from_at, until_at, reason, made_by) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(system.0)
        .bind(window.from_at.inner())
        .bind(window.until_at.inner())
        .bind(&window.reason)
        .bind(Json(by))
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// Its reason; `None` if there is none.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_window_remove(&mut self, id: Uuid) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("DELETE FROM drill_window WHERE id = $1 RETURNING reason");
        Ok(query.bind(id).fetch_optional(self.connection()).await?)
    }
}
