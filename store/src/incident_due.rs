//! Clocks of incidents that have run out, and single timeline entries: small reads beside `incident`. Decides nothing.

use shared::{
    api::incident::TimelineEntry,
    domain::incident::{Incident, Person},
    ids::{IncidentId, UserId},
    timestamp::Timestamp,
};
use uuid::Uuid;

use crate::{Store, StoreError, Tx, incident::EventRow};

impl Store {
    /// Incidents with a clock that has run out by the database's time, or that must be looked at.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incidents_due(&self) -> Result<Vec<i64>, StoreError> {
        let found = sqlx::query_scalar(
            "SELECT number FROM incident WHERE next_due_at < clock_timestamp() ORDER BY next_due_at LIMIT 100",
        );
        Ok(found.fetch_all(&self.pool).await?)
    }

    /// Active people who may do this, by name; no programs.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn people_who_may(&self, action: shared::domain::access::Action) -> Result<Vec<Person>, StoreError> {
        let roles: Vec<&str> = action.roles().iter().map(|role| role.name()).collect();
        let people: Vec<(Uuid, String)> = sqlx::query_as(
            "SELECT u.id, u.name FROM app_user u JOIN role r ON r.name = u.role
             WHERE u.active AND NOT u.service AND (u.role = ANY($1) OR $2 = ANY(r.actions)) ORDER BY u.name, u.id",
        )
        .bind(roles)
        .bind(action.name())
        .fetch_all(&self.pool)
        .await?;
        Ok(people.into_iter().map(|(id, name)| Person { id: UserId(id), name }).collect())
    }
}

impl Tx {
    /// Writes when this incident must be looked at next, without an event. The caller holds the row's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_look_at(&mut self, id: IncidentId, incident: &Incident) -> Result<(), StoreError> {
        sqlx::query("UPDATE incident SET next_due_at = $2 WHERE id = $1")
            .bind(id.0)
            .bind(incident.next_due_at().map(Timestamp::inner))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// One entry and all that was said about it later, oldest first. The caller holds the row's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_entry(&mut self, id: IncidentId, seq: i32) -> Result<Vec<TimelineEntry>, StoreError> {
        let rows = sqlx::query_as::<_, EventRow>(
            "SELECT seq, at, by, event FROM incident_event
             WHERE incident_id = $1 AND (seq = $2 OR (event ->> 'entry' = $2::text AND event ->> 'event' IN ('corrected', 'pinned', 'unpinned')))
             ORDER BY seq",
        )
        .bind(id.0)
        .bind(seq)
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}
