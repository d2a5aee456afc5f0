//! From a program's lines to the step's output, keeping the last few for the evidence. Knows no program.

use std::{collections::VecDeque, time::Duration};

use shared::{api::run::Stream, timestamp::human_seconds};
use tokio::sync::mpsc;

use crate::{host::LogLine, output::Output};

pub(super) const WAITING: usize = 256;
const KEPT: usize = 60;

/// The end of what a program said.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) out: VecDeque<String>,
    all: VecDeque<String>,
}

impl Said {
    /// The last line of standard output that says something.
    pub(super) fn last(&self) -> Option<&str> {
        self.out.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty())
    }

    /// For a failure: the last lines of both streams.
    pub(super) fn tail(&self) -> String {
        let lines = self.all.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>();
        match &lines[lines.len().saturating_sub(3)..] {
            [] => "it said nothing".into(),
            last => format!("its last words: {}", last.join(" / ")),
        }
    }
}

pub(super) async fn relay(output: &Output, mut from: mpsc::Receiver<LogLine>) -> Said {
    let mut said = Said::default();
    while let Some(line) = from.recv().await {
        let stream = if line.from_stderr { Stream::Err } else { Stream::Out };
        output.line(stream, &line.text).await;
        if !line.from_stderr {
            keep(&mut said.out, line.text.clone());
        }
        keep(&mut said.all, line.text);
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
