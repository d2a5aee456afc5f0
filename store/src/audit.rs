//! Reading the audit chain. Writing happens at commit, in `tx`; there is no other pen.

use shared::{
    api::audit::AuditEntryView,
    digest::Digest,
    domain::audit::{Link, genesis},
};
use sqlx::FromRow;

use crate::{Store, StoreError};

#[derive(FromRow)]
struct LinkRow {
    entry: String,
    previous: String,
    hash: String,
}

fn digest(text: &str) -> Result<Digest, StoreError> {
    text.parse().map_err(|e| StoreError::Corrupt(format!("audit chain: {e}")))
}

impl Store {
    /// Newest first, sequence numbers below `before`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_list(&self, before: Option<i64>, limit: i64) -> Result<Vec<AuditEntryView>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT entry, hash FROM audit_entry WHERE $1::bigint IS NULL OR seq < $1 ORDER BY seq DESC LIMIT $2",
        )
        .bind(before)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(entry, hash)| Ok(AuditEntryView { entry: serde_json::from_str(&entry)?, hash: digest(&hash)? }))
            .collect()
    }

    /// Links after sequence number `after`, in order of the sequence.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_links(&self, after: i64, limit: i64) -> Result<Vec<(i64, Link)>, StoreError> {
        #[derive(FromRow)]
        struct Row {
            seq: i64,
            #[sqlx(flatten)]
            link: LinkRow,
        }
        let rows = sqlx::query_as::<_, Row>(
            "SELECT seq, entry, previous, hash FROM audit_entry WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let link = Link {
                    entry: row.link.entry,
                    previous: digest(&row.link.previous)?,
                    hash: digest(&row.link.hash)?,
                };
                Ok((row.seq, link))
            })
            .collect()
    }

    /// How many entries the chain should have, and its last hash.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn audit_head(&self) -> Result<(u64, Digest), StoreError> {
        let row: Option<(i64, String)> =
            sqlx::query_as("SELECT seq, hash FROM audit_head").fetch_optional(&self.pool).await?;
        match row {
            Some((seq, hash)) => Ok((seq.unsigned_abs(), digest(&hash)?)),
            None => Ok((0, genesis())),
        }
    }
}
