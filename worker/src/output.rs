//! A step's live output: lines go through a channel to the database in small batches. Knows nothing of what the lines mean.

use std::time::Duration;

use shared::{api::run::Stream, ids::RunId};
use store::{NewLine, Store, StoreError};
use tokio::{sync::mpsc, time::Instant};

use crate::lease::Lease;

/// Lines wait at most this long for company.
const GATHER: Duration = Duration::from_millis(40);
const BATCH: usize = 500;
/// A step that prints faster than the database takes is slowed down here, not remembered in memory.
const WAITING: usize = 2000;
const MAX_LINE: usize = 16 * 1024;

/// Where one attempt of a step prints.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    step: u32,
    attempt: u32,
    lines: mpsc::Sender<NewLine>,
}

impl Output {
    pub(crate) fn new(step: u32, attempt: u32) -> (Self, mpsc::Receiver<NewLine>) {
        let (lines, receiver) = mpsc::channel(WAITING);
        (Self { step, attempt, lines }, receiver)
    }

    pub(crate) async fn line(&self, stream: Stream, text: &str) {
        let mut end = text.len().min(MAX_LINE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (step, attempt) = (self.step, self.attempt);
        // Without a reader the lease is lost; the step finds out at its next effect.
        let _ = self.lines.send(NewLine { step, attempt, stream, text: text[..end].to_owned() }).await;
    }

    /// Something the container or service said.
    pub(crate) async fn out(&self, text: &str) {
        self.line(Stream::Out, text).await;
    }

    /// Something Muster has to say.
    pub(crate) async fn say(&self, text: &str) {
        self.line(Stream::Muster, text).await;
    }
}

/// Writes until every [`Output`] is dropped and its last line is in the database. The first line of a quiet step goes at once.
pub(crate) async fn write(
    store: &Store,
    run: RunId,
    number: i64,
    fence: i64,
    lease: &Lease,
    mut lines: mpsc::Receiver<NewLine>,
) {
    let mut batch = vec![];
    let mut last: Option<Instant> = None;
    while lines.recv_many(&mut batch, BATCH).await > 0 {
        if let Some(rest) = last.and_then(|last| GATHER.checked_sub(last.elapsed())) {
            gather(&mut lines, &mut batch, rest).await;
        }
        last = Some(Instant::now());
        loop {
            match store.output_append(run, number, fence, &batch).await {
                Ok(()) => break,
                Err(StoreError::Unavailable(_)) if lease.check().is_ok() => {
                    tokio::time::sleep(Duration::from_millis(500)).await
                }
                Err(StoreError::Fenced) => {
                    lease.lose();
                    return;
                }
                Err(error) => {
                    tracing::warn!(%run, n_lines = batch.len(), %error, "output lines not kept");
                    break;
                }
            }
        }
        batch.clear();
    }
}

/// Takes what arrives within `rest`, or until the step has ended.
async fn gather(lines: &mut mpsc::Receiver<NewLine>, batch: &mut Vec<NewLine>, rest: Duration) {
    let until = Instant::now() + rest;
    while batch.len() < BATCH {
        match tokio::time::timeout_at(until, lines.recv()).await {
            Ok(Some(line)) => batch.push(line),
            Ok(None) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_lines_are_cut_between_characters() {
        let (output, mut lines) = Output::new(1, 1);
        output.out(&"é".repeat(MAX_LINE)).await;
        output.out(&format!("x{}", "é".repeat(MAX_LINE))).await;
        assert_eq!(lines.recv().await.unwrap().text.len(), MAX_LINE);
        assert_eq!(lines.recv().await.unwrap().text.len(), MAX_LINE - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_closes_after_its_time_or_with_the_step() {
        let (output, mut lines) = Output::new(1, 1);
        output.out("one").await;
        let mut batch = vec![];
        gather(&mut lines, &mut batch, GATHER).await;
        assert_eq!(batch.len(), 1);
        output.out("two").await;
        drop(output);
        let begun = Instant::now();
        gather(&mut lines, &mut batch, GATHER).await;
        assert_eq!((batch.len(), begun.elapsed()), (2, Duration::ZERO));
    }
}
