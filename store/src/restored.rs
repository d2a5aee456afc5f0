//! What a restored database has to be asked before anybody works on it. Decides nothing about runs.

use shared::ids::RunId;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

impl Store {
    /// Name of a table that is already there; `None` if the database is blank. What extensions bring does not count.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn occupied_by(&self) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
             ORDER BY c.relname LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await?)
    }
}

impl Tx {
    /// Runs that have not ended, oldest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_open(&mut self) -> Result<Vec<RunId>, StoreError> {
        let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM run WHERE ended_at IS NULL ORDER BY number")
            .fetch_all(self.connection())
            .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }

    /// Runs whose system is still being watched.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn watches_open(&mut self) -> Result<Vec<RunId>, StoreError> {
        let ids: Vec<Uuid> = sqlx::query_scalar("SELECT run_id FROM watch WHERE ended_at IS NULL ORDER BY begun_at")
            .fetch_all(self.connection())
            .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }

    /// Ends everybody's session and takes all work off the list: both belong to the world before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn world_forget(&mut self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM session").execute(self.connection()).await?;
        sqlx::query("DELETE FROM job").execute(self.connection()).await?;
        Ok(())
    }
}
