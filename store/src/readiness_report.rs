//! What happened to a system in a span of time, for its report to auditors: runs and incidents, without what only some may see.

use shared::{api::readiness_report::RunLine, ids::SystemId, timestamp::Timestamp};
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::{IncidentRecord, Store, StoreError, error::from_name, incident::IncidentRow};

/// More lines nobody reads on paper.
const MOST: i64 = 1000;

#[derive(FromRow)]
struct Run {
    number: i64,
    procedure: String,
    state: String,
    dry_run: bool,
    requested_by: String,
    standing_order: Option<i64>,
    requested_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
}

impl Store {
    /// Oldest first; of very many the newest.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn runs_since(&self, system: SystemId, since: Timestamp) -> Result<Vec<RunLine>, StoreError> {
        let rows = sqlx::query_as::<_, Run>(
            "SELECT * FROM (
                 SELECT r.number, r.header->'procedure'->>'title' AS procedure, r.state,
                        coalesce((r.header->>'dry_run')::boolean, false) AS dry_run, u.name AS requested_by, r.requested_at, r.ended_at,
                        (r.header->>'standing_order')::bigint AS standing_order
                 FROM run r JOIN incident i ON i.id = r.incident_id JOIN app_user u ON u.id = (r.header->>'requested_by')::uuid
                 WHERE r.system_id = $1 AND r.requested_at >= $2 AND i.seen_by IS NULL AND NOT r.drill
                 ORDER BY r.number DESC LIMIT $3) AS newest
             ORDER BY number",
        )
        .bind(system.0)
        .bind(since.inner())
        .bind(MOST)
        .fetch_all(&self.pool)
        .await?;
        let line = |row: Run| {
            Ok(RunLine {
                number: row.number,
                procedure: row.procedure,
                state: from_name(row.state)?,
                dry_run: row.dry_run,
                requested_by: row
                    .standing_order
                    .map_or(row.requested_by, |order| format!("by itself (standing order {order})")),
                requested_at: Timestamp::new(row.requested_at),
                ended_at: row.ended_at.map(Timestamp::new),
            })
        };
        rows.into_iter().map(line).collect()
    }

    /// Oldest first; of very many the newest. Each trouble once.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incidents_since(&self, system: SystemId, since: Timestamp) -> Result<Vec<IncidentRecord>, StoreError> {
        let rows = sqlx::query_as::<_, IncidentRow>(
            "SELECT * FROM (
                 SELECT i.*, s.slug AS system_slug FROM incident i JOIN system s ON s.id = i.system_id
                 WHERE i.system_id = $1 AND i.declared_at >= $2 AND i.seen_by IS NULL AND i.merged_into IS NULL AND NOT i.drill
                 ORDER BY i.number DESC LIMIT $3) AS newest
             ORDER BY number",
        )
        .bind(system.0)
        .bind(since.inner())
        .bind(MOST)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
