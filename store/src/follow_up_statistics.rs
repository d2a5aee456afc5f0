//! How many follow-ups were open over time, and how long they took. Sums of what these eyes may see; keeps nothing.

use shared::{
    api::follow_up::{FollowUpMonth, FollowUpStatistics},
    domain::incident::Eyes,
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::{Store, StoreError};

#[derive(FromRow)]
struct Now {
    open: i64,
    overdue: i64,
    oldest: Option<i64>,
}

#[derive(FromRow)]
struct Month {
    month: OffsetDateTime,
    added: i64,
    ended: i64,
    open: i64,
    half: Option<i64>,
}

impl Store {
    /// By month in UTC from `since` on; a system without any follow-up has no month.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn follow_up_statistics(&self, eyes: Eyes, since: Timestamp) -> Result<FollowUpStatistics, StoreError> {
        let now = sqlx::query_as::<_, Now>(
            "SELECT count(*) AS open, count(*) FILTER (WHERE f.due_at <= clock_timestamp()) AS overdue,
                    extract(epoch FROM clock_timestamp() - min(f.added_at))::bigint AS oldest
             FROM follow_up f JOIN incident i ON i.id = f.incident_id
             WHERE f.state = 'open' AND (i.seen_by IS NULL OR $1 OR $2 = ANY(i.seen_by))",
        )
        .bind(eyes.all)
        .bind(eyes.who.0)
        .fetch_one(&self.pool)
        .await?;
        let months = sqlx::query_as::<_, Month>(
            "WITH mine AS (
                 SELECT f.added_at, f.ended_at FROM follow_up f JOIN incident i ON i.id = f.incident_id
                 WHERE i.seen_by IS NULL OR $1 OR $2 = ANY(i.seen_by)
             )
             SELECT m.month, count(*) FILTER (WHERE added_at >= m.month AND added_at < m.next) AS added,
                    count(*) FILTER (WHERE ended_at >= m.month AND ended_at < m.next) AS ended,
                    count(*) FILTER (WHERE added_at < m.next AND (ended_at IS NULL OR ended_at >= m.next)) AS open,
                    (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - added_at)::float8)
                     FILTER (WHERE ended_at >= m.month AND ended_at < m.next))::bigint AS half
             FROM (SELECT month, month + interval '1 month' AS next
                   FROM generate_series(date_trunc('month', greatest($3, (SELECT min(added_at) FROM mine)), 'UTC'),
                                        clock_timestamp(), interval '1 month') AS month) AS m, mine
             GROUP BY m.month ORDER BY m.month",
        )
        .bind(eyes.all)
        .bind(eyes.who.0)
        .bind(since.inner())
        .fetch_all(&self.pool)
        .await?;
        let months = months.into_iter().map(|row| FollowUpMonth {
            month: Timestamp::new(row.month),
            added: row.added,
            ended: row.ended,
            open: row.open,
            half: row.half,
        });
        Ok(FollowUpStatistics { open: now.open, overdue: now.overdue, oldest: now.oldest, months: months.collect() })
    }
}
