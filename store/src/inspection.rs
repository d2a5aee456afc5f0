//! Reviews of access and audits of security: begun, decided line by line, ended. What a worker finds on the host is `inspection_look`'s;
//! what it all means, the domain's.

use shared::{
    domain::{
        actor::Actor,
        inspection::{
            Decision, Kind, Subject,
            hardening::{Found, Looked, ServerFacts},
        },
    },
    ids::{SystemId, UserId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgExecutor, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// One inspection without its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectionRecord {
    pub number: i64,
    pub system: SystemId,
    pub system_slug: String,
    pub system_name: String,
    pub kind: Kind,
    pub plan_version: i32,
    pub begun_by: Actor,
    pub begun_at: Timestamp,
    /// Of an audit of security.
    pub server: Option<ServerFacts>,
    pub host: Option<Looked>,
    pub looked_by: Option<String>,
    pub looked_at: Option<Timestamp>,
    pub ended: Option<Ended>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub at: Timestamp,
    pub by: Actor,
    pub called_off: bool,
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectionLine {
    pub inspection: i64,
    pub place: u32,
    pub subject: Subject,
    /// As it stood at the sign-off.
    pub found: Option<Found>,
    pub said: Option<LineSaid>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSaid {
    pub decision: Decision,
    pub note: String,
    pub by: Actor,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub struct NewInspection<'a> {
    pub system: SystemId,
    pub kind: Kind,
    pub plan_version: i32,
    pub server: Option<&'a ServerFacts>,
    pub by: &'a Actor,
}

#[derive(FromRow)]
struct Row {
    number: i64,
    system_id: Uuid,
    system_slug: String,
    system_name: String,
    kind: String,
    plan_version: i32,
    begun_by: Json<Actor>,
    begun_at: OffsetDateTime,
    server_facts: Option<Json<ServerFacts>>,
    host_facts: Option<Json<Looked>>,
    look_worker: Option<String>,
    looked_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
    ended_by: Option<Json<Actor>>,
    called_off: bool,
    note: Option<String>,
}

impl TryFrom<Row> for InspectionRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let ended = row.ended_at.zip(row.ended_by).zip(row.note).map(|((at, by), note)| Ended {
            at: Timestamp::new(at),
            by: by.0,
            called_off: row.called_off,
            note,
        });
        Ok(Self {
            number: row.number,
            system: SystemId(row.system_id),
            system_slug: row.system_slug,
            system_name: row.system_name,
            kind: from_name(row.kind)?,
            plan_version: row.plan_version,
            begun_by: row.begun_by.0,
            begun_at: Timestamp::new(row.begun_at),
            server: row.server_facts.map(|facts| facts.0),
            host: row.host_facts.map(|facts| facts.0),
            looked_by: row.looked_at.and(row.look_worker),
            looked_at: row.looked_at.map(Timestamp::new),
            ended,
        })
    }
}

#[derive(FromRow)]
struct LineRow {
    inspection: i64,
    place: i32,
    subject: Json<Subject>,
    found: Option<Json<Found>>,
    decision: Option<String>,
    note: Option<String>,
    decided_by: Option<Json<Actor>>,
    decided_at: Option<OffsetDateTime>,
}

impl TryFrom<LineRow> for InspectionLine {
    type Error = StoreError;

    fn try_from(row: LineRow) -> Result<Self, StoreError> {
        let said = row.decision.zip(row.note).zip(row.decided_by).zip(row.decided_at);
        let said = said.map(|(((decision, note), by), at)| {
            Ok::<_, StoreError>(LineSaid { decision: from_name(decision)?, note, by: by.0, at: Timestamp::new(at) })
        });
        Ok(Self {
            inspection: row.inspection,
            place: row.place.unsigned_abs(),
            subject: row.subject.0,
            found: row.found.map(|found| found.0),
            said: said.transpose()?,
        })
    }
}

macro_rules! inspections {
    ($rest:literal) => {
        concat!(
            "SELECT i.number, i.system_id, s.slug AS system_slug, s.name AS system_name, i.kind, i.plan_version, i.begun_by, i.begun_at,
                    i.server_facts, i.host_facts, i.look_worker, i.looked_at, i.ended_at, i.ended_by, i.called_off, i.note
             FROM inspection i JOIN system s ON s.id = i.system_id ",
            $rest
        )
    };
}

async fn lines(executor: impl PgExecutor<'_>, of: &[i64]) -> Result<Vec<InspectionLine>, StoreError> {
    let rows = sqlx::query_as::<_, LineRow>(
        "SELECT inspection, place, subject, found, decision, note, decided_by, decided_at
         FROM inspection_line WHERE inspection = ANY($1) ORDER BY inspection, place",
    )
    .bind(of)
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl Store {
    /// Newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn inspection_list(&self, system: SystemId, limit: i64) -> Result<Vec<InspectionRecord>, StoreError> {
        let query = sqlx::query_as::<_, Row>(inspections!("WHERE i.system_id = $1 ORDER BY i.number DESC LIMIT $2"));
        query.bind(system.0).bind(limit).fetch_all(&self.pool).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn inspection_by_number(&self, number: i64) -> Result<InspectionRecord, StoreError> {
        let query = sqlx::query_as::<_, Row>(inspections!("WHERE i.number = $1"));
        query.bind(number).fetch_one(&self.pool).await?.try_into()
    }

    /// Of each kind the last that was signed off.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn inspections_signed_off(&self, system: SystemId) -> Result<Vec<InspectionRecord>, StoreError> {
        let query = sqlx::query_as::<_, Row>(inspections!(
            "WHERE i.number IN (
                 SELECT DISTINCT ON (kind) number FROM inspection
                 WHERE system_id = $1 AND ended_at IS NOT NULL AND NOT called_off ORDER BY kind, ended_at DESC)"
        ));
        query.bind(system.0).fetch_all(&self.pool).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// In their order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn inspection_lines(&self, of: &[i64]) -> Result<Vec<InspectionLine>, StoreError> {
        lines(&self.pool, of).await
    }
}

impl Tx {
    /// Its number.
    ///
    /// # Errors
    /// `Conflict("inspection_one")` if one of this kind goes on.
    pub async fn inspection_begin(&mut self, new: &NewInspection<'_>, subjects: &[Subject]) -> Result<i64, StoreError> {
        let now = self.now().inner();
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO inspection (system_id, kind, plan_version, begun_by, begun_at, server_facts)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING number",
        )
        .bind(new.system.0)
        .bind(new.kind.to_string())
        .bind(new.plan_version)
        .bind(Json(new.by))
        .bind(now)
        .bind(new.server.map(Json))
        .fetch_one(self.connection())
        .await?;
        let accounts: Vec<Option<Uuid>> = subjects.iter().map(|one| one.account().map(|id| id.0)).collect();
        let subjects: Vec<_> = subjects.iter().map(Json).collect();
        sqlx::query(
            "INSERT INTO inspection_line (inspection, place, subject, account)
             SELECT $1, place, subject, account FROM unnest($2::jsonb[], $3::uuid[]) WITH ORDINALITY AS one(subject, account, place)",
        )
        .bind(number)
        .bind(subjects)
        .bind(accounts)
        .execute(self.connection())
        .await?;
        Ok(number)
    }

    /// Held until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn inspection_lock(&mut self, number: i64) -> Result<InspectionRecord, StoreError> {
        let query = sqlx::query_as::<_, Row>(inspections!("WHERE i.number = $1 FOR NO KEY UPDATE OF i"));
        query.bind(number).fetch_one(self.connection()).await?.try_into()
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn inspection_lines(&mut self, number: i64) -> Result<Vec<InspectionLine>, StoreError> {
        lines(self.connection(), &[number]).await
    }

    /// # Errors
    /// If it is the decider's own account.
    pub async fn inspection_decide(
        &mut self,
        (number, place): (i64, u32),
        decision: Decision,
        note: &str,
        by: &Actor,
        decider: UserId,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "UPDATE inspection_line SET decision = $3, note = $4, decided_by = $5, decider = $6, decided_at = $7
             WHERE inspection = $1 AND place = $2",
        )
        .bind(number)
        .bind(i32::try_from(place).unwrap_or(i32::MAX))
        .bind(decision.to_string())
        .bind(note)
        .bind(Json(by))
        .bind(decider.0)
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// With what was found about its lines, which then stays as it is.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn inspection_end(
        &mut self,
        number: i64,
        by: &Actor,
        note: &str,
        found: Option<&[(u32, Found)]>,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query("UPDATE inspection SET ended_at = $2, ended_by = $3, note = $4, called_off = $5 WHERE number = $1")
            .bind(number)
            .bind(now)
            .bind(Json(by))
            .bind(note)
            .bind(found.is_none())
            .execute(self.connection())
            .await?;
        for (place, found) in found.unwrap_or_default() {
            sqlx::query("UPDATE inspection_line SET found = $3 WHERE inspection = $1 AND place = $2")
                .bind(number)
                .bind(i32::try_from(*place).unwrap_or(i32::MAX))
                .bind(Json(found))
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }
}
