//! Incidents and their timelines. The row is written together with the event that changed it.

use shared::{
    api::incident::TimelineEntry,
    domain::{
        actor::Actor,
        incident::{Affected, Due, Eyes, Held, Incident, IncidentEvent, Person, Task},
    },
    ids::{IncidentId, SystemId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, component, error::from_name};

/// An incident with what the database knows beside its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRecord {
    pub id: IncidentId,
    pub number: i64,
    pub system: SystemId,
    pub system_slug: String,
    pub level_name: String,
    pub declared_by: Actor,
    pub n_events: i32,
    pub incident: Incident,
}

#[derive(FromRow)]
pub(crate) struct IncidentRow {
    pub(crate) id: Uuid,
    number: i64,
    system_id: Uuid,
    system_slug: String,
    title: String,
    drill: bool,
    level: i16,
    level_name: String,
    response_seconds: Option<i64>,
    affected: Json<Vec<Affected>>,
    state: String,
    declared_by: Json<Actor>,
    declared_at: OffsetDateTime,
    acknowledged_at: Option<OffsetDateTime>,
    resolved_at: Option<OffsetDateTime>,
    closed_at: Option<OffsetDateTime>,
    public_title: Option<String>,
    public_state: Option<String>,
    posted_at: Option<OffsetDateTime>,
    duties: Json<Vec<Held>>,
    told_overdue: Json<Vec<Due>>,
    tasks: Json<Vec<Task>>,
    readers: Option<Json<Vec<Person>>>,
    merged_into: Option<i64>,
    n_events: i32,
}

impl TryFrom<IncidentRow> for IncidentRecord {
    type Error = StoreError;

    fn try_from(row: IncidentRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: IncidentId(row.id),
            number: row.number,
            system: SystemId(row.system_id),
            system_slug: row.system_slug,
            level_name: row.level_name,
            declared_by: row.declared_by.0,
            n_events: row.n_events,
            incident: Incident {
                title: row.title,
                drill: row.drill,
                level: u8::try_from(row.level).map_err(|e| StoreError::Corrupt(e.to_string()))?,
                response_seconds: row.response_seconds.map(i64::unsigned_abs),
                affected: row.affected.0,
                state: from_name(row.state)?,
                declared_at: Timestamp::new(row.declared_at),
                acknowledged_at: row.acknowledged_at.map(Timestamp::new),
                resolved_at: row.resolved_at.map(Timestamp::new),
                closed_at: row.closed_at.map(Timestamp::new),
                public_title: row.public_title,
                public_state: row.public_state.map(from_name).transpose()?,
                posted_at: row.posted_at.map(Timestamp::new),
                duties: row.duties.0,
                told_overdue: row.told_overdue.0,
                tasks: row.tasks.0,
                readers: row.readers.map(|readers| readers.0),
                merged_into: row.merged_into,
            },
        })
    }
}

#[derive(FromRow)]
pub(crate) struct EventRow {
    seq: i32,
    at: OffsetDateTime,
    by: Json<Actor>,
    event: Json<IncidentEvent>,
}

impl From<EventRow> for TimelineEntry {
    fn from(row: EventRow) -> Self {
        Self { seq: row.seq, at: Timestamp::new(row.at), by: row.by.0, event: row.event.0 }
    }
}

fn seconds(value: Option<u64>) -> Option<i64> {
    value.map(|s| i64::try_from(s).unwrap_or(i64::MAX))
}

fn name<T: serde::Serialize>(value: &T) -> Result<Option<String>, StoreError> {
    Ok(serde_json::to_value(value)?.as_str().map(str::to_owned))
}

impl Store {
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn incident_by_number(&self, number: i64) -> Result<IncidentRecord, StoreError> {
        sqlx::query_as::<_, IncidentRow>(
            "SELECT i.*, s.slug AS system_slug FROM incident i JOIN system s ON s.id = i.system_id WHERE i.number = $1",
        )
        .bind(number)
        .fetch_one(&self.pool)
        .await?
        .try_into()
    }

    /// What these eyes may see, newest first, numbers below `before`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_list(
        &self,
        eyes: Eyes,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        let rows = sqlx::query_as::<_, IncidentRow>(
            "SELECT i.*, s.slug AS system_slug FROM incident i JOIN system s ON s.id = i.system_id
             WHERE ($1::bigint IS NULL OR i.number < $1) AND (i.seen_by IS NULL OR $3 OR $4 = ANY(i.seen_by))
             ORDER BY i.number DESC LIMIT $2",
        )
        .bind(before)
        .bind(limit)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_timeline(&self, id: IncidentId) -> Result<Vec<TimelineEntry>, StoreError> {
        let rows = sqlx::query_as::<_, EventRow>(
            "SELECT seq, at, by, event FROM incident_event WHERE incident_id = $1 ORDER BY seq",
        )
        .bind(id.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

impl Tx {
    /// Writes the row and its first event.
    ///
    /// # Errors
    /// If the database does not answer or a CHECK says no.
    pub async fn incident_create(
        &mut self,
        system: SystemId,
        incident: &Incident,
        level_name: &str,
        by: &Actor,
        first: &IncidentEvent,
    ) -> Result<IncidentRecord, StoreError> {
        let id = Uuid::now_v7();
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO incident (id, system_id, title, level, level_name, response_seconds, affected, state, declared_by,
                                   declared_at, acknowledged_at, resolved_at, public_title, public_state, drill, n_events)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0) RETURNING number",
        )
        .bind(id)
        .bind(system.0)
        .bind(&incident.title)
        .bind(i16::from(incident.level))
        .bind(level_name)
        .bind(seconds(incident.response_seconds))
        .bind(Json(&incident.affected))
        .bind(incident.state.name())
        .bind(Json(by))
        .bind(incident.declared_at.inner())
        .bind(incident.acknowledged_at.map(Timestamp::inner))
        .bind(incident.resolved_at.map(Timestamp::inner))
        .bind(&incident.public_title)
        .bind(name(&incident.public_state)?)
        .bind(incident.drill)
        .fetch_one(self.connection())
        .await?;
        let record = self.incident_lock(number).await?;
        self.incident_append(&record, incident, first, by).await?;
        if component::moves(&Incident { public_title: None, ..incident.clone() }, incident) {
            self.components_settle(system, &[]).await?;
        }
        Ok(IncidentRecord { n_events: 1, ..record })
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this number.
    pub async fn incident_lock(&mut self, number: i64) -> Result<IncidentRecord, StoreError> {
        sqlx::query_as::<_, IncidentRow>(
            "SELECT i.*, s.slug AS system_slug FROM incident i JOIN system s ON s.id = i.system_id
             WHERE i.number = $1 FOR UPDATE OF i",
        )
        .bind(number)
        .fetch_one(self.connection())
        .await?
        .try_into()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id.
    pub async fn incident_lock_id(&mut self, id: IncidentId) -> Result<IncidentRecord, StoreError> {
        sqlx::query_as::<_, IncidentRow>(
            "SELECT i.*, s.slug AS system_slug FROM incident i JOIN system s ON s.id = i.system_id
             WHERE i.id = $1 FOR UPDATE OF i",
        )
        .bind(id.0)
        .fetch_one(self.connection())
        .await?
        .try_into()
    }

    /// What was resolved no longer than so many seconds ago and not put away, the last first. Not locked.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incidents_resolved_lately(
        &mut self,
        system: SystemId,
        seconds: u64,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        let rows = sqlx::query_as::<_, IncidentRow>(
            "SELECT i.*, s.slug AS system_slug FROM incident i JOIN system s ON s.id = i.system_id
             WHERE i.system_id = $1 AND i.state = 'resolved' AND i.resolved_at > $2 - make_interval(secs => $3)
             ORDER BY i.resolved_at DESC LIMIT 100",
        )
        .bind(system.0)
        .bind(self.now().inner())
        .bind(f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)))
        .fetch_all(self.connection())
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Writes the event and the state it leads to, and what becomes of components by it. The caller holds the row's lock and has asked the domain for `next`.
    ///
    /// # Errors
    /// If the database does not answer or a CHECK says no.
    pub async fn incident_append(
        &mut self,
        record: &IncidentRecord,
        next: &Incident,
        event: &IncidentEvent,
        by: &Actor,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        // The sequence number comes from the row, so that several events in one transaction follow each other.
        sqlx::query(
            "WITH i AS (UPDATE incident SET n_events = n_events + 1, level = $2, response_seconds = $3, state = $4,
                               acknowledged_at = $5, resolved_at = $6, public_title = $7, public_state = $8, affected = $9, closed_at = $13,
                               posted_at = $14, duties = $15, told_overdue = $16, next_due_at = $17, tasks = $18,
                               readers = $19, seen_by = $20, merged_into = $21
                        WHERE id = $1 RETURNING n_events)
             INSERT INTO incident_event (incident_id, seq, at, by, event) SELECT $1, i.n_events, $10, $11, $12 FROM i",
        )
        .bind(record.id.0)
        .bind(i16::from(next.level))
        .bind(seconds(next.response_seconds))
        .bind(next.state.name())
        .bind(next.acknowledged_at.map(Timestamp::inner))
        .bind(next.resolved_at.map(Timestamp::inner))
        .bind(&next.public_title)
        .bind(name(&next.public_state)?)
        .bind(Json(&next.affected))
        .bind(now)
        .bind(Json(by))
        .bind(Json(event))
        .bind(next.closed_at.map(Timestamp::inner))
        .bind(next.posted_at.map(Timestamp::inner))
        .bind(Json(&next.duties))
        .bind(Json(&next.told_overdue))
        .bind(next.next_due_at().map(Timestamp::inner))
        .bind(Json(&next.tasks))
        .bind(next.readers.as_ref().map(Json))
        .bind(next.seen_by().map(|people| people.into_iter().map(|id| id.0).collect::<Vec<_>>()))
        .bind(next.merged_into)
        .execute(self.connection())
        .await?;
        if component::moves(&record.incident, next) {
            self.components_settle(record.system, &[]).await?;
        }
        Ok(())
    }

    /// Changes the level's name along with a level change.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_name_level(&mut self, id: IncidentId, level_name: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE incident SET level_name = $2 WHERE id = $1")
            .bind(id.0)
            .bind(level_name)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
