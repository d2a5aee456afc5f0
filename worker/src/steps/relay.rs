//! From a program's lines to the step's output, keeping the last few for the evidence. Knows no program.

use std::{collections::VecDeque, time::Duration};

use shared::timestamp::human_seconds;
use tokio::sync::mpsc;

use crate::{host::LogLine, output::Output};

/// What a program prints at once is one.
pub(crate) const WAITING: usize = 16;
const KEPT: usize = 60;

/// The end of what a program said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(super) out: VecDeque<String>,
    all: VecDeque<String>,
}

impl Said {
    /// The last line of standard output that says something.
    pub(super) fn last(&self) -> Option<&str> {
        self.out.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty())
    }

    /// For a failure: the last lines of both streams.
    pub(crate) fn tail(&self) -> String {
        let lines = self.all.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>();
        match &lines[lines.len().saturating_sub(3)..] {
            [] => "it said nothing".into(),
            last => format!("its last words: {}", last.join(" / ")),
        }
    }
}

pub(crate) async fn relay(output: &Output, mut from: mpsc::Receiver<Vec<LogLine>>) -> Said {
    let mut said = Said::default();
    while let Some(mut lines) = from.recv().await {
        // The last words are remembered as they were printed.
        output.printed(&mut lines).await;
        // Of each stream no more than its last lines can be kept.
        let mut out: Vec<_> = lines.iter().rev().filter(|line| !line.from_stderr).take(KEPT).collect();
        out.reverse();
        out.into_iter().for_each(|line| keep(&mut said.out, line.text.clone()));
        let old = lines.len().saturating_sub(KEPT);
        lines.into_iter().skip(old).for_each(|line| keep(&mut said.all, line.text));
    }
    said
}

fn keep(lines: &mut VecDeque<String>, line: String) {
    if lines.len() == KEPT {
        lines.pop_front();
    }
    lines.push_back(line);
}

pub(super) fn span(limit: Duration) -> String {
    human_seconds(i64::try_from(limit.as_secs()).unwrap_or(i64::MAX))
}
