//! Post-incident reports: every saved text is kept as a version.

use shared::{
    domain::{actor::Actor, report::facts::FactBlock},
    ids::IncidentId,
    timestamp::Timestamp,
};
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
    /// As they were then; none if it was published when drafts still held them as text.
    pub facts: Option<Vec<FactBlock>>,
    /// What everybody reads; none for the team, and if it was published before sections were chosen.
    pub public_text: Option<String>,
}

/// A version that is published now.
#[derive(Clone, Debug)]
pub struct NewPublication<'a> {
    pub version: i32,
    pub facts: &'a [FactBlock],
    /// The whole text for everybody; `None`: for the team only.
    pub public_text: Option<&'a str>,
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
    published_facts: Option<Json<Vec<FactBlock>>>,
    public_text: Option<String>,
}

impl From<ReportRow> for Report {
    fn from(row: ReportRow) -> Self {
        let published = match (row.published_version, row.published_public, row.published_at, row.published_by) {
            (Some(version), Some(public), Some(at), Some(by)) => {
                let facts = row.published_facts.map(|facts| facts.0);
                Some(Publication {
                    version,
                    public,
                    at: Timestamp::new(at),
                    by: by.0,
                    facts,
                    public_text: row.public_text,
                })
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
                r.published_version, r.published_public, r.published_at, r.published_by, r.published_facts, r.public_text
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

    /// Marks a version as the published one, with what its readers read.
    ///
    /// # Errors
    /// A check's name if there is no such version.
    pub async fn report_publish(
        &mut self,
        incident: IncidentId,
        new: &NewPublication<'_>,
        by: &Actor,
    ) -> Result<(), StoreError> {
        let now = self.now().inner();
        sqlx::query(
            "UPDATE report SET published_version = $2, published_public = $3, published_at = $4, published_by = $5,
                    published_facts = $6, public_text = $7
             WHERE incident_id = $1",
        )
        .bind(incident.0)
        .bind(new.version)
        .bind(new.public_text.is_some())
        .bind(now)
        .bind(Json(by))
        .bind(Json(new.facts))
        .bind(new.public_text)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
