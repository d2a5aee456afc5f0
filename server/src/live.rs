//! The event stream's heart: one task reads the log once for everybody, readers fall back to the log when they miss something.
//! Knows no HTTP.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use shared::{
    api::live::Topic,
    domain::incident::{Eyes, allows},
    ids::UserId,
};
use store::{Channel, Listener, LiveRecord, Store, StoreError};
use tokio::sync::broadcast;

/// Events a slow reader may be behind before it is sent to the log.
const ROOM: usize = 1024;
const BATCH: i64 = 100;
/// A look without a call, in case one was lost.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// An event as it goes out, made once for all readers.
#[derive(Debug)]
pub struct Sent {
    pub id: i64,
    pub name: &'static str,
    pub json: String,
    /// For these, if it is about an incident that only some may see.
    seen_by: Option<Vec<UserId>>,
}

impl Sent {
    fn new(LiveRecord { event, seen_by }: LiveRecord) -> Self {
        // Plain structs of text and numbers always become JSON.
        let json = serde_json::to_string(&event).unwrap_or_default();
        Self { id: event.id, name: event.topic.name(), json, seen_by }
    }

    /// Whether it is for whoever looks with these eyes.
    #[must_use]
    pub fn is_for(&self, eyes: Eyes) -> bool {
        allows(self.seen_by.as_deref(), eyes)
    }
}

/// Hands events to readers in this process.
#[derive(Clone, Debug)]
pub struct Hub(broadcast::Sender<Arc<Sent>>);

impl Default for Hub {
    fn default() -> Self {
        Self(broadcast::Sender::new(ROOM))
    }
}

/// Follows the log for ever; `seen` is told every topic. Waits and goes on when the database is away.
pub(crate) async fn tail(store: Store, hub: Hub, seen: impl Fn(&Topic) + Send) {
    let mut last = None;
    let mut failing = false;
    loop {
        match follow(&store, &hub, &seen, &mut last).await {
            Ok(never) => match never {},
            Err(error) if !failing => tracing::warn!(%error, "the event stream has lost the database and waits for it"),
            Err(_) => {}
        }
        failing = true;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn follow(
    store: &Store,
    hub: &Hub,
    seen: &(impl Fn(&Topic) + Send),
    last: &mut Option<i64>,
) -> Result<std::convert::Infallible, StoreError> {
    // Listening begins before the first look, so nothing can fall between them.
    let mut listener = Listener::connect(store, Channel::Live).await?;
    loop {
        let from = match *last {
            Some(id) => id,
            None => *last.insert(store.live_head().await?),
        };
        let events = store.live_since(from, BATCH).await?;
        let quiet = events.is_empty();
        for record in events {
            seen(&record.event.topic);
            *last = Some(record.event.id);
            // Nobody listens: nobody misses it.
            let _ = hub.0.send(Arc::new(Sent::new(record)));
        }
        if quiet {
            // Silence is as good as a call: the next look finds what a lost call was about.
            tokio::time::timeout(LOOK_EVERY, listener.recv()).await.unwrap_or(Ok(()))?;
        }
    }
}

/// One reader's place in the log.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    receiver: broadcast::Receiver<Arc<Sent>>,
    cursor: i64,
    ready: VecDeque<Arc<Sent>>,
    behind: bool,
}

/// Where a reader begins.
#[derive(Debug)]
pub struct Start {
    pub reader: Reader,
    pub cursor: i64,
    /// Events between what the reader has seen and the cursor are no longer kept.
    pub missed: bool,
}

impl Reader {
    /// After `last`, or now.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn start(store: &Store, hub: &Hub, last: Option<i64>) -> Result<Start, StoreError> {
        // Subscribed first: what comes after the head was read is either broadcast or in the log.
        let receiver = hub.0.subscribe();
        let head = store.live_head().await?;
        let (cursor, missed) = match last {
            // An id from the future is of another database.
            Some(id) if id > head => (head, true),
            Some(id) if id < head && id + 1 < store.live_tail().await? => (head, true),
            Some(id) => (id, false),
            None => (head, false),
        };
        let reader = Self { store: store.clone(), receiver, cursor, ready: VecDeque::new(), behind: cursor < head };
        Ok(Start { reader, cursor, missed })
    }

    /// The next event, in order, each once. `None` when the hub is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Arc<Sent>> {
        loop {
            if let Some(sent) = self.ready.pop_front() {
                self.cursor = sent.id;
                return Some(sent);
            }
            if self.behind {
                match self.store.live_since(self.cursor, BATCH).await {
                    Ok(events) if events.is_empty() => self.behind = false,
                    Ok(events) => self.ready.extend(events.into_iter().map(|record| Arc::new(Sent::new(record)))),
                    Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                }
                continue;
            }
            match self.receiver.recv().await {
                Ok(sent) if sent.id <= self.cursor => {}
                Ok(sent) if sent.id == self.cursor + 1 => self.ready.push_back(sent),
                // A gap: the log has it, and this event too.
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => self.behind = true,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
