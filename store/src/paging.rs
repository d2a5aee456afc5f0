//! Rounds of calling for an incident, and who was called in them. Whom to call next is the domain's.

use shared::{
    domain::actor::Actor,
    ids::{IncidentId, SystemId, UserId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgExecutor, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

/// One round of calling for an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    pub round: i16,
    pub level: u8,
    pub response_seconds: Option<u64>,
    pub begun_at: Timestamp,
    pub n_steps: u16,
    pub stepped_at: Option<Timestamp>,
}

/// Somebody who was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub id: Uuid,
    pub round: i16,
    pub step: u16,
    pub user: UserId,
    pub name: String,
    pub at: Timestamp,
    pub answered_at: Option<Timestamp>,
    /// States of the messages.
    pub states: Vec<String>,
}

/// A call, as the link in it finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledPage {
    pub incident: i64,
    pub user: UserId,
    pub at: Timestamp,
    pub answered_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct PagingRow {
    round: i16,
    level: i16,
    response_seconds: Option<i64>,
    begun_at: OffsetDateTime,
    n_steps: i16,
    stepped_at: Option<OffsetDateTime>,
}

#[derive(FromRow)]
struct PageRow {
    id: Uuid,
    round: i16,
    step: i16,
    user_id: Uuid,
    name: String,
    at: OffsetDateTime,
    answered_at: Option<OffsetDateTime>,
    states: Vec<String>,
}

async fn pages(executor: impl PgExecutor<'_>, incident: IncidentId) -> Result<Vec<Page>, StoreError> {
    let rows = sqlx::query_as::<_, PageRow>(
        "SELECT p.id, p.round, p.step, p.user_id, p.name, p.at, p.answered_at,
                ARRAY(SELECT m.state FROM message m WHERE m.page_id = p.id) AS states
         FROM page p WHERE p.incident_id = $1 ORDER BY p.at, p.step, p.name, p.id",
    )
    .bind(incident.0)
    .fetch_all(executor)
    .await?;
    let page = |row: PageRow| Page {
        id: row.id,
        round: row.round,
        step: row.step.unsigned_abs(),
        user: UserId(row.user_id),
        name: row.name,
        at: Timestamp::new(row.at),
        answered_at: row.answered_at.map(Timestamp::new),
        states: row.states,
    };
    Ok(rows.into_iter().map(page).collect())
}

impl Store {
    /// Oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn pages_of(&self, incident: IncidentId) -> Result<Vec<Page>, StoreError> {
        pages(&self.pool, incident).await
    }

    /// # Errors
    /// [`StoreError::NotFound`] if nobody was called by this id.
    pub async fn page_fetch(&self, id: Uuid) -> Result<CalledPage, StoreError> {
        let (incident, user, at, answered_at): (i64, Uuid, OffsetDateTime, Option<OffsetDateTime>) = sqlx::query_as(
            "SELECT i.number, p.user_id, p.at, p.answered_at FROM page p JOIN incident i ON i.id = p.incident_id WHERE p.id = $1",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await?;
        Ok(CalledPage {
            incident,
            user: UserId(user),
            at: Timestamp::new(at),
            answered_at: answered_at.map(Timestamp::new),
        })
    }

    /// When the rule is asked again about this incident, if it is.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn paging_next(&self, incident: IncidentId) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<OffsetDateTime> = sqlx::query_scalar("SELECT min(next_at) FROM paging WHERE incident_id = $1")
            .bind(incident.0)
            .fetch_one(&self.pool)
            .await?;
        Ok(next.map(Timestamp::new))
    }

    /// Incidents about which the rule is to be asked: when it said so, or when somebody has answered.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn pagings_due(&self) -> Result<Vec<(IncidentId, SystemId)>, StoreError> {
        let ids: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "SELECT DISTINCT p.incident_id, i.system_id FROM paging p JOIN incident i ON i.id = p.incident_id
             WHERE p.next_at IS NOT NULL AND p.world = (SELECT id FROM outbox_world)
               AND (p.next_at <= clock_timestamp() OR i.acknowledged_at IS NOT NULL OR i.resolved_at IS NOT NULL
                    OR i.closed_at IS NOT NULL)",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(|(incident, system)| (IncidentId(incident), SystemId(system))).collect())
    }
}

impl Tx {
    /// Whether people are being called already for another incident of this system that alerts declared, at least as bad, since
    /// `seconds`. Until the transaction ends nobody else is told otherwise.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn paging_lately(
        &mut self,
        system: SystemId,
        incident: IncidentId,
        level: u8,
        seconds: i64,
    ) -> Result<bool, StoreError> {
        sqlx::query("SELECT FROM system WHERE id = $1 FOR NO KEY UPDATE")
            .bind(system.0)
            .execute(self.connection())
            .await?;
        let since = self.now().inner() - time::Duration::seconds(seconds);
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM paging p JOIN incident i ON i.id = p.incident_id
             WHERE i.system_id = $1 AND i.id <> $2 AND p.level >= $3 AND p.begun_at > $4 AND i.resolved_at IS NULL
               AND i.declared_by ->> 'actor' = 'alert-source')",
        )
        .bind(system.0)
        .bind(incident.0)
        .bind(i16::from(level))
        .bind(since)
        .fetch_one(self.connection())
        .await?)
    }

    /// Whether anybody was ever to be called for it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn paging_any(&mut self, incident: IncidentId) -> Result<bool, StoreError> {
        let any = "SELECT EXISTS (SELECT FROM paging WHERE incident_id = $1)";
        Ok(sqlx::query_scalar(any).bind(incident.0).fetch_one(self.connection()).await?)
    }

    /// Begins a round of calling; the one before it, if there is one, ends. The caller holds the incident's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn paging_begin(
        &mut self,
        incident: IncidentId,
        level: u8,
        response_seconds: Option<u64>,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query("UPDATE paging SET next_at = NULL, ended_at = $2 WHERE incident_id = $1 AND next_at IS NOT NULL")
            .bind(incident.0)
            .bind(now)
            .execute(self.connection())
            .await?;
        sqlx::query(
            "INSERT INTO paging (incident_id, round, world, level, response_seconds, begun_at, next_at)
             SELECT $1, (SELECT count(*) + 1 FROM paging WHERE incident_id = $1), w.id, $2, $3, $4, $4 FROM outbox_world w",
        )
        .bind(incident.0)
        .bind(i16::from(level))
        .bind(response_seconds.map(|s| i64::try_from(s).unwrap_or(i64::MAX)))
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The round that goes on, if there is one. The caller holds the incident's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn paging_open(&mut self, incident: IncidentId) -> Result<Option<Paging>, StoreError> {
        let row = sqlx::query_as::<_, PagingRow>(
            "SELECT round, level, response_seconds, begun_at, n_steps, stepped_at FROM paging
             WHERE incident_id = $1 AND next_at IS NOT NULL AND world = (SELECT id FROM outbox_world) FOR UPDATE",
        )
        .bind(incident.0)
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|row| Paging {
            round: row.round,
            level: u8::try_from(row.level).unwrap_or(u8::MAX),
            response_seconds: row.response_seconds.map(i64::unsigned_abs),
            begun_at: Timestamp::new(row.begun_at),
            n_steps: row.n_steps.unsigned_abs(),
            stepped_at: row.stepped_at.map(Timestamp::new),
        }))
    }

    /// As [`Store::pages_of`], inside the transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn pages_of(&mut self, incident: IncidentId) -> Result<Vec<Page>, StoreError> {
        pages(self.connection(), incident).await
    }

    /// Notes that a person is called in this step.
    ///
    /// # Errors
    /// If the database does not answer, or they were called in it before.
    pub async fn page_add(
        &mut self,
        incident: IncidentId,
        round: i16,
        step: u16,
        user: UserId,
        name: &str,
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        let now = self.now().inner();
        sqlx::query(
            "INSERT INTO page (id, incident_id, round, step, user_id, name, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id)
        .bind(incident.0)
        .bind(round)
        .bind(step.cast_signed())
        .bind(user.0)
        .bind(name)
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// A step was taken.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn paging_step(&mut self, incident: IncidentId, round: i16, step: u16) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "UPDATE paging SET n_steps = $3, stepped_at = $4, next_at = $4 WHERE incident_id = $1 AND round = $2",
        )
        .bind(incident.0)
        .bind(round)
        .bind(step.cast_signed())
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// When the rule is to be asked again; `None` ends the round.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn paging_wait(
        &mut self,
        incident: IncidentId,
        round: i16,
        next: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "UPDATE paging SET next_at = $3, ended_at = CASE WHEN $3::timestamptz IS NULL THEN $4::timestamptz END
             WHERE incident_id = $1 AND round = $2",
        )
        .bind(incident.0)
        .bind(round)
        .bind(next.map(Timestamp::inner))
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Who answered first, and when.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_answer(&mut self, incident: IncidentId) -> Result<Option<(Actor, Timestamp)>, StoreError> {
        let row: Option<(Json<Actor>, OffsetDateTime)> = sqlx::query_as(
            "SELECT by, at FROM incident_event
             WHERE incident_id = $1 AND event->>'event' IN ('acknowledged', 'work-started') ORDER BY seq LIMIT 1",
        )
        .bind(incident.0)
        .fetch_optional(self.connection())
        .await?;
        Ok(row.map(|(by, at)| (by.0, Timestamp::new(at))))
    }

    /// That this person has answered the calls of the incident.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn pages_answer(&mut self, incident: IncidentId, user: UserId, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE page SET answered_at = $3 WHERE incident_id = $1 AND user_id = $2 AND answered_at IS NULL")
            .bind(incident.0)
            .bind(user.0)
            .bind(at.inner())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Notices that have not been made into messages yet, oldest first; no other server has them meanwhile.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn notices_unsent(&mut self, most: i64) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "INSERT INTO notice_sent
             SELECT n.number FROM notice n LEFT JOIN notice_sent s ON s.notice = n.number WHERE s.notice IS NULL
             ORDER BY n.number LIMIT $1 ON CONFLICT DO NOTHING RETURNING notice",
        )
        .bind(most)
        .fetch_all(self.connection())
        .await?)
    }
}
