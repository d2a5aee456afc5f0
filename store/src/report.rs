//! Post-incident reports: every saved text is kept as a version.

use shared::{domain::actor::Actor, ids::IncidentId, timestamp::Timestamp};
use sqlx::{FromRow, PgConnection, types::Json};
use time::OffsetDateTime;

use crate::{Store, StoreError, Tx};

/// A report at its newest version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub version: i32,
    pub body: String,
    pub saved_by: Actor,
    pub saved_at: Timestamp,
    pub published: Option<Publication>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    pub version: i32,
    pub public: bool,
    pub at: Timestamp,
    pub by: Actor,
}

#[derive(FromRow)]
struct ReportRow {
    version: i32,
    body: String,
    saved_by: Json<Actor>,
    saved_at: OffsetDateTime,
    published_version: Option<i32>,
    published_public: Option<bool>,
    published_at: Option<OffsetDateTime>,
    published_by: Option<Json<Actor>>,
}

impl From<ReportRow> for Report {
    fn from(row: ReportRow) -> Self {
        let published = match (row.published_version, row.published_public, row.published_at, row.published_by) {
            (Some(version), Some(public), Some(at), Some(by)) => {
                Some(Publication { version, public, at: Timestamp::new(at), by: by.0 })
            }
            _ => None,
        };
        Self {
            version: row.version,
            body: row.body,
            saved_by: row.saved_by.0,
            saved_at: Timestamp::new(row.saved_at),
            published,
        }
    }
}

async fn newest(connection: &mut PgConnection, incident: IncidentId) -> Result<Option<Report>, StoreError> {
    let row = sqlx::query_as::<_, ReportRow>(
        "SELECT v.version, v.body, v.saved_by, v.saved_at,
                r.published_version, r.published_public, r.published_at, r.published_by
         FROM report r JOIN report_version v ON v.incident_id = r.incident_id AND v.version = r.n_versions
         WHERE r.incident_id = $1",
    )
    .bind(incident.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Into::into))
}

impl Store {
    /// The newest version, if a report was drafted.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn report_fetch(&self, incident: IncidentId) -> Result<Option<Report>, StoreError> {
        newest(&mut *self.pool.acquire().await?, incident).await
    }

    /// The text of one version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such version.
    pub async fn report_body(&self, incident: IncidentId, version: i32) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("SELECT body FROM report_version WHERE incident_id = $1 AND version = $2")
            .bind(incident.0)
            .bind(version)
            .fetch_one(&self.pool)
            .await?)
    }
}

impl Tx {
    /// Locks the report, if there is one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn report_lock(&mut self, incident: IncidentId) -> Result<Option<Report>, StoreError> {
        sqlx::query("SELECT 1 FROM report WHERE incident_id = $1 FOR UPDATE")
            .bind(incident.0)
            .execute(self.connection())
            .await?;
        newest(self.connection(), incident).await
    }

    /// Writes the first version.
    ///
    /// # Errors
    /// `Conflict("report_pkey")` if there is a report already.
    pub async fn report_create(&mut self, incident: IncidentId, body: &str, by: &Actor) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO report (incident_id, n_versions) VALUES ($1, 1)")
            .bind(incident.0)
            .execute(self.connection())
            .await?;
        self.report_version_insert(incident, 1, body, by).await
    }

    /// Writes the next version; the caller holds the lock and has compared versions.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn report_save(&mut self, incident: IncidentId, body: &str, by: &Actor) -> Result<i32, StoreError> {
        let version = sqlx::query_scalar(
            "UPDATE report SET n_versions = n_versions + 1 WHERE incident_id = $1 RETURNING n_versions",
        )
        .bind(incident.0)
        .fetch_one(self.connection())
        .await?;
        self.report_version_insert(incident, version, body, by).await?;
        Ok(version)
    }

    async fn report_version_insert(
        &mut self,
        incident: IncidentId,
        version: i32,
        body: &str,
        by: &Actor,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "INSERT INTO report_version (incident_id, version, body, saved_at, saved_by) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(incident.0)
        .bind(version)
        .bind(body)
        .bind(now)
        .bind(Json(by))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Marks a version as the published one.
    ///
    /// # Errors
    /// A check's name if there is no such version.
    pub async fn report_publish(
        &mut self,
        incident: IncidentId,
        version: i32,
        public: bool,
        by: &Actor,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "UPDATE report SET published_version = $2, published_public = $3, published_at = $4, published_by = $5
             WHERE incident_id = $1",
        )
        .bind(incident.0)
        .bind(version)
        .bind(public)
        .bind(now)
        .bind(Json(by))
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
