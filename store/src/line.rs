//! Runs in line for a target, and what runs owe: read off the rows that the log keeps in step. Moves nobody up.

use shared::ids::{IncidentId, RunId, SystemId};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

impl Store {
    /// Of each system that no run is live on: the run that is first in line.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_first_in_line(&self) -> Result<Vec<RunId>, StoreError> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT DISTINCT ON (r.system_id) r.id FROM run r
             WHERE r.state = 'waiting' AND NOT EXISTS (
                 SELECT 1 FROM run l WHERE l.system_id = r.system_id AND NOT l.dry_run AND NOT l.drill
                 AND l.state IN ('resolving', 'awaiting-approval', 'queued', 'running', 'asking', 'cancelling'))
             ORDER BY r.system_id, r.priority DESC, r.number",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }

    /// Numbers of the runs in line for a system, the first one first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_in_line(&self, system: SystemId) -> Result<Vec<i64>, StoreError> {
        in_line(&self.pool, system).await
    }

    /// Numbers of the incident's runs whose broken glass nobody has reviewed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_owing_review(&self, incident: IncidentId) -> Result<Vec<i64>, StoreError> {
        owing(&self.pool, incident).await
    }
}

impl Tx {
    /// As [`Store::runs_in_line`], inside the transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_in_line(&mut self, system: SystemId) -> Result<Vec<i64>, StoreError> {
        in_line(self.connection(), system).await
    }

    /// As [`Store::runs_owing_review`], inside the transaction.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_owing_review(&mut self, incident: IncidentId) -> Result<Vec<i64>, StoreError> {
        owing(self.connection(), incident).await
    }
}

async fn in_line(executor: impl PgExecutor<'_>, system: SystemId) -> Result<Vec<i64>, StoreError> {
    let query = "SELECT number FROM run WHERE system_id = $1 AND state = 'waiting' ORDER BY priority DESC, number";
    Ok(sqlx::query_scalar(query).bind(system.0).fetch_all(executor).await?)
}

async fn owing(executor: impl PgExecutor<'_>, incident: IncidentId) -> Result<Vec<i64>, StoreError> {
    // Also of what was merged into it.
    let query = "WITH RECURSIVE same (id, number) AS (
                     SELECT id, number FROM incident WHERE id = $1
                     UNION SELECT m.id, m.number FROM incident m JOIN same ON m.merged_into = same.number)
                 SELECT number FROM run WHERE incident_id IN (SELECT id FROM same) AND owes_review ORDER BY number";
    Ok(sqlx::query_scalar(query).bind(incident.0).fetch_all(executor).await?)
}
