//! What the crash runner has counted, as one table. Judges nothing.

use std::{collections::BTreeMap, fmt, time::Duration};

use worker::faults::Point;

use super::{Settings, TIMING};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The run did not end, or not as it should have.
    Lost,
    /// A destructive effect happened twice.
    Doubled,
    /// A step is over without its effect, and no person said so.
    Skipped,
}

/// What is wrong with one run.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub what: What,
    pub run: u32,
    pub detail: String,
    /// Where its workers were to die.
    pub plan: Vec<String>,
}

#[derive(Debug)]
pub struct Tally {
    pub settings: Settings,
    pub n_runs: u32,
    pub n_planned: u32,
    pub kills: BTreeMap<Point, u32>,
    /// Questions that people answered.
    pub n_asked: u32,
    /// Repeatable steps that were begun more than once.
    pub n_repeated: u32,
    /// From a worker's death to the next claim of its run.
    pub resumed: Vec<Duration>,
    pub troubles: Vec<Trouble>,
    pub took: Duration,
}

impl Tally {
    #[must_use]
    pub fn count(&self, what: What) -> usize {
        self.troubles.iter().filter(|trouble| trouble.what == what).count()
    }

    #[must_use]
    pub fn n_kills(&self) -> u32 {
        self.kills.values().sum()
    }

    /// The middle one, and the longest.
    #[must_use]
    pub fn resumed(&self) -> (Duration, Duration) {
        let mut all = self.resumed.clone();
        all.sort();
        (all.get(all.len() / 2).copied().unwrap_or_default(), all.last().copied().unwrap_or_default())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for trouble in &self.troubles {
            writeln!(f, "run {} of seed {}: {}", trouble.run, self.settings.seed, trouble.detail)?;
            writeln!(f, "    its workers were to die: {}", trouble.plan.join("; "))?;
        }
        let lease = TIMING.lease.as_secs_f64();
        writeln!(
            f,
            "\nSIMULATED hosts, real Postgres; lease {lease} s instead of 15 s.\n\n| Counted | Value |\n|---|---:|"
        )?;
        writeln!(f, "| seed | {} |\n| runs | {} |", self.settings.seed, self.n_runs)?;
        writeln!(f, "| kills planned, struck | {}, {} |", self.n_planned, self.n_kills())?;
        for point in Point::ALL {
            writeln!(f, "| killed: {} | {} |", point.name(), self.kills.get(&point).copied().unwrap_or_default())?;
        }
        writeln!(f, "| questions answered by a person | {} |", self.n_asked)?;
        writeln!(f, "| repeatable steps begun more than once | {} |", self.n_repeated)?;
        writeln!(f, "| runs lost | {} |", self.count(What::Lost))?;
        writeln!(f, "| destructive effects done twice | {} |", self.count(What::Doubled))?;
        writeln!(f, "| steps skipped without a person | {} |", self.count(What::Skipped))?;
        let (p50, max) = self.resumed();
        let (p50, max) = (p50.as_secs_f64(), max.as_secs_f64());
        writeln!(f, "| resumed after a death, p50 | {p50:.2} s ({:.2} leases) |", p50 / lease)?;
        writeln!(f, "| resumed after a death, longest | {max:.2} s ({:.2} leases) |", max / lease)?;
        writeln!(f, "| wall time | {:.0} s |", self.took.as_secs_f64())
    }
}
