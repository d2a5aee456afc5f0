//! Follow-ups of incidents: rows, and which are due for a reminder. What may follow what is the domain's.

use shared::{
    api::follow_up::{FollowUpView, FollowUpsShown},
    domain::{
        actor::Actor,
        follow_up::{FollowUpState, Priority, Reminded, remind_at},
        incident::{Eyes, Person},
    },
    ids::{IncidentId, UserId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// What is to be done, as somebody says it.
#[derive(Clone, Debug)]
pub struct NewFollowUp<'a> {
    pub title: &'a str,
    pub owner: Option<UserId>,
    pub due_at: Option<Timestamp>,
    pub priority: Priority,
}

/// Which are listed.
#[derive(Clone, Copy, Debug)]
pub enum FollowUpFilter {
    Shown(FollowUpsShown),
    Of(IncidentId),
}

#[derive(FromRow)]
struct Row {
    number: i64,
    incident: i64,
    incident_title: String,
    title: String,
    owner_id: Option<Uuid>,
    owner_name: Option<String>,
    due_at: Option<OffsetDateTime>,
    overdue: bool,
    priority: String,
    state: String,
    version: i32,
    note: String,
    link: Option<String>,
    added_by: Json<Actor>,
    added_at: OffsetDateTime,
    ended_by: Option<Json<Actor>>,
    ended_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for FollowUpView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let owner = row.owner_id.zip(row.owner_name).map(|(id, name)| Person { id: UserId(id), name });
        Ok(Self {
            number: row.number,
            incident: row.incident,
            incident_title: row.incident_title,
            title: row.title,
            owner,
            due_at: row.due_at.map(Timestamp::new),
            overdue: row.overdue,
            priority: from_name(row.priority)?,
            state: from_name(row.state)?,
            version: row.version,
            note: row.note,
            link: row.link,
            added_by: row.added_by.0.to_string(),
            added_at: Timestamp::new(row.added_at),
            ended_by: row.ended_by.map(|by| by.0.to_string()),
            ended_at: row.ended_at.map(Timestamp::new),
        })
    }
}

macro_rules! follow_ups {
    ($rest:literal) => {
        concat!(
            "SELECT f.number, i.number AS incident, i.title AS incident_title, f.title, f.owner_id, u.name AS owner_name, f.due_at,
                    (f.state = 'open' AND f.due_at IS NOT NULL AND f.due_at <= clock_timestamp()) AS overdue, f.priority, f.state, f.version, f.note, f.link,
                    f.added_by, f.added_at, f.ended_by, f.ended_at
             FROM follow_up f JOIN incident i ON i.id = f.incident_id LEFT JOIN app_user u ON u.id = f.owner_id ",
            $rest
        )
    };
}

impl Store {
    /// What presses comes first: overdue, then by due time and priority; what has ended by its end.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn follow_ups(
        &self,
        eyes: Eyes,
        filter: FollowUpFilter,
        limit: i64,
    ) -> Result<Vec<FollowUpView>, StoreError> {
        let (incident, shown) = match filter {
            FollowUpFilter::Of(incident) => (Some(incident.0), None),
            FollowUpFilter::Shown(shown) => (None, Some(shown.name())),
        };
        let rows = sqlx::query_as::<_, Row>(follow_ups!(
            "WHERE (i.seen_by IS NULL OR $1 OR $2 = ANY(i.seen_by)) AND ($3::uuid IS NULL OR f.incident_id = $3)
               AND CASE $4::text WHEN 'open' THEN f.state = 'open'
                                 WHEN 'mine' THEN f.state = 'open' AND f.owner_id = $2
                                 WHEN 'overdue' THEN f.state = 'open' AND f.due_at <= clock_timestamp()
                                 WHEN 'ended' THEN f.state <> 'open'
                                 ELSE true END
             ORDER BY f.state <> 'open', f.ended_at DESC, f.due_at NULLS LAST,
                      array_position(ARRAY['high', 'normal', 'low'], f.priority), f.number
             LIMIT $5"
        ))
        .bind(eyes.all)
        .bind(eyes.who.0)
        .bind(incident)
        .bind(shown)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn follow_up_fetch(&self, number: i64) -> Result<FollowUpView, StoreError> {
        sqlx::query_as::<_, Row>(follow_ups!("WHERE f.number = $1"))
            .bind(number)
            .fetch_one(&self.pool)
            .await?
            .try_into()
    }

    /// Numbers of those whose owner is to be reminded now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn follow_ups_to_remind(&self) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT number FROM follow_up WHERE remind_at <= clock_timestamp() ORDER BY number LIMIT 200",
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

impl Tx {
    /// # Errors
    /// If the database does not answer.
    pub async fn follow_up_add(
        &mut self,
        incident: IncidentId,
        new: &NewFollowUp<'_>,
        by: &Actor,
    ) -> Result<i64, StoreError> {
        let now = self.now().inner();
        Ok(sqlx::query_scalar(
            "INSERT INTO follow_up (incident_id, title, owner_id, due_at, priority, state, version, added_by, added_at, remind_at)
             VALUES ($1, $2, $3, $4, $5, 'open', 1, $6, $7, $8) RETURNING number",
        )
        .bind(incident.0)
        .bind(new.title)
        .bind(new.owner.map(|owner| owner.0))
        .bind(new.due_at.map(Timestamp::inner))
        .bind(new.priority.to_string())
        .bind(Json(by))
        .bind(now)
        .bind(remind_at(new.due_at, Reminded::Never).map(Timestamp::inner))
        .fetch_one(self.connection())
        .await?)
    }

    /// Locks it; with what was reminded of last.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn follow_up_lock(&mut self, number: i64) -> Result<(FollowUpView, Reminded), StoreError> {
        let reminded: String = sqlx::query_scalar("SELECT reminded FROM follow_up WHERE number = $1 FOR NO KEY UPDATE")
            .bind(number)
            .fetch_one(self.connection())
            .await?;
        let row = sqlx::query_as::<_, Row>(follow_ups!("WHERE f.number = $1"))
            .bind(number)
            .fetch_one(self.connection())
            .await?;
        Ok((row.try_into()?, from_name(reminded)?))
    }

    /// The caller holds its lock. Reminders begin anew if its time or its owner changed (`anew`).
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn follow_up_change(
        &mut self,
        number: i64,
        to: &NewFollowUp<'_>,
        reminded: Reminded,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE follow_up SET title = $2, owner_id = $3, due_at = $4, priority = $5, reminded = $6, remind_at = $7,
                    version = version + 1
             WHERE number = $1",
        )
        .bind(number)
        .bind(to.title)
        .bind(to.owner.map(|owner| owner.0))
        .bind(to.due_at.map(Timestamp::inner))
        .bind(to.priority.to_string())
        .bind(reminded.to_string())
        .bind(remind_at(to.due_at, reminded).map(Timestamp::inner))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends it or opens it again. The caller holds its lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn follow_up_settle(
        &mut self,
        number: i64,
        (state, remind_at): (FollowUpState, Option<Timestamp>),
        (note, link): (&str, Option<&str>),
        by: &Actor,
    ) -> Result<(), StoreError> {
        let ended = (state != FollowUpState::Open).then(|| self.now().inner());
        sqlx::query(
            "UPDATE follow_up SET state = $2, note = $3, link = $4, ended_by = $5, ended_at = $6, remind_at = $7,
                    version = version + 1
             WHERE number = $1",
        )
        .bind(number)
        .bind(state.to_string())
        .bind(note)
        .bind(link)
        .bind(ended.map(|_| Json(by)))
        .bind(ended)
        .bind(remind_at.map(Timestamp::inner))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Writes down that its owner was reminded. The caller holds its lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn follow_up_reminded(
        &mut self,
        number: i64,
        reminded: Reminded,
        next: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE follow_up SET reminded = $2, remind_at = $3 WHERE number = $1")
            .bind(number)
            .bind(reminded.to_string())
            .bind(next.map(Timestamp::inner))
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
