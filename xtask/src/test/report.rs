//! The table of what was checked and the one summary line. A check counts as one, the tests each for themselves.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::counts::Counts;
use crate::progress::{self, complain, say};

/// Something failed, and the table has said what.
#[derive(Debug)]
pub(crate) struct NotAllWell;

impl std::fmt::Display for NotAllWell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not all is well: see the table above")
    }
}

impl std::error::Error for NotAllWell {}

#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    counts: Counts,
    time: Duration,
}

impl Report {
    /// Runs one check; what it brings, if it is fine.
    pub(crate) fn check<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        self.part(name, || progress::step(name, work))
    }

    /// As [`check`](Self::check), for what tells of its own progress.
    pub(crate) fn part<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        let begun = Instant::now();
        let result = work();
        let fine = result.is_ok();
        self.row(name, Counts { passed: fine.into(), failed: (!fine).into() }, begun);
        result.map_err(|error| complain(&format!("{name}: {error:#}\n"))).ok()
    }

    /// Runs many tests at once.
    pub(crate) fn count(&mut self, name: &str, work: impl FnOnce() -> Result<Counts>) {
        let begun = Instant::now();
        let counts = progress::step(name, work).unwrap_or_else(|error| {
            complain(&format!("{name}: {error:#}\n"));
            Counts { passed: 0, failed: 1 }
        });
        self.row(name, counts, begun);
    }

    /// Something that could not be run at all.
    pub(crate) fn fail(&mut self, name: &str, why: &str) {
        complain(&format!("{name}: {why}"));
        self.row(name, Counts { passed: 0, failed: 1 }, Instant::now());
    }

    fn row(&mut self, name: &str, counts: Counts, begun: Instant) {
        self.rows.push(Row { name: name.to_owned(), counts, time: begun.elapsed() });
    }

    /// Prints the table and the summary.
    pub(crate) fn finish(self) -> Result<()> {
        say("");
        let mut sum = Counts::default();
        for Row { name, counts, time } in &self.rows {
            let outcome = match counts {
                Counts { failed: 0, passed: 1 } => "ok".to_owned(),
                Counts { failed: 0, passed } => format!("{passed} ok"),
                Counts { failed, passed: 0 } if *failed == 1 => "FAILED".to_owned(),
                Counts { failed, passed } => format!("{failed} FAILED, {passed} ok"),
            };
            say(&format!("  {name:<40} {outcome:<20} {:>12}", progress::seconds(*time)));
            sum = Counts { passed: sum.passed + counts.passed, failed: sum.failed + counts.failed };
        }
        say("");
        say(&format!("{} passed, {} failed", sum.passed, sum.failed));
        if sum.failed > 0 {
            return Err(NotAllWell.into());
        }
        Ok(())
    }
}
