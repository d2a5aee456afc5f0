//! What others say of a report: comments beside its sections, reviews of its versions; and the versions themselves. Judges nothing.

use shared::{
    api::report::{CommentView, VersionHead},
    domain::{
        actor::Actor,
        report::review::{ReviewDeed, ReviewEntry},
    },
    ids::IncidentId,
    timestamp::Timestamp,
};
use sqlx::{FromRow, PgConnection, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx, error::from_name};

/// One version with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportVersion {
    pub version: i32,
    pub body: String,
    pub saved_by: Actor,
    pub saved_at: Timestamp,
}

#[derive(FromRow)]
struct CommentRow {
    id: Uuid,
    section: String,
    version: i32,
    text: String,
    by: Json<Actor>,
    at: OffsetDateTime,
    settled_by: Option<Json<Actor>>,
    settled_at: Option<OffsetDateTime>,
}

impl From<CommentRow> for CommentView {
    fn from(row: CommentRow) -> Self {
        Self {
            id: row.id,
            section: row.section,
            version: row.version,
            text: row.text,
            by: row.by.0,
            at: Timestamp::new(row.at),
            settled_by: row.settled_by.map(|by| by.0.to_string()),
            settled_at: row.settled_at.map(Timestamp::new),
        }
    }
}

#[derive(FromRow)]
struct ReviewRow {
    version: i32,
    deed: String,
    text: String,
    by: Json<Actor>,
    at: OffsetDateTime,
}

async fn reviews(connection: &mut PgConnection, incident: IncidentId) -> Result<Vec<ReviewEntry>, StoreError> {
    let rows = sqlx::query_as::<_, ReviewRow>(
        "SELECT version, deed, text, by, at FROM report_review WHERE incident_id = $1 ORDER BY seq",
    )
    .bind(incident.0)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ReviewEntry {
                version: row.version,
                deed: from_name(row.deed)?,
                by: row.by.0,
                text: row.text,
                at: Timestamp::new(row.at),
            })
        })
        .collect()
}

impl Store {
    /// Oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn report_comments(&self, incident: IncidentId) -> Result<Vec<CommentView>, StoreError> {
        let rows = sqlx::query_as::<_, CommentRow>(
            "SELECT id, section, version, text, by, at, settled_by, settled_at FROM report_comment
             WHERE incident_id = $1 ORDER BY at, id",
        )
        .bind(incident.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn report_reviews(&self, incident: IncidentId) -> Result<Vec<ReviewEntry>, StoreError> {
        reviews(&mut *self.pool.acquire().await?, incident).await
    }

    /// Newest first, without their texts.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn report_versions(&self, incident: IncidentId) -> Result<Vec<VersionHead>, StoreError> {
        let rows: Vec<(i32, Json<Actor>, OffsetDateTime)> = sqlx::query_as(
            "SELECT version, saved_by, saved_at FROM report_version WHERE incident_id = $1 ORDER BY version DESC",
        )
        .bind(incident.0)
        .fetch_all(&self.pool)
        .await?;
        let head = |(version, by, at): (i32, Json<Actor>, _)| VersionHead {
            version,
            saved_by: by.0.to_string(),
            saved_at: Timestamp::new(at),
        };
        Ok(rows.into_iter().map(head).collect())
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such version.
    pub async fn report_version(&self, incident: IncidentId, version: i32) -> Result<ReportVersion, StoreError> {
        let (body, by, at): (String, Json<Actor>, OffsetDateTime) = sqlx::query_as(
            "SELECT body, saved_by, saved_at FROM report_version WHERE incident_id = $1 AND version = $2",
        )
        .bind(incident.0)
        .bind(version)
        .fetch_one(&self.pool)
        .await?;
        Ok(ReportVersion { version, body, saved_by: by.0, saved_at: Timestamp::new(at) })
    }
}

impl Tx {
    /// Oldest first. The caller holds the report's lock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn report_reviews(&mut self, incident: IncidentId) -> Result<Vec<ReviewEntry>, StoreError> {
        reviews(self.connection(), incident).await
    }

    /// The caller holds the report's lock.
    ///
    /// # Errors
    /// If there is no such version.
    pub async fn report_review_add(
        &mut self,
        incident: IncidentId,
        (version, deed): (i32, ReviewDeed),
        text: &str,
        by: &Actor,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "INSERT INTO report_review (incident_id, seq, version, deed, text, by, at)
             SELECT $1, (SELECT count(*) + 1 FROM report_review WHERE incident_id = $1), $2, $3, $4, $5, $6",
        )
        .bind(incident.0)
        .bind(version)
        .bind(deed.to_string())
        .bind(text)
        .bind(Json(by))
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// # Errors
    /// If there is no such version.
    pub async fn report_comment_add(
        &mut self,
        incident: IncidentId,
        (version, section): (i32, &str),
        text: &str,
        by: &Actor,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "INSERT INTO report_comment (id, incident_id, section, version, text, by, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(Uuid::now_v7())
        .bind(incident.0)
        .bind(section)
        .bind(version)
        .bind(text)
        .bind(Json(by))
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Settles a comment, or opens it again. False if there is no such comment of this report; nothing changes if it is so already.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn report_comment_settle(
        &mut self,
        incident: IncidentId,
        id: Uuid,
        settled: bool,
        by: &Actor,
    ) -> Result<bool, StoreError> {
        let now = self.now().inner();
        let there = sqlx::query(
            "UPDATE report_comment
             SET settled_by = CASE WHEN $3 THEN coalesce(settled_by, $4) END, settled_at = CASE WHEN $3 THEN coalesce(settled_at, $5) END
             WHERE id = $2 AND incident_id = $1",
        )
        .bind(incident.0)
        .bind(id)
        .bind(settled)
        .bind(Json(by))
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(there.rows_affected() == 1)
    }
}
