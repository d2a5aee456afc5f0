//! When what comes due by schedule was done last where it lives: the contact tree, a trial of the backups, an inspection. Schedules nothing.

use shared::{domain::inspection::Kind, ids::SystemId, timestamp::Timestamp};
use time::OffsetDateTime;

use crate::{StoreError, Tx};

impl Tx {
    /// When the contact tree was tried last, after `since`, in a drill that is over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn contact_drill_after(
        &mut self,
        system: SystemId,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<OffsetDateTime> = sqlx::query_scalar(
            "SELECT max(begun_at) FROM contact_drill WHERE system_id = $1 AND begun_at > $2 AND ended_at IS NOT NULL",
        )
        .bind(system.0)
        .bind(since.inner())
        .fetch_one(self.connection())
        .await?;
        Ok(at.map(Timestamp::new))
    }

    /// When the last trial since then was over that verified all backups.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn verification_after(
        &mut self,
        system: SystemId,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<OffsetDateTime> = sqlx::query_scalar(
            "SELECT max(ended_at) FROM verification WHERE system_id = $1 AND state = 'verified' AND ended_at > $2",
        )
        .bind(system.0)
        .bind(since.inner())
        .fetch_one(self.connection())
        .await?;
        Ok(at.map(Timestamp::new))
    }

    /// When one of this kind was signed off last, if since then.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn inspection_signed_after(
        &mut self,
        system: SystemId,
        kind: Kind,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<OffsetDateTime> = sqlx::query_scalar(
            "SELECT max(ended_at) FROM inspection WHERE system_id = $1 AND kind = $2 AND NOT called_off AND ended_at > $3",
        )
        .bind(system.0)
        .bind(kind.to_string())
        .bind(since.inner())
        .fetch_one(self.connection())
        .await?;
        Ok(at.map(Timestamp::new))
    }
}
