//! Which worker may act on which Docker host: a lease on the database's clock. What acting means is the worker's.

use sqlx::FromRow;

use crate::{Store, StoreError};

/// What came of asking for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostTaken {
    /// Ours, until the lease lapses or another fence is given out.
    Ours { fence: i64 },
    /// Held by the worker of this name.
    Others { worker: String },
}

impl Store {
    /// Takes a host that nobody holds.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn host_take(&self, host: &str, worker: &str, lease_seconds: f64) -> Result<HostTaken, StoreError> {
        #[derive(FromRow)]
        struct Row {
            worker: String,
            fence: i64,
            ours: bool,
        }
        let row = sqlx::query_as::<_, Row>(
            "WITH taken AS (
                 INSERT INTO host_lock (host, worker, fence, lease_until)
                 VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
                 ON CONFLICT (host) DO UPDATE SET worker = excluded.worker, fence = host_lock.fence + 1,
                                                  lease_until = excluded.lease_until
                 WHERE host_lock.lease_until < clock_timestamp()
                 RETURNING worker, fence)
             SELECT worker, fence, true AS ours FROM taken
             UNION ALL
             SELECT worker, fence, false FROM host_lock WHERE host = $1 AND NOT EXISTS (SELECT 1 FROM taken)",
        )
        .bind(host)
        .bind(worker)
        .bind(lease_seconds)
        .fetch_optional(&self.pool)
        .await?;
        Ok(match row {
            Some(Row { fence, ours: true, .. }) => HostTaken::Ours { fence },
            Some(Row { worker, .. }) => HostTaken::Others { worker },
            // Somebody has taken it for the first time in this very moment, which this statement cannot see yet.
            None => HostTaken::Others { worker: "another worker".into() },
        })
    }

    /// Prolongs the lease. False: another worker has taken over, stop before the next effect.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn host_keep(&self, host: &str, fence: i64, lease_seconds: f64) -> Result<bool, StoreError> {
        let kept = sqlx::query(
            "UPDATE host_lock SET lease_until = clock_timestamp() + make_interval(secs => $3) WHERE host = $1 AND fence = $2",
        )
        .bind(host)
        .bind(fence)
        .bind(lease_seconds)
        .execute(&self.pool)
        .await?;
        Ok(kept.rows_affected() == 1)
    }

    /// Gives a host back: whoever waits may take it. Nothing happens if it is not this holder's any more.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn host_release(&self, host: &str, fence: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE host_lock SET lease_until = '-infinity' WHERE host = $1 AND fence = $2")
            .bind(host)
            .bind(fence)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
