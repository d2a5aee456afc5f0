//! What was planned for each run and what became of it. Shared by the workers that die and the people who watch; decides only
//! who dies next.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::{FutureExt as _, future::BoxFuture};
use shared::ids::RunId;
use tokio_util::sync::CancellationToken;
use worker::faults::{At, Point};

use super::{
    Settings,
    dice::Crash,
    tally::{Tally, Trouble},
};

struct Fate {
    host: usize,
    open: Vec<Crash>,
    n_commits: u32,
    /// Since a worker died while it held the run.
    orphaned: Option<Instant>,
}

#[derive(Default)]
struct Books {
    fates: HashMap<RunId, Fate>,
    kills: BTreeMap<Point, u32>,
    resumed: Vec<Duration>,
    troubles: Vec<Trouble>,
    n_runs: u32,
    n_planned: u32,
    n_asked: u32,
    n_repeated: u32,
}

#[derive(Default)]
pub(super) struct Ledger(Mutex<Books>);

impl Ledger {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn plan(&self, run: RunId, host: usize, crashes: &[Crash]) {
        let mut books = self.books();
        books.n_planned += u32::try_from(crashes.len()).unwrap_or_default();
        books.fates.insert(run, Fate { host, open: crashes.to_vec(), n_commits: 0, orphaned: None });
    }

    pub(super) fn asked(&self) {
        self.books().n_asked += 1;
    }

    pub(super) fn ended(&self, run: RunId, n_repeated: u32, troubles: Vec<Trouble>) {
        let mut books = self.books();
        books.fates.remove(&run);
        books.n_runs += 1;
        books.n_repeated += n_repeated;
        books.troubles.extend(troubles);
    }

    /// A worker on this host has come to a point: shall it die there?
    pub(super) fn arrive(
        self: &Arc<Self>,
        host: usize,
        at: At,
        dead: &CancellationToken,
    ) -> Option<BoxFuture<'static, ()>> {
        let mut books = self.books();
        let run = match at.run {
            Some(run) => run,
            None => {
                let due = |fate: &Fate| fate.host == host && fate.open.iter().any(|c| c.point == at.point);
                *books.fates.iter().find(|(_, fate)| due(fate))?.0
            }
        };
        let fate = books.fates.get_mut(&run)?;
        if at.point == Point::BeforeCommit {
            fate.n_commits += 1;
        }
        let orphaned = if at.point == Point::AfterClaim { fate.orphaned.take() } else { None };
        let n_commits = fate.n_commits;
        let here = |crash: &Crash| {
            crash.point == at.point
                && match at.point {
                    Point::BeforeClaim | Point::AfterClaim => true,
                    Point::BeforeCommit | Point::AfterCommit => crash.nth == n_commits,
                    _ => at.step == Some(crash.nth),
                }
        };
        let due = fate.open.iter().position(here).map(|place| fate.open.remove(place));
        books.resumed.extend(orphaned.map(|since| since.elapsed()));
        drop(books);
        let crash = due?;
        let (ledger, dead) = (self.clone(), dead.clone());
        let after = if at.point == Point::MidEffect { Duration::from_millis(crash.after_ms) } else { Duration::ZERO };
        Some(
            async move {
                if !after.is_zero() {
                    tokio::time::sleep(after).await;
                }
                ledger.died(at);
                dead.cancel();
            }
            .boxed(),
        )
    }

    fn died(&self, at: At) {
        let mut books = self.books();
        *books.kills.entry(at.point).or_default() += 1;
        if let Some(fate) = at.run.and_then(|run| books.fates.get_mut(&run)) {
            fate.orphaned = Some(Instant::now());
        }
    }

    pub(super) fn tally(&self, settings: Settings, took: Duration) -> Tally {
        let books = std::mem::take(&mut *self.books());
        Tally {
            settings,
            n_runs: books.n_runs,
            n_planned: books.n_planned,
            kills: books.kills,
            n_asked: books.n_asked,
            n_repeated: books.n_repeated,
            resumed: books.resumed,
            troubles: books.troubles,
            took,
        }
    }
}
