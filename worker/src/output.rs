//! A step's live output: lines go through a channel to the database in batches that grow under load. Knows nothing of what the
//! lines mean.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::{api::run::Stream, ids::RunId};
use store::{NewLines, Store, StoreError};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use crate::{host::LogLine, lease::Lease, mask::Mask};

/// Lines wait at most this long for company.
const GATHER: Duration = Duration::from_millis(40);
/// One transaction's text. A step that prints without pause fills it in less than `GATHER`.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Or so many chunks, however short their lines.
const BATCH_CHUNKS: usize = 64;
/// A step that prints faster than the database takes is slowed down here, not remembered in memory: some four megabytes.
const WAITING: usize = 32;
const MAX_LINE: usize = 16 * 1024;

/// Where one attempt of a step prints.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    step: u32,
    attempt: u32,
    lines: mpsc::Sender<NewLines>,
    masking: Arc<Masking>,
}

/// What is never printed, and what may be its beginning at the end of a line that goes on: of each stream.
#[derive(Debug, Default)]
struct Masking {
    mask: Arc<Mask>,
    begun: Mutex<[String; 2]>,
}

impl Masking {
    fn line(&self, line: &mut LogLine) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut begun[usize::from(line.from_stderr)];
        if !kept.is_empty() {
            line.text.insert_str(0, &std::mem::take(kept));
        }
        if line.cut {
            (line.text, *kept) = self.mask.begun(&line.text);
        } else if let Cow::Owned(masked) = self.mask.text(&line.text) {
            line.text = masked;
        }
    }
}

impl Output {
    pub(crate) fn new(step: u32, attempt: u32) -> (Self, mpsc::Receiver<NewLines>) {
        let (lines, receiver) = mpsc::channel(WAITING);
        (Self { step, attempt, lines, masking: Arc::default() }, receiver)
    }

    /// Without these values in anything it prints.
    pub(crate) fn masked(self, mask: &Arc<Mask>) -> Self {
        Self { masking: Arc::new(Masking { mask: mask.clone(), begun: Mutex::default() }), ..self }
    }

    /// One line, or each of several.
    pub(crate) async fn line(&self, stream: Stream, text: &str) {
        let text = self.masking.mask.text(text);
        let only = Some(&*text).filter(|text| text.is_empty());
        self.send(self.chunks(only.into_iter().chain(text.lines()).map(|line| (stream, line)))).await;
    }

    /// Something the container or service said.
    pub(crate) async fn out(&self, text: &str) {
        self.line(Stream::Out, text).await;
    }

    /// Something Muster has to say.
    pub(crate) async fn say(&self, text: &str) {
        self.line(Stream::Muster, text).await;
    }

    /// What a program printed at once; what was printed of it is left in `lines`.
    pub(crate) async fn printed(&self, lines: &mut [LogLine]) {
        lines.iter_mut().for_each(|line| self.masking.line(line));
        self.send(self.chunks(lines.iter().map(|line| (stream(line), line.text.as_str())))).await;
    }

    fn chunks<'a>(&self, lines: impl Iterator<Item = (Stream, &'a str)>) -> Vec<NewLines> {
        let mut chunks: Vec<NewLines> = vec![];
        for (stream, text) in lines {
            if chunks.last().is_none_or(NewLines::is_full) {
                chunks.push(NewLines::new(self.step, self.attempt));
            }
            if let Some(last) = chunks.last_mut() {
                last.push(stream, cut(text));
            }
        }
        chunks
    }

    async fn send(&self, chunks: Vec<NewLines>) {
        for chunk in chunks {
            // Without a reader the lease is lost; the step finds out at its next effect.
            let _ = self.lines.send(chunk).await;
        }
    }
}

fn stream(line: &LogLine) -> Stream {
    if line.from_stderr { Stream::Err } else { Stream::Out }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_LINE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Lines that are written together.
#[derive(Debug, Default)]
struct Batch {
    chunks: Vec<NewLines>,
    n_bytes: usize,
}

impl Batch {
    fn add(&mut self, new: NewLines) {
        self.n_bytes += new.n_bytes();
        let rest = match self.chunks.last_mut() {
            Some(last) => last.join(new),
            None => Err(new),
        };
        if let Err(new) = rest {
            self.chunks.push(new);
        }
    }

    fn is_full(&self) -> bool {
        self.n_bytes >= BATCH_BYTES || self.chunks.len() >= BATCH_CHUNKS
    }

    /// Takes what arrives until then, or until it is full or the step has ended.
    async fn gather(&mut self, lines: &mut mpsc::Receiver<NewLines>, until: Instant) {
        while !self.is_full() {
            // What is there already is taken even if the time is over.
            let new = match lines.try_recv() {
                Ok(new) => Some(new),
                Err(_) => timeout_at(until, lines.recv()).await.ok().flatten(),
            };
            match new {
                Some(new) => self.add(new),
                None => return,
            }
        }
    }
}

/// Writes until every [`Output`] is dropped and its last line is in the database. The first line of a quiet step goes at once.
pub(crate) async fn write(
    store: &Store,
    run: RunId,
    number: i64,
    fence: i64,
    lease: &Lease,
    mut lines: mpsc::Receiver<NewLines>,
) {
    // Asked while the step begins; who holds the run is the only one who adds lines.
    let mut after = store.output_count(run).await.ok();
    let mut next_at = Instant::now();
    while let Some(new) = lines.recv().await {
        let mut batch = Batch::default();
        batch.add(new);
        batch.gather(&mut lines, next_at).await;
        next_at = Instant::now() + GATHER;
        loop {
            match append(store, run, number, fence, &mut after, &batch.chunks).await {
                Ok(()) => break,
                // Perhaps it is written and only the answer was lost: asked again, the store knows.
                Err(StoreError::Unavailable(_)) if lease.check().is_ok() => {
                    tokio::time::sleep(Duration::from_millis(500)).await
                }
                Err(StoreError::Fenced) => {
                    lease.lose();
                    return;
                }
                Err(error) => {
                    tracing::warn!(%run, n_bytes = batch.n_bytes, %error, "output lines not kept");
                    after = None;
                    break;
                }
            }
        }
    }
}

async fn append(
    store: &Store,
    run: RunId,
    number: i64,
    fence: i64,
    after: &mut Option<i64>,
    chunks: &[NewLines],
) -> Result<(), StoreError> {
    let from = match *after {
        Some(line) => line,
        None => *after.insert(store.output_count(run).await?),
    };
    *after = Some(store.output_append(run, number, fence, from, chunks).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_lines_are_cut_between_characters_and_several_are_several() {
        let (output, mut lines) = Output::new(1, 1);
        output.out(&"é".repeat(MAX_LINE)).await;
        output.out(&format!("x{}", "é".repeat(MAX_LINE))).await;
        assert_eq!(lines.recv().await.unwrap().text().len(), MAX_LINE);
        assert_eq!(lines.recv().await.unwrap().text().len(), MAX_LINE - 1);
        for (text, n_lines) in [("", 1), ("a\n", 1), ("a\r\n\nb", 3)] {
            output.say(text).await;
            assert_eq!(lines.recv().await.unwrap().n_lines(), n_lines, "{text:?}");
        }
    }

    #[tokio::test]
    async fn no_value_is_printed_not_even_where_a_long_line_is_cut() {
        let (output, mut printed) = Output::new(1, 1);
        let output = output.masked(&Arc::new(Mask::new([("TOKEN", "hunter22")])));
        let mut lines = crate::host::lines::Lines::default();
        for before in MAX_LINE - 9..MAX_LINE + 1 {
            let text = format!("{}hunter22 and more\n", "x".repeat(before));
            let mut found = lines.push(false, text.as_bytes());
            output.printed(&mut found).await;
            let kept: String = found.iter().map(|line| line.text.as_str()).collect();
            assert!(kept.ends_with("x[secret TOKEN] and more"), "{before}: {}", &kept[kept.len() - 40..]);
            let mut all = String::new();
            while let Ok(chunk) = printed.try_recv() {
                all += chunk.text();
            }
            assert!(!all.contains("hunter") && !all.contains("ter22"), "{before}");
        }
        output.say("it said hunter22").await;
        assert_eq!(printed.recv().await.unwrap().text(), "it said [secret TOKEN]");
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_closes_after_its_time_or_with_the_step() {
        let (output, mut lines) = Output::new(1, 1);
        output.out("one").await;
        let mut batch = Batch::default();
        let begun = Instant::now();
        batch.gather(&mut lines, begun + GATHER).await;
        assert_eq!((batch.n_bytes, begun.elapsed() >= GATHER), (3, true));
        output.out("two").await;
        drop(output);
        let begun = Instant::now();
        batch.gather(&mut lines, begun + GATHER).await;
        assert_eq!((batch.n_bytes, batch.chunks.len(), begun.elapsed()), (6, 1, Duration::ZERO));
    }

    #[tokio::test]
    async fn a_batch_is_full_at_some_size_and_what_waits_is_bounded() {
        let (output, mut lines) = Output::new(1, 1);
        let line = LogLine { from_stderr: false, text: "x".repeat(1000), cut: false };
        let mut many = vec![line; 100_000];
        let printing = tokio::spawn(async move { output.printed(&mut many).await });
        let mut n_lines = 0;
        while let Some(new) = lines.recv().await {
            let mut batch = Batch::default();
            batch.add(new);
            batch.gather(&mut lines, Instant::now()).await;
            assert!(batch.n_bytes < BATCH_BYTES + 200_000, "{}", batch.n_bytes);
            n_lines += batch.chunks.iter().map(NewLines::n_lines).sum::<i32>();
        }
        printing.await.unwrap();
        assert_eq!(n_lines, 100_000);
    }
}
