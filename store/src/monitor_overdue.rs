//! Systems whose monitors nobody checks, and those of which an alert says so. What follows from it is the server's.

use shared::{
    domain::monitor::{OVERDUE_SECONDS, UNWATCHED},
    ids::SystemId,
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, StoreError};

/// A system of which checks are overdue, or an alert says that they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwatched {
    pub system: SystemId,
    /// How many, and since when the first of them; `None` if all are made.
    pub late: Option<(i64, Timestamp)>,
    /// The alert fires.
    pub told: bool,
}

#[derive(FromRow)]
struct Row {
    system_id: Uuid,
    n: Option<i64>,
    since: Option<OffsetDateTime>,
    told: bool,
}

impl Store {
    /// # Errors
    /// If the database does not answer.
    pub async fn monitors_unwatched(&self) -> Result<Vec<Unwatched>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(
            "WITH late AS (
                 SELECT m.system_id, count(*) AS n, min(t.due_at) AS since
                 FROM monitor_standing t JOIN monitor m ON m.id = t.monitor_id
                 WHERE m.retired_at IS NULL AND t.due_at < clock_timestamp() - make_interval(secs => $1) GROUP BY m.system_id),
             told AS (
                 SELECT o.system_id FROM alert a JOIN alert_source o ON o.id = a.source_id
                 WHERE o.kind = 'monitors' AND a.key = $2 AND a.ended_at IS NULL)
             SELECT coalesce(l.system_id, d.system_id) AS system_id, l.n, l.since, d.system_id IS NOT NULL AS told
             FROM late l FULL JOIN told d ON d.system_id = l.system_id ORDER BY 1",
        )
        .bind(OVERDUE_SECONDS as f64)
        .bind(UNWATCHED)
        .fetch_all(&self.pool)
        .await?;
        let one = |row: Row| Unwatched {
            system: SystemId(row.system_id),
            late: row.n.zip(row.since.map(Timestamp::new)),
            told: row.told,
        };
        Ok(rows.into_iter().map(one).collect())
    }
}
