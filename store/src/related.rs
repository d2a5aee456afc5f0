//! Incidents that are the same or have to do with each other, as far as somebody may see them. Decides nothing.

use shared::{
    api::related::{LinksView, OtherView, RelatedView},
    domain::{
        actor::Actor,
        incident::{Eyes, Incident},
    },
    ids::IncidentId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;

use crate::{IncidentRecord, Store, StoreError, Tx, error::from_name, incident::IncidentRow};

/// More open incidents of one system at once nobody tells apart.
const MOST: i64 = 50;

#[derive(FromRow)]
struct OtherRow {
    number: i64,
    title: String,
    state: String,
}

impl TryFrom<OtherRow> for OtherView {
    type Error = StoreError;

    fn try_from(row: OtherRow) -> Result<Self, StoreError> {
        Ok(Self { number: row.number, title: row.title, state: from_name(row.state)? })
    }
}

#[derive(FromRow)]
struct RelatedRow {
    #[sqlx(flatten)]
    other: OtherRow,
    by: Json<Actor>,
    at: OffsetDateTime,
}

impl Store {
    /// What an incident has to do with; not what looks alike.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_links(&self, eyes: Eyes, record: &IncidentRecord) -> Result<LinksView, StoreError> {
        let merged = sqlx::query_as::<_, OtherRow>(
            "SELECT i.number, i.title, i.state FROM incident i
             WHERE i.number = $1 AND (i.seen_by IS NULL OR $2 OR $3 = ANY(i.seen_by))",
        )
        .bind(record.incident.merged_into)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_optional(&self.pool)
        .await?;
        let duplicates = sqlx::query_as::<_, OtherRow>(
            "SELECT i.number, i.title, i.state FROM incident i
             WHERE i.merged_into = $1 AND (i.seen_by IS NULL OR $2 OR $3 = ANY(i.seen_by)) ORDER BY i.number",
        )
        .bind(record.number)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        let related = sqlx::query_as::<_, RelatedRow>(
            "SELECT i.number, i.title, i.state, l.by, l.at
             FROM incident_relation l JOIN incident i ON i.number = CASE WHEN l.one = $1 THEN l.other ELSE l.one END
             WHERE (l.one = $1 OR l.other = $1) AND (i.seen_by IS NULL OR $2 OR $3 = ANY(i.seen_by)) ORDER BY i.number",
        )
        .bind(record.number)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?;
        let view = |row: RelatedRow| {
            Ok::<_, StoreError>(RelatedView { other: row.other.try_into()?, by: row.by.0, at: Timestamp::new(row.at) })
        };
        Ok(LinksView {
            merged_into: merged.map(TryInto::try_into).transpose()?,
            duplicates: duplicates.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            related: related.into_iter().map(view).collect::<Result<_, _>>()?,
            alike: vec![],
        })
    }

    /// Other open incidents of its system that are not related to it, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incidents_open_beside(
        &self,
        eyes: Eyes,
        record: &IncidentRecord,
    ) -> Result<Vec<(OtherView, Incident)>, StoreError> {
        let rows = sqlx::query_as::<_, IncidentRow>(
            "SELECT i.*, s.slug AS system_slug FROM incident i JOIN system s ON s.id = i.system_id
             WHERE i.system_id = $1 AND i.number <> $2 AND i.resolved_at IS NULL AND (i.seen_by IS NULL OR $3 OR $4 = ANY(i.seen_by))
               AND NOT EXISTS (SELECT FROM incident_relation l
                               WHERE l.one = least(i.number, $2) AND l.other = greatest(i.number, $2))
             ORDER BY i.number DESC LIMIT $5",
        )
        .bind(record.system.0)
        .bind(record.number)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .bind(MOST)
        .fetch_all(&self.pool)
        .await?;
        let other = |row: IncidentRow| {
            let record = IncidentRecord::try_from(row)?;
            let incident = record.incident;
            let view = OtherView { number: record.number, title: incident.title.clone(), state: incident.state };
            Ok((view, incident))
        };
        rows.into_iter().map(other).collect()
    }
}

impl Tx {
    /// False if there is such a link already.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn relation_add(&mut self, (one, other): (i64, i64), by: &Actor) -> Result<bool, StoreError> {
        let now = self.now().inner();
        let added = sqlx::query(
            "INSERT INTO incident_relation (one, other, by, at) VALUES (least($1, $2), greatest($1, $2), $3, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(one)
        .bind(other)
        .bind(Json(by))
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// False if there is no such link.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn relation_remove(&mut self, (one, other): (i64, i64)) -> Result<bool, StoreError> {
        let removed =
            sqlx::query("DELETE FROM incident_relation WHERE one = least($1, $2) AND other = greatest($1, $2)")
                .bind(one)
                .bind(other)
                .execute(self.connection())
                .await?;
        Ok(removed.rows_affected() == 1)
    }

    /// Locks the alerts of an incident, in the order in which those that come in are.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alerts_lock_of(&mut self, incident: i64) -> Result<(), StoreError> {
        sqlx::query(
            "SELECT 1 FROM alert a JOIN incident i ON i.id = a.incident_id WHERE i.number = $1
             ORDER BY a.source_id, a.key, a.number FOR UPDATE OF a",
        )
        .bind(incident)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// What led to one incident belongs to another from now on. The caller holds both.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alerts_move(&mut self, from: IncidentId, to: IncidentId) -> Result<(), StoreError> {
        sqlx::query("UPDATE alert SET incident_id = $2 WHERE incident_id = $1")
            .bind(from.0)
            .bind(to.0)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
