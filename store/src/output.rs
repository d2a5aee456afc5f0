//! Live output of steps, line by line, numbered without gaps within a run.

use shared::{
    api::run::{OutputLine, Stream},
    ids::RunId,
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::{Store, StoreError, error::from_name, live::StoredTopic};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    pub step: u32,
    pub attempt: u32,
    pub stream: Stream,
    pub text: String,
}

#[derive(FromRow)]
struct LineRow {
    step: i32,
    attempt: i32,
    line: i64,
    at: OffsetDateTime,
    stream: String,
    text: String,
}

impl TryFrom<LineRow> for OutputLine {
    type Error = StoreError;

    fn try_from(row: LineRow) -> Result<Self, StoreError> {
        Ok(Self {
            step: row.step.unsigned_abs(),
            attempt: row.attempt.unsigned_abs(),
            line: row.line,
            at: Timestamp::new(row.at),
            stream: from_name(row.stream)?,
            text: row.text,
        })
    }
}

impl Store {
    /// Appends lines in one small transaction and tells watchers.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if another worker has taken over; then nothing was written.
    pub async fn output_append(
        &self,
        run: RunId,
        run_number: i64,
        fence: i64,
        lines: &[NewLine],
    ) -> Result<(), StoreError> {
        let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        if count == 0 {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let last: Option<i64> =
            sqlx::query_scalar("UPDATE run SET n_lines = n_lines + $3 WHERE id = $1 AND fence = $2 RETURNING n_lines")
                .bind(run.0)
                .bind(fence)
                .bind(count)
                .fetch_optional(tx.connection())
                .await?;
        let Some(last) = last else { return Err(StoreError::Fenced) };
        let steps: Vec<i32> = lines.iter().map(|l| i32::try_from(l.step).unwrap_or(i32::MAX)).collect();
        let attempts: Vec<i32> = lines.iter().map(|l| i32::try_from(l.attempt).unwrap_or(i32::MAX)).collect();
        let streams: Vec<&str> = lines.iter().map(|l| l.stream.name()).collect();
        // Postgres text cannot hold NUL.
        let texts: Vec<String> = lines.iter().map(|l| l.text.replace('\0', "\u{fffd}")).collect();
        let now = tx.now().inner();
        sqlx::query(
            "INSERT INTO step_output (run_id, line, step, attempt, at, stream, text)
             SELECT $1, $2 + t.n, t.step, t.attempt, $3, t.stream, t.text
             FROM unnest($4::integer[], $5::integer[], $6::text[], $7::text[]) WITH ORDINALITY AS t (step, attempt, stream, text, n)",
        )
        .bind(run.0)
        .bind(last - count)
        .bind(now)
        .bind(&steps)
        .bind(&attempts)
        .bind(&streams)
        .bind(&texts)
        .execute(tx.connection())
        .await?;
        tx.live_stored(StoredTopic::Output { run: run_number, first: last - count + 1, last });
        tx.commit().await
    }

    /// Lines after number `after`, in order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn output_list(&self, run: RunId, after: i64, limit: i64) -> Result<Vec<OutputLine>, StoreError> {
        let rows = sqlx::query_as::<_, LineRow>(
            "SELECT step, attempt, line, at, stream, text FROM step_output
             WHERE run_id = $1 AND line > $2 ORDER BY line LIMIT $3",
        )
        .bind(run.0)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    pub(crate) async fn output_between(&self, run: i64, first: i64, last: i64) -> Result<Vec<OutputLine>, StoreError> {
        let rows = sqlx::query_as::<_, LineRow>(
            "SELECT step, attempt, line, at, stream, text FROM step_output
             WHERE run_id = (SELECT id FROM run WHERE number = $1) AND line BETWEEN $2 AND $3 ORDER BY line",
        )
        .bind(run)
        .bind(first)
        .bind(last)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
