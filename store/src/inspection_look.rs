//! What an audit of security asks of others: a worker's look at the host, claimed with a lease on the database's clock, and everybody's
//! ways in. Decides nothing.

use std::{collections::BTreeMap, time::Duration};

use shared::{api::live::Topic, domain::inspection::hardening::Looked, ids::UserId};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError};

/// An audit that waits for a look at the host, this worker's for as long as its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLook {
    pub inspection: i64,
    pub project: String,
}

/// How somebody comes in, beside password and second factor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaysIn {
    /// Issuers of their identities.
    pub providers: Vec<String>,
    pub sessions: i64,
}

#[derive(FromRow)]
struct DueRow {
    number: i64,
    project: String,
}

#[derive(FromRow)]
struct WaysRow {
    id: Uuid,
    providers: Vec<String>,
    sessions: i64,
}

impl Store {
    /// Takes one of the projects this worker may look at, whose system lives on no host in particular or on this worker's.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn inspection_claim(
        &self,
        worker: &str,
        projects: &[String],
        here: Option<&str>,
        lease: Duration,
    ) -> Result<Option<DueLook>, StoreError> {
        let row = sqlx::query_as::<_, DueRow>(
            "WITH one AS (
                 SELECT i.number, s.project FROM inspection i JOIN system s ON s.id = i.system_id
                 WHERE i.kind = 'security-audit' AND i.looked_at IS NULL AND i.ended_at IS NULL
                   AND (i.look_lease_until IS NULL OR i.look_lease_until < clock_timestamp())
                   AND s.project = ANY($2) AND (s.host IS NULL OR s.host = $3)
                 ORDER BY i.number LIMIT 1 FOR NO KEY UPDATE OF i SKIP LOCKED)
             UPDATE inspection i
             SET look_worker = $1, look_lease_until = clock_timestamp() + make_interval(secs => $4)
             FROM one WHERE i.number = one.number RETURNING i.number, one.project",
        )
        .bind(worker)
        .bind(projects)
        .bind(here)
        .bind(lease.as_secs_f64())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| DueLook { inspection: row.number, project: row.project }))
    }

    /// Writes what was found; nothing, if another worker was faster or the audit is over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn inspection_looked(&self, worker: &str, due: &DueLook, found: &Looked) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let now = tx.now().inner();
        sqlx::query(
            "UPDATE inspection SET host_facts = $3, looked_at = $4, look_lease_until = NULL
             WHERE number = $1 AND look_worker = $2 AND looked_at IS NULL AND ended_at IS NULL",
        )
        .bind(due.inspection)
        .bind(worker)
        .bind(Json(found))
        .bind(now)
        .execute(tx.connection())
        .await?;
        tx.live(Topic::Drills {});
        tx.commit().await
    }

    /// Of everybody who has any.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn ways_in(&self) -> Result<BTreeMap<UserId, WaysIn>, StoreError> {
        let rows = sqlx::query_as::<_, WaysRow>(
            "SELECT u.id,
                    ARRAY(SELECT issuer FROM identity WHERE user_id = u.id ORDER BY issuer) AS providers,
                    (SELECT count(*) FROM session WHERE content #>> '{signed_in,user}' = u.id::text AND expires_at > now()) AS sessions
             FROM app_user u WHERE u.active",
        )
        .fetch_all(&self.pool)
        .await?;
        let one = |row: WaysRow| (UserId(row.id), WaysIn { providers: row.providers, sessions: row.sessions });
        Ok(rows.into_iter().map(one).collect())
    }
}
