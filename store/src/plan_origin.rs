//! Which incident led to which version of a plan. What a version changed is not known here.

use shared::{
    domain::incident::Eyes,
    ids::{IncidentId, SystemId},
};

use crate::{Store, StoreError, Tx};

impl Store {
    /// Of these versions those that came from an incident which these eyes may see: version and number of the incident.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn plan_origins(
        &self,
        eyes: Eyes,
        system: SystemId,
        versions: &[i32],
    ) -> Result<Vec<(i32, i64)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT o.version, i.number FROM plan_version_origin o JOIN incident i ON i.id = o.incident_id
             WHERE o.system_id = $1 AND o.version = ANY($2) AND (i.seen_by IS NULL OR $3 OR $4 = ANY(i.seen_by))",
        )
        .bind(system.0)
        .bind(versions)
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Versions that came from this incident, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn plan_versions_from(&self, incident: IncidentId) -> Result<Vec<i32>, StoreError> {
        Ok(sqlx::query_scalar("SELECT version FROM plan_version_origin WHERE incident_id = $1 ORDER BY version")
            .bind(incident.0)
            .fetch_all(&self.pool)
            .await?)
    }
}

impl Tx {
    /// Right after the version was added.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn plan_origin_add(
        &mut self,
        system: SystemId,
        version: i32,
        incident: IncidentId,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO plan_version_origin (system_id, version, incident_id) VALUES ($1, $2, $3)")
            .bind(system.0)
            .bind(version)
            .bind(incident.0)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
