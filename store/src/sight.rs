//! What workers last saw of their projects. Only the newest look is kept.

use shared::{
    domain::sight::Sight,
    ids::{PlanVersionId, SystemId},
    timestamp::Timestamp,
};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError};

impl Store {
    /// Replaces what was seen before of this project on this host.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sight_put(&self, project: &str, worker: &str, sight: &Sight) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO project_sight (project, host, worker, seen_at, sight) VALUES ($1, $4, $2, clock_timestamp(), $3)
             ON CONFLICT (project, host) DO UPDATE SET worker = excluded.worker, seen_at = excluded.seen_at, sight = excluded.sight",
        )
        .bind(project)
        .bind(worker)
        .bind(Json(sight))
        .bind(&sight.host)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Id and text of the newest plan of the system with this project on this host, unless it is the `known` one.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn plan_of_project(
        &self,
        project: &str,
        host: &str,
        known: Option<PlanVersionId>,
    ) -> Result<Option<(PlanVersionId, String)>, StoreError> {
        let row: Option<(Uuid, String)> = sqlx::query_as(
            "SELECT id, CASE WHEN id = $2 THEN '' ELSE source END FROM
             (SELECT p.id, p.source FROM plan_version p JOIN system s ON s.id = p.system_id
              WHERE s.project = $1 AND (s.host IS NULL OR s.host = $3) ORDER BY p.version DESC LIMIT 1) AS newest",
        )
        .bind(project)
        .bind(known.map(|id| id.0))
        .bind(host)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(id, source)| (PlanVersionId(id), source)).filter(|(id, _)| Some(*id) != known))
    }

    /// The newest look and when it was taken; `None` if no worker ever looked.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sight_of_system(&self, system: SystemId) -> Result<Option<(Timestamp, Sight)>, StoreError> {
        #[derive(FromRow)]
        struct Row {
            seen_at: OffsetDateTime,
            sight: Json<Sight>,
        }
        let row = sqlx::query_as::<_, Row>(
            "SELECT p.seen_at, p.sight FROM project_sight p JOIN system s USING (project)
             WHERE s.id = $1 AND (s.host IS NULL OR s.host = p.host) ORDER BY p.seen_at DESC LIMIT 1",
        )
        .bind(system.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| (Timestamp::new(row.seen_at), row.sight.0)))
    }
}
