//! Incidents as the public page needs them: with what was posted, and with the report that is published for everybody. Which of it
//! is shown is not decided here.

use std::collections::HashMap;

use shared::{api::incident::TimelineEntry, timestamp::Timestamp};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    IncidentRecord, Store, StoreError,
    incident::{EventRow, IncidentRow},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicRecord {
    pub record: IncidentRecord,
    /// The `declared`, `posted` and `resolved` events only, oldest first.
    pub timeline: Vec<TimelineEntry>,
    pub report: Option<PublishedReport>,
}

/// The published version, which may be older than the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedReport {
    pub version: i32,
    pub at: Timestamp,
    pub body: String,
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    incident: IncidentRow,
    report_version: Option<i32>,
    report_at: Option<OffsetDateTime>,
    report_body: Option<String>,
}

#[derive(FromRow)]
struct Event {
    incident_id: Uuid,
    #[sqlx(flatten)]
    event: EventRow,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT i.*, s.slug AS system_slug, v.version AS report_version, r.published_at AS report_at, coalesce(r.public_text, v.body) AS report_body
             FROM incident i JOIN system s ON s.id = i.system_id
             LEFT JOIN report r ON r.incident_id = i.id AND r.published_public
             LEFT JOIN report_version v ON v.incident_id = r.incident_id AND v.version = r.published_version
             WHERE i.public_title IS NOT NULL AND ",
            $which
        )
    };
}

impl Store {
    /// All open ones, and of the others the `limit` that were resolved last; newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn public_incidents_current(&self, limit: i64) -> Result<Vec<PublicRecord>, StoreError> {
        let current = select!(
            "i.id IN (SELECT id FROM incident WHERE public_title IS NOT NULL AND resolved_at IS NULL
                      UNION ALL
                      (SELECT id FROM incident WHERE public_title IS NOT NULL AND resolved_at IS NOT NULL
                       ORDER BY resolved_at DESC, number DESC LIMIT $1))
             ORDER BY i.number DESC"
        );
        let rows = sqlx::query_as::<_, Row>(current).bind(limit).fetch_all(&self.pool).await?;
        self.public_records(rows).await
    }

    /// Those of these that are public.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn public_incidents_of(&self, numbers: &[i64]) -> Result<Vec<PublicRecord>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(select!("i.number = ANY($1)")).bind(numbers).fetch_all(&self.pool).await?;
        self.public_records(rows).await
    }

    /// The next `limit` with numbers above `after`, in order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn public_incidents_after(&self, after: i64, limit: i64) -> Result<Vec<PublicRecord>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(select!("i.number > $1 ORDER BY i.number LIMIT $2"))
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        self.public_records(rows).await
    }

    async fn public_records(&self, rows: Vec<Row>) -> Result<Vec<PublicRecord>, StoreError> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.incident.id).collect();
        let events = sqlx::query_as::<_, Event>(
            "SELECT incident_id, seq, at, by, event FROM incident_event
             WHERE incident_id = ANY($1) AND event->>'event' IN ('declared', 'posted', 'resolved')
             ORDER BY incident_id, seq",
        )
        .bind(&ids)
        .fetch_all(&self.pool)
        .await?;
        let mut by_incident = HashMap::<Uuid, Vec<TimelineEntry>>::new();
        for row in events {
            by_incident.entry(row.incident_id).or_default().push(row.event.into());
        }
        let record = |row: Row| {
            let timeline = by_incident.remove(&row.incident.id).unwrap_or_default();
            let report = match (row.report_version, row.report_at, row.report_body) {
                (Some(version), Some(at), Some(body)) => {
                    Some(PublishedReport { version, at: Timestamp::new(at), body })
                }
                _ => None,
            };
            Ok(PublicRecord { record: row.incident.try_into()?, timeline, report })
        };
        rows.into_iter().map(record).collect()
    }

    /// Numbers of the incidents that events after `from` up to `to` are about, their reports included.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incidents_changed(&self, from: i64, to: i64) -> Result<Vec<i64>, StoreError> {
        let changed = "SELECT DISTINCT (CASE topic->>'topic' WHEN 'incident' THEN topic->'number' ELSE topic->'incident' END)::bigint
                       FROM live_event WHERE id > $1 AND id <= $2 AND topic->>'topic' IN ('incident', 'report')";
        Ok(sqlx::query_scalar(changed).bind(from).bind(to).fetch_all(&self.pool).await?)
    }
}
