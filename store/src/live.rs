//! The event stream's log and the wake-up calls of Postgres. Carries what changed, never what it is now.

use serde::{Deserialize, Serialize};
use shared::{
    api::{
        live::{LiveEvent, Topic},
        run::OutputLine,
    },
    ids::UserId,
};
use sqlx::{FromRow, postgres::PgListener, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError};

/// Output travels with its event while it is at most this much; what comes faster is fetched by who wants to see it, so that
/// neither this process nor a slow reader has to hold it.
const LIVE_LINES: i64 = 100;
const LIVE_BYTES: usize = 16 * 1024;

/// As kept: output is a range of lines, filled in when read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum StoredTopic {
    Output { run: i64, first: i64, last: i64 },
    Plain(Topic),
}

impl From<Topic> for StoredTopic {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Output { run, first, last, .. } => Self::Output { run, first, last },
            other => Self::Plain(other),
        }
    }
}

#[derive(FromRow)]
struct LiveRow {
    id: i64,
    topic: Json<StoredTopic>,
    seen_by: Option<Vec<Uuid>>,
}

/// An event with whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRecord {
    pub event: LiveEvent,
    /// Who may see the incident that it is about, as of now; `None` if everybody may.
    pub seen_by: Option<Vec<UserId>>,
}

impl Store {
    /// Events after `id`, in order. An id that was seen means that all before it can be seen.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn live_since(&self, id: i64, limit: i64) -> Result<Vec<LiveRecord>, StoreError> {
        // Whatever names an incident, or a run that belongs to one, is as confidential as that.
        let rows = sqlx::query_as::<_, LiveRow>(
            "SELECT l.id, l.topic,
                    (SELECT i.seen_by FROM incident i WHERE i.number = CASE
                        WHEN l.topic ? 'incident' THEN (l.topic ->> 'incident')::bigint
                        WHEN l.topic ->> 'topic' = 'incident' THEN (l.topic ->> 'number')::bigint
                        WHEN l.topic ? 'run' THEN (SELECT o.number FROM run r JOIN incident o ON o.id = r.incident_id
                                                   WHERE r.number = (l.topic ->> 'run')::bigint)
                     END) AS seen_by
             FROM live_event l WHERE l.id > $1 ORDER BY l.id LIMIT $2",
        )
        .bind(id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let topic = match row.topic.0 {
                StoredTopic::Plain(topic) => topic,
                StoredTopic::Output { run, first, last } => {
                    Topic::Output { run, first, last, lines: self.live_lines(run, first, last).await? }
                }
            };
            let seen_by = row.seen_by.map(|people| people.into_iter().map(UserId).collect());
            events.push(LiveRecord { event: LiveEvent { id: row.id, topic }, seen_by });
        }
        Ok(events)
    }

    async fn live_lines(&self, run: i64, first: i64, last: i64) -> Result<Vec<OutputLine>, StoreError> {
        if last - first >= LIVE_LINES {
            return Ok(vec![]);
        }
        let mut lines = self.output_between(run, first, last).await?;
        if lines.iter().map(|line| line.text.len()).sum::<usize>() > LIVE_BYTES {
            lines.clear();
        }
        Ok(lines)
    }

    /// The newest id; 0 before the first event.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn live_head(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT id FROM live_head").fetch_one(&self.pool).await?)
    }

    /// The oldest id still kept; a reader that is behind it must start afresh.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn live_tail(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT coalesce((SELECT min(id) FROM live_event), (SELECT id + 1 FROM live_head))")
            .fetch_one(&self.pool)
            .await?)
    }

    /// Forgets events older than `hours`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn live_forget(&self, hours: i32) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM live_event WHERE at < clock_timestamp() - make_interval(hours => $1)")
            .bind(hours)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Live,
    Job,
}

/// Waits for wake-up calls on a connection of its own.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// # Errors
    /// If the database does not answer.
    pub async fn connect(store: &Store, channel: Channel) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect_with(&store.pool).await?;
        // A lost connection must wake the reader too: it may have missed a call.
        listener.eager_reconnect(true);
        let name = match channel {
            Channel::Live => "muster_live",
            Channel::Job => "muster_job",
        };
        listener.listen(name).await?;
        Ok(Self(listener))
    }

    /// Returns when there may be something new: after a call, or after the connection was lost and is back.
    ///
    /// # Errors
    /// If the database does not answer; the caller waits and tries again.
    pub async fn recv(&mut self) -> Result<(), StoreError> {
        self.0.try_recv().await?;
        // Calls that queued up meanwhile are answered by the same look.
        while let Some(_call) = self.0.next_buffered() {}
        Ok(())
    }
}
