//! The event stream as a browser reads it, with the instant each event arrived. Reconnecting is the caller's business.

use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use shared::{api::live::LiveEvent, timestamp::Timestamp};
use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::persona::Http;

#[derive(Clone, Debug)]
pub struct Arrived {
    pub at: Timestamp,
    pub id: Option<i64>,
    pub name: String,
    /// As it was sent.
    pub data: String,
    /// Absent for the greeting.
    pub event: Option<LiveEvent>,
}

pub struct Events {
    incoming: mpsc::UnboundedReceiver<Arrived>,
    reader: tokio::task::JoinHandle<()>,
}

impl Events {
    /// Opens the stream; events are collected from the moment this returns.
    ///
    /// # Errors
    /// If the stream is refused.
    pub async fn open(http: &Http, last: Option<i64>) -> Result<Self> {
        let mut request = http.client.get(format!("{}/api/v1/events", http.base));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.send().await?.error_for_status()?;
        let mut bytes = response.bytes_stream();
        let (sender, incoming) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            let mut buffer = String::new();
            while let Some(Ok(chunk)) = bytes.next().await {
                buffer.push_str(&String::from_utf8_lossy(&chunk));
                while let Some(end) = buffer.find("\n\n") {
                    let block: String = buffer.drain(..end + 2).collect();
                    if let Some(arrived) = parse(&block)
                        && sender.send(arrived).is_err()
                    {
                        return;
                    }
                }
            }
        });
        Ok(Self { incoming, reader })
    }

    /// The next event.
    ///
    /// # Errors
    /// If the stream ended or nothing came within 30 seconds.
    pub async fn next(&mut self) -> Result<Arrived> {
        let wait = tokio::time::timeout(std::time::Duration::from_secs(30), self.incoming.recv());
        wait.await.context("no event within 30 seconds")?.context("the stream ended")
    }

    /// What has arrived already.
    pub fn drain(&mut self) -> Vec<Arrived> {
        std::iter::from_fn(|| self.incoming.try_recv().ok()).collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn parse(block: &str) -> Option<Arrived> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
    let name = field("event:")?.to_owned();
    let data = field("data:").unwrap_or_default().to_owned();
    let event = serde_json::from_str(&data).ok();
    let at = Timestamp::new(OffsetDateTime::now_utc());
    Some(Arrived { at, id: field("id:").and_then(|id| id.parse().ok()), name, data, event })
}
