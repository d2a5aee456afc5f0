//! What people are told because it is about them, and the tasks of one person over all incidents. Decides nobody's rights.

use shared::{
    api::{
        incident::TimelineEntry,
        task::{NudgeView, OwnTaskView},
    },
    domain::incident::{Eyes, Task},
    ids::{IncidentId, UserId},
};
use sqlx::{FromRow, types::Json};

use crate::{Store, StoreError, Tx, incident::EventRow};

#[derive(FromRow)]
struct NudgeRow {
    number: i64,
    incident: i64,
    incident_title: String,
    #[sqlx(flatten)]
    entry: EventRow,
}

impl Store {
    /// What whoever looks has not put away, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn nudges_for(&self, eyes: Eyes, limit: i64) -> Result<Vec<NudgeView>, StoreError> {
        let rows = sqlx::query_as::<_, NudgeRow>(
            "SELECT n.number, i.number AS incident, i.title AS incident_title, e.seq, e.at, e.by, e.event
             FROM nudge n JOIN incident i ON i.id = n.incident_id
                  JOIN incident_event e ON e.incident_id = n.incident_id AND e.seq = n.entry
             WHERE n.user_id = $1 AND n.seen_at IS NULL AND (i.seen_by IS NULL OR $3 OR $1 = ANY(i.seen_by)) ORDER BY n.number DESC LIMIT $2",
        )
        .bind(eyes.who.0)
        .bind(limit)
        .bind(eyes.all)
        .fetch_all(&self.pool)
        .await?;
        let view = |row: NudgeRow| NudgeView {
            number: row.number,
            incident: row.incident,
            incident_title: row.incident_title,
            entry: TimelineEntry::from(row.entry),
        };
        Ok(rows.into_iter().map(view).collect())
    }

    /// Open tasks of whoever looks in incidents that are not closed; what is due first comes first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn tasks_of(&self, eyes: Eyes, limit: i64) -> Result<Vec<OwnTaskView>, StoreError> {
        let rows: Vec<(i64, String, Json<Task>)> = sqlx::query_as(
            "SELECT i.number, i.title, t.task
             FROM incident i CROSS JOIN LATERAL jsonb_array_elements(i.tasks) AS t (task)
             WHERE i.closed_at IS NULL AND i.tasks <> '[]'
               AND t.task ->> 'state' = 'open' AND t.task -> 'owner' ->> 'id' = $1
               AND (i.seen_by IS NULL OR $3 OR $1::uuid = ANY(i.seen_by))
             ORDER BY (t.task ->> 'due_at')::timestamptz NULLS LAST, i.number, (t.task ->> 'number')::int LIMIT $2",
        )
        .bind(eyes.who.to_string())
        .bind(limit)
        .bind(eyes.all)
        .fetch_all(&self.pool)
        .await?;
        let view = |(incident, incident_title, Json(task))| OwnTaskView { incident, incident_title, task };
        Ok(rows.into_iter().map(view).collect())
    }
}

impl Tx {
    /// Tells somebody that this entry is about them; once, however often it is said.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn nudge_add(&mut self, incident: IncidentId, entry: i32, user: UserId) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "INSERT INTO nudge (incident_id, entry, user_id, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (incident_id, entry, user_id) DO NOTHING",
        )
        .bind(incident.0)
        .bind(entry)
        .bind(user.0)
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Puts one of `user`'s away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if they have none with this number.
    pub async fn nudge_seen(&mut self, user: UserId, number: i64) -> Result<(), StoreError> {
        let now = self.now().inner();
        let theirs = sqlx::query("UPDATE nudge SET seen_at = coalesce(seen_at, $3) WHERE user_id = $1 AND number = $2")
            .bind(user.0)
            .bind(number)
            .bind(now)
            .execute(self.connection())
            .await?;
        if theirs.rows_affected() == 1 { Ok(()) } else { Err(StoreError::NotFound) }
    }
}
