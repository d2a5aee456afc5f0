//! Rehearsals of the contact tree: who was called as a drill, and who answered. Calls nobody.

use shared::{
    domain::actor::Actor,
    ids::{SystemId, UserId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

/// A drill that is to begin.
#[derive(Clone, Debug)]
pub struct NewDrill<'a> {
    pub system: SystemId,
    pub level: u8,
    pub level_name: &'a str,
    pub within_seconds: u64,
    /// Roles of the plan that have nobody.
    pub empty_roles: &'a [String],
    pub by: &'a Actor,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactDrill {
    pub id: Uuid,
    pub number: i64,
    pub level: u8,
    pub level_name: String,
    pub within_seconds: u64,
    pub empty_roles: Vec<String>,
    pub begun_by: Actor,
    pub begun_at: Timestamp,
    pub due_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// One person who was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillCall {
    pub id: Uuid,
    pub drill: Uuid,
    pub user: UserId,
    pub name: String,
    pub roles: Vec<String>,
    pub answered_at: Option<Timestamp>,
    /// States of the messages.
    pub states: Vec<String>,
}

#[derive(FromRow)]
struct DrillRow {
    id: Uuid,
    number: i64,
    level: i16,
    level_name: String,
    within_seconds: i64,
    empty_roles: Vec<String>,
    begun_by: Json<Actor>,
    begun_at: OffsetDateTime,
    due_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
}

impl From<DrillRow> for ContactDrill {
    fn from(row: DrillRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            level: u8::try_from(row.level).unwrap_or(u8::MAX),
            level_name: row.level_name,
            within_seconds: row.within_seconds.unsigned_abs(),
            empty_roles: row.empty_roles,
            begun_by: row.begun_by.0,
            begun_at: Timestamp::new(row.begun_at),
            due_at: Timestamp::new(row.due_at),
            ended_at: row.ended_at.map(Timestamp::new),
        }
    }
}

#[derive(FromRow)]
struct CallRow {
    id: Uuid,
    drill_id: Uuid,
    user_id: Uuid,
    name: String,
    roles: Vec<String>,
    answered_at: Option<OffsetDateTime>,
    states: Vec<String>,
}

impl From<CallRow> for DrillCall {
    fn from(row: CallRow) -> Self {
        Self {
            id: row.id,
            drill: row.drill_id,
            user: UserId(row.user_id),
            name: row.name,
            roles: row.roles,
            answered_at: row.answered_at.map(Timestamp::new),
            states: row.states,
        }
    }
}

macro_rules! drills {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.number, d.level, d.level_name, d.within_seconds, d.empty_roles, d.begun_by, d.begun_at, d.due_at, d.ended_at
             FROM contact_drill d ",
            $rest
        )
    };
}

macro_rules! calls {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.drill_id, c.user_id, c.name, c.roles, c.answered_at,
                    ARRAY(SELECT m.state FROM message m WHERE m.drill_call_id = c.id) AS states
             FROM contact_drill_call c ",
            $rest
        )
    };
}

impl Store {
    /// Newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contact_drill_list(&self, system: SystemId, limit: i64) -> Result<Vec<ContactDrill>, StoreError> {
        let rows = sqlx::query_as::<_, DrillRow>(drills!("WHERE d.system_id = $1 ORDER BY d.number DESC LIMIT $2"))
            .bind(system.0)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Of these drills, in the order in which people are called.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_calls_of(&self, drills: &[Uuid]) -> Result<Vec<DrillCall>, StoreError> {
        let rows = sqlx::query_as::<_, CallRow>(calls!("WHERE c.drill_id = ANY($1) ORDER BY c.id"))
            .bind(drills)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The call that a link names, with its drill.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn drill_call_fetch(&self, id: Uuid) -> Result<(ContactDrill, DrillCall), StoreError> {
        let call = sqlx::query_as::<_, CallRow>(calls!("WHERE c.id = $1")).bind(id).fetch_one(&self.pool).await?;
        let drill =
            sqlx::query_as::<_, DrillRow>(drills!("WHERE d.id = $1")).bind(call.drill_id).fetch_one(&self.pool).await?;
        Ok((drill.into(), call.into()))
    }

    /// Drills whose time is over, or that everybody has answered.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contact_drills_over(&self) -> Result<Vec<Uuid>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT d.id FROM contact_drill d
             WHERE d.ended_at IS NULL
               AND (d.due_at <= clock_timestamp()
                    OR NOT EXISTS (SELECT FROM contact_drill_call c WHERE c.drill_id = d.id AND c.answered_at IS NULL))",
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

impl Tx {
    /// # Errors
    /// [`StoreError::Conflict`] if one is going on.
    pub async fn contact_drill_begin(&mut self, new: &NewDrill<'_>) -> Result<ContactDrill, StoreError> {
        let now = self.now();
        let row = sqlx::query_as::<_, DrillRow>(
            "INSERT INTO contact_drill (id, system_id, level, level_name, within_seconds, empty_roles, begun_by, begun_at, due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             RETURNING id, number, level, level_name, within_seconds, empty_roles, begun_by, begun_at, due_at, ended_at",
        )
        .bind(Uuid::now_v7())
        .bind(new.system.0)
        .bind(i16::from(new.level))
        .bind(new.level_name)
        .bind(i64::try_from(new.within_seconds).unwrap_or(i64::MAX))
        .bind(new.empty_roles)
        .bind(Json(new.by))
        .bind(now.inner())
        .bind(now.plus_seconds(new.within_seconds).inner())
        .fetch_one(self.connection())
        .await?;
        Ok(row.into())
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn drill_call_add(
        &mut self,
        drill: Uuid,
        user: UserId,
        name: &str,
        roles: &[String],
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        sqlx::query("INSERT INTO contact_drill_call (id, drill_id, user_id, name, roles) VALUES ($1, $2, $3, $4, $5)")
            .bind(id)
            .bind(drill)
            .bind(user.0)
            .bind(name)
            .bind(roles)
            .execute(self.connection())
            .await?;
        Ok(id)
    }

    /// False if it was answered before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn drill_call_answer(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let now = self.now().inner();
        let done = sqlx::query("UPDATE contact_drill_call SET answered_at = $2 WHERE id = $1 AND answered_at IS NULL")
            .bind(id)
            .bind(now)
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends a drill; `None` if another server did. Its calls as they are now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contact_drill_end(&mut self, id: Uuid) -> Result<Option<(ContactDrill, Vec<DrillCall>)>, StoreError> {
        let now = self.now().inner();
        let row = sqlx::query_as::<_, DrillRow>(
            "UPDATE contact_drill SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL
             RETURNING id, number, level, level_name, within_seconds, empty_roles, begun_by, begun_at, due_at, ended_at",
        )
        .bind(id)
        .bind(now)
        .fetch_optional(self.connection())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let calls = sqlx::query_as::<_, CallRow>(calls!("WHERE c.drill_id = $1 ORDER BY c.id"))
            .bind(id)
            .fetch_all(self.connection())
            .await?;
        Ok(Some((row.into(), calls.into_iter().map(Into::into).collect())))
    }

    /// After a restore: a drill that was going on measures nothing any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contact_drills_forget(&mut self) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query("UPDATE contact_drill SET ended_at = $1 WHERE ended_at IS NULL")
            .bind(now)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
