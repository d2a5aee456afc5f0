//! Live output of steps: lines numbered from 1 without gaps within a run, kept in chunks of many lines. Knows nothing of what
//! the lines mean.

use shared::{
    api::run::{OutputLine, Stream},
    ids::RunId,
    timestamp::Timestamp,
};
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::{Store, StoreError, live::StoredTopic, output_lines::NewLines};

/// The schema's limit for the lines of one chunk.
pub(crate) const CHUNK_LINES: i64 = 1000;

/// Lines of one attempt of a step, as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub first_line: i64,
    pub last_line: i64,
    pub step: u32,
    pub attempt: u32,
    pub at: Timestamp,
    /// One letter for all lines, or one for each.
    streams: String,
    /// Joined by line feeds.
    pub text: String,
}

#[derive(FromRow)]
struct ChunkRow {
    last_line: i64,
    n_lines: i32,
    step: i32,
    attempt: i32,
    at: OffsetDateTime,
    streams: String,
    text: String,
}

impl TryFrom<ChunkRow> for Chunk {
    type Error = StoreError;

    fn try_from(row: ChunkRow) -> Result<Self, StoreError> {
        let n_lines = row.text.bytes().filter(|b| *b == b'\n').count() + 1;
        if i64::try_from(n_lines) != Ok(row.n_lines.into()) {
            return Err(StoreError::Corrupt(format!("output up to line {}: {n_lines} lines", row.last_line)));
        }
        Ok(Self {
            first_line: row.last_line - i64::from(row.n_lines) + 1,
            last_line: row.last_line,
            step: row.step.unsigned_abs(),
            attempt: row.attempt.unsigned_abs(),
            at: Timestamp::new(row.at),
            streams: row.streams,
            text: row.text,
        })
    }
}

impl Chunk {
    /// Its lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = OutputLine> {
        let stream = |n: usize| match self.streams.as_bytes().get(n).or(self.streams.as_bytes().first()) {
            Some(b'o') => Stream::Out,
            Some(b'e') => Stream::Err,
            _ => Stream::Muster,
        };
        (self.first_line..).zip(self.text.split('\n')).enumerate().map(move |(n, (line, text))| OutputLine {
            step: self.step,
            attempt: self.attempt,
            line,
            at: self.at,
            stream: stream(n),
            text: text.to_owned(),
        })
    }
}

impl Store {
    /// How many lines a run has. Once a worker holds the run, nobody else adds any.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn output_count(&self, run: RunId) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT n_lines FROM run WHERE id = $1").bind(run.0).fetch_one(&self.pool).await?)
    }

    /// Appends lines after line `after` in one small transaction and tells watchers; answers with the number of the last. The
    /// same call again, by a writer that did not hear the answer, changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if another worker has taken over; then nothing was written.
    pub async fn output_append(
        &self,
        run: RunId,
        run_number: i64,
        fence: i64,
        after: i64,
        lines: &[NewLines],
    ) -> Result<i64, StoreError> {
        let mut last = after;
        let lasts: Vec<i64> = lines
            .iter()
            .map(|chunk| {
                last += i64::from(chunk.n_lines());
                last
            })
            .collect();
        if last == after {
            return Ok(after);
        }
        let mut tx = self.begin().await?;
        let now = tx.now().inner();
        let written = sqlx::query(
            "WITH held AS (UPDATE run SET n_lines = $4 WHERE id = $1 AND fence = $2 AND n_lines = $3 RETURNING id)
             INSERT INTO output_chunk (run_id, last_line, n_lines, step, attempt, at, streams, text)
             SELECT held.id, t.last_line, t.n_lines, t.step, t.attempt, $5, t.streams, t.text
             FROM held, unnest($6::bigint[], $7::integer[], $8::integer[], $9::integer[], $10::text[], $11::text[])
                        AS t (last_line, n_lines, step, attempt, streams, text)",
        )
        .bind(run.0)
        .bind(fence)
        .bind(after)
        .bind(last)
        .bind(now)
        .bind(&lasts)
        .bind(lines.iter().map(NewLines::n_lines).collect::<Vec<_>>())
        .bind(lines.iter().map(|c| c.step).collect::<Vec<_>>())
        .bind(lines.iter().map(|c| c.attempt).collect::<Vec<_>>())
        .bind(lines.iter().map(NewLines::streams).collect::<Vec<_>>())
        .bind(lines.iter().map(NewLines::text).collect::<Vec<_>>())
        .execute(tx.connection())
        .await?;
        if written.rows_affected() > 0 {
            tx.live_stored(StoredTopic::Output { run: run_number, first: after + 1, last });
            tx.commit().await?;
            return Ok(last);
        }
        let (fence_now, n_lines): (i64, i64) = sqlx::query_as("SELECT fence, n_lines FROM run WHERE id = $1")
            .bind(run.0)
            .fetch_one(tx.connection())
            .await?;
        match (fence_now == fence, n_lines == last) {
            (false, _) => Err(StoreError::Fenced),
            // These very lines: only the holder of the fence writes, and it has asked before.
            (true, true) => Ok(last),
            (true, false) => Err(StoreError::Bug(format!("lines after {after} do not follow line {n_lines}"))),
        }
    }

    /// At most `limit` lines after number `after`, in order; of one step, if one is named.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn output_after(
        &self,
        run: RunId,
        after: i64,
        step: Option<u32>,
        limit: i64,
    ) -> Result<Vec<OutputLine>, StoreError> {
        // A chunk has at least one line: of so many, those are kept whose lines are wanted.
        let rows = sqlx::query_as::<_, ChunkRow>(
            "SELECT last_line, n_lines, step, attempt, at, streams, text
             FROM (SELECT *, sum(least(n_lines, last_line - $2)) OVER (ORDER BY last_line) AS so_far
                   FROM (SELECT * FROM output_chunk
                         WHERE run_id = $1 AND last_line > $2 AND ($3::integer IS NULL OR step = $3)
                         ORDER BY last_line LIMIT $4) AS near) AS counted
             WHERE so_far - n_lines < $4 ORDER BY last_line",
        )
        .bind(run.0)
        .bind(after)
        .bind(step.map(number))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let chunks = chunks(rows)?;
        let lines = chunks.iter().flat_map(Chunk::lines).filter(|line| line.line > after);
        Ok(lines.take(usize::try_from(limit).unwrap_or(0)).collect())
    }

    /// The `limit` lines before number `before`, in order; of one step, if one is named.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn output_before(
        &self,
        run: RunId,
        before: i64,
        step: Option<u32>,
        limit: i64,
    ) -> Result<Vec<OutputLine>, StoreError> {
        // No chunk that begins before it ends later than this.
        let end = before.saturating_add(CHUNK_LINES);
        let mut rows = sqlx::query_as::<_, ChunkRow>(
            "SELECT last_line, n_lines, step, attempt, at, streams, text
             FROM (SELECT *, sum(least(n_lines, $2 - 1 - last_line + n_lines)) OVER (ORDER BY last_line DESC) AS so_far
                   FROM (SELECT * FROM output_chunk
                         WHERE run_id = $1 AND last_line < $5 AND last_line - n_lines + 1 < $2
                               AND ($3::integer IS NULL OR step = $3)
                         ORDER BY last_line DESC LIMIT $4) AS near) AS counted
             WHERE so_far - n_lines < $4 ORDER BY last_line DESC",
        )
        .bind(run.0)
        .bind(before)
        .bind(step.map(number))
        .bind(limit)
        .bind(end)
        .fetch_all(&self.pool)
        .await?;
        rows.reverse();
        let mut lines: Vec<_> = chunks(rows)?.iter().flat_map(Chunk::lines).filter(|line| line.line < before).collect();
        lines.drain(..lines.len().saturating_sub(usize::try_from(limit).unwrap_or(0)));
        Ok(lines)
    }

    /// At most `limit` chunks that end after line `after` and not after line `until`, in order.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn output_chunks(
        &self,
        run: RunId,
        after: i64,
        until: i64,
        step: Option<u32>,
        limit: i64,
    ) -> Result<Vec<Chunk>, StoreError> {
        let rows = sqlx::query_as::<_, ChunkRow>(
            "SELECT last_line, n_lines, step, attempt, at, streams, text FROM output_chunk
             WHERE run_id = $1 AND last_line > $2 AND last_line <= $3 AND ($4::integer IS NULL OR step = $4)
             ORDER BY last_line LIMIT $5",
        )
        .bind(run.0)
        .bind(after)
        .bind(until)
        .bind(step.map(number))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        chunks(rows)
    }

    pub(crate) async fn output_between(&self, run: i64, first: i64, last: i64) -> Result<Vec<OutputLine>, StoreError> {
        let run: Option<uuid::Uuid> =
            sqlx::query_scalar("SELECT id FROM run WHERE number = $1").bind(run).fetch_optional(&self.pool).await?;
        let Some(run) = run else { return Ok(vec![]) };
        self.output_after(RunId(run), first - 1, None, last - first + 1).await
    }
}

fn chunks(rows: Vec<ChunkRow>) -> Result<Vec<Chunk>, StoreError> {
    rows.into_iter().map(TryInto::try_into).collect()
}

fn number(step: u32) -> i32 {
    i32::try_from(step).unwrap_or(i32::MAX)
}
