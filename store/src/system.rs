//! Systems and the versions of their plans. Compiling a plan is not done here.

use serde_json::Value;
use shared::{
    digest::Digest,
    domain::actor::Actor,
    ids::{PlanVersionId, SystemId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    pub id: SystemId,
    pub slug: String,
    pub name: String,
    /// The Compose project.
    pub project: String,
    /// The Docker host it lives on, as that host's workers call it; `None`: any that has the project.
    pub host: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanVersion {
    pub id: PlanVersionId,
    pub system: SystemId,
    pub version: i32,
    pub digest: Digest,
    /// Byte for byte as imported.
    pub source: String,
    pub imported_at: Timestamp,
    pub imported_by: Actor,
    pub reason: String,
}

impl PlanVersion {
    #[must_use]
    pub fn head(&self) -> PlanVersionHead {
        PlanVersionHead {
            version: self.version,
            digest: self.digest,
            imported_at: self.imported_at,
            imported_by: self.imported_by.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// A version without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanVersionHead {
    pub version: i32,
    pub digest: Digest,
    pub imported_at: Timestamp,
    pub imported_by: Actor,
    pub reason: String,
}

#[derive(FromRow)]
struct SystemRow {
    id: Uuid,
    slug: String,
    name: String,
    project: String,
    host: Option<String>,
}

impl From<SystemRow> for System {
    fn from(row: SystemRow) -> Self {
        Self { id: SystemId(row.id), slug: row.slug, name: row.name, project: row.project, host: row.host }
    }
}

#[derive(FromRow)]
struct PlanVersionRow {
    id: Uuid,
    system_id: Uuid,
    version: i32,
    digest: String,
    source: String,
    imported_at: OffsetDateTime,
    imported_by: Json<Actor>,
    reason: String,
}

impl TryFrom<PlanVersionRow> for PlanVersion {
    type Error = StoreError;

    fn try_from(row: PlanVersionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: PlanVersionId(row.id),
            system: SystemId(row.system_id),
            version: row.version,
            digest: row.digest.parse().map_err(|e| StoreError::Corrupt(format!("plan digest: {e}")))?,
            source: row.source,
            imported_at: Timestamp::new(row.imported_at),
            imported_by: row.imported_by.0,
            reason: row.reason,
        })
    }
}

#[derive(FromRow)]
struct PlanVersionHeadRow {
    version: i32,
    digest: String,
    imported_at: OffsetDateTime,
    imported_by: Json<Actor>,
    reason: String,
}

impl TryFrom<PlanVersionHeadRow> for PlanVersionHead {
    type Error = StoreError;

    fn try_from(row: PlanVersionHeadRow) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.version,
            digest: row.digest.parse().map_err(|e| StoreError::Corrupt(format!("plan digest: {e}")))?,
            imported_at: Timestamp::new(row.imported_at),
            imported_by: row.imported_by.0,
            reason: row.reason,
        })
    }
}

impl Store {
    /// Every system with the number of its newest plan version.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn system_list(&self) -> Result<Vec<(System, Option<i32>)>, StoreError> {
        #[derive(FromRow)]
        struct Row {
            #[sqlx(flatten)]
            system: SystemRow,
            version: Option<i32>,
        }
        let rows = sqlx::query_as::<_, Row>(
            "SELECT id, slug, name, project, host, (SELECT max(version) FROM plan_version WHERE system_id = system.id) AS version
             FROM system ORDER BY name, slug",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.system.into(), row.version)).collect())
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such system.
    pub async fn system_by_slug(&self, slug: &str) -> Result<System, StoreError> {
        let row = sqlx::query_as::<_, SystemRow>("SELECT id, slug, name, project, host FROM system WHERE slug = $1")
            .bind(slug)
            .fetch_one(&self.pool)
            .await?;
        Ok(row.into())
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such system.
    pub async fn system_fetch(&self, id: SystemId) -> Result<System, StoreError> {
        let row = sqlx::query_as::<_, SystemRow>("SELECT id, slug, name, project, host FROM system WHERE id = $1")
            .bind(id.0)
            .fetch_one(&self.pool)
            .await?;
        Ok(row.into())
    }

    /// The newest version, if a plan was ever imported.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn plan_current(&self, system: SystemId) -> Result<Option<PlanVersion>, StoreError> {
        sqlx::query_as::<_, PlanVersionRow>(
            "SELECT * FROM plan_version WHERE system_id = $1 ORDER BY version DESC LIMIT 1",
        )
        .bind(system.0)
        .fetch_optional(&self.pool)
        .await?
        .map(TryInto::try_into)
        .transpose()
    }

    /// # Errors
    /// [`StoreError::NotFound`] if there is no such version.
    pub async fn plan_version_fetch(&self, id: PlanVersionId) -> Result<PlanVersion, StoreError> {
        sqlx::query_as::<_, PlanVersionRow>("SELECT * FROM plan_version WHERE id = $1")
            .bind(id.0)
            .fetch_one(&self.pool)
            .await?
            .try_into()
    }
}

impl Store {
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such version.
    pub async fn plan_version_by_number(&self, system: SystemId, number: i32) -> Result<PlanVersion, StoreError> {
        sqlx::query_as::<_, PlanVersionRow>("SELECT * FROM plan_version WHERE system_id = $1 AND version = $2")
            .bind(system.0)
            .bind(number)
            .fetch_one(&self.pool)
            .await?
            .try_into()
    }

    /// Newest first, below number `before`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn plan_version_list(
        &self,
        system: SystemId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PlanVersionHead>, StoreError> {
        let rows = sqlx::query_as::<_, PlanVersionHeadRow>(
            "SELECT version, digest, imported_at, imported_by, reason FROM plan_version
             WHERE system_id = $1 AND ($2::bigint IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
        )
        .bind(system.0)
        .bind(before)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

impl Tx {
    /// # Errors
    /// `Conflict("system_slug_key")` or `Conflict("system_project_key")` if taken; a check's name if the text is not fit.
    pub async fn system_create(
        &mut self,
        slug: &str,
        name: &str,
        project: &str,
        host: Option<&str>,
    ) -> Result<System, StoreError> {
        let row = sqlx::query_as::<_, SystemRow>(
            "INSERT INTO system (id, slug, name, project, host) VALUES ($1, $2, $3, $4, $5)
             RETURNING id, slug, name, project, host",
        )
        .bind(Uuid::now_v7())
        .bind(slug)
        .bind(name)
        .bind(project)
        .bind(host)
        .fetch_one(self.connection())
        .await?;
        Ok(row.into())
    }

    /// Says on which Docker host it lives. Until the end of the transaction no run of it is requested.
    ///
    /// # Errors
    /// `Conflict("system_project_key")` if another system has the project there; a check's name if the text is not fit.
    pub async fn system_settle(&mut self, system: SystemId, host: &str) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM system WHERE id = $1 FOR UPDATE").bind(system.0).execute(self.connection()).await?;
        sqlx::query("UPDATE system SET host = $2 WHERE id = $1")
            .bind(system.0)
            .bind(host)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// The newest version; until the end of the transaction nobody else adds one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn plan_current_lock(&mut self, system: SystemId) -> Result<Option<PlanVersion>, StoreError> {
        // The system's row is the lock that gives versions their order.
        sqlx::query("SELECT 1 FROM system WHERE id = $1 FOR UPDATE").bind(system.0).execute(self.connection()).await?;
        sqlx::query_as::<_, PlanVersionRow>(
            "SELECT * FROM plan_version WHERE system_id = $1 ORDER BY version DESC LIMIT 1",
        )
        .bind(system.0)
        .fetch_optional(self.connection())
        .await?
        .map(TryInto::try_into)
        .transpose()
    }

    /// Adds the next version.
    ///
    /// # Errors
    /// `Conflict("plan_unchanged")` if the newest version has this digest.
    pub async fn plan_version_add(
        &mut self,
        system: SystemId,
        digest: Digest,
        source: &str,
        by: &Actor,
        reason: &str,
    ) -> Result<PlanVersion, StoreError> {
        // The system's row is the lock that gives versions their order.
        sqlx::query("SELECT 1 FROM system WHERE id = $1 FOR UPDATE").bind(system.0).execute(self.connection()).await?;
        let newest: Option<(i32, String)> = sqlx::query_as(
            "SELECT version, digest FROM plan_version WHERE system_id = $1 ORDER BY version DESC LIMIT 1",
        )
        .bind(system.0)
        .fetch_optional(self.connection())
        .await?;
        if newest.as_ref().is_some_and(|(_, known)| *known == digest.to_string()) {
            return Err(StoreError::Conflict("plan_unchanged".into()));
        }
        let by: Value = serde_json::to_value(by)?;
        let now = self.now().inner();
        sqlx::query_as::<_, PlanVersionRow>(
            "INSERT INTO plan_version (id, system_id, version, digest, source, imported_at, imported_by, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *",
        )
        .bind(Uuid::now_v7())
        .bind(system.0)
        .bind(newest.map_or(1, |(version, _)| version + 1))
        .bind(digest.to_string())
        .bind(source)
        .bind(now)
        .bind(by)
        .bind(reason)
        .fetch_one(self.connection())
        .await?
        .try_into()
    }
}
