//! The crash runner: recovery runs on SIMULATED hosts whose workers die where seeded dice say, with people who look at the host
//! before they answer. Counts what happened; whoever calls it judges.

mod dice;
mod ledger;
mod people;
mod tally;
mod victims;
mod world;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use futures::future::try_join_all;
use tokio_util::sync::CancellationToken;
use worker::Timing;

pub use self::tally::{Tally, Trouble, What};
use self::{ledger::Ledger, people::People, world::Stage};

/// Short, so that a thousand runs take minutes; the rules are the same at fifteen seconds.
pub const TIMING: Timing = Timing {
    lease: Duration::from_millis(1200),
    heartbeat: Duration::from_millis(250),
    poll: Duration::from_millis(200),
    watch: Duration::from_secs(60),
};
/// On each simulated host.
const SYSTEMS: usize = 2;
const WORKERS: usize = 2;

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub runs: u32,
    pub seed: u64,
    pub hosts: usize,
}

/// Carries out all runs and tells what became of them. `done` hears how many have ended.
///
/// # Errors
/// If the stage cannot be set: no Postgres, a refused sign-in.
pub async fn run(settings: Settings, done: impl Fn(u32)) -> Result<Tally> {
    let stage = Stage::set(settings.hosts, SYSTEMS, settings.seed).await?;
    let ledger = Arc::new(Ledger::default());
    let stop = CancellationToken::new();
    let mut workers = tokio::task::JoinSet::new();
    for (number, host) in stage.hosts.iter().enumerate() {
        for replica in 1..=WORKERS {
            let victim = victims::Victim {
                database_url: stage.muster.database.worker_url.clone(),
                host: host.clone(),
                number,
                config: stage.config(number, replica),
                ledger: ledger.clone(),
            };
            workers.spawn(victim.live(stop.clone()));
        }
    }
    let people = People::sign_in(&stage, ledger.clone(), settings.seed).await?;
    let begun = Instant::now();
    let (next, over, done) = (AtomicU32::new(0), AtomicU32::new(0), &done);
    let driven = stage.systems.iter().map(async |system| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= settings.runs {
                return anyhow::Ok(());
            }
            let ended = people.recover(system, number).await?;
            done(over.fetch_add(1, Ordering::Relaxed) + 1);
            if !ended {
                return Ok(());
            }
        }
    });
    try_join_all(driven).await?;
    let took = begun.elapsed();
    stop.cancel();
    while workers.join_next().await.is_some() {}
    Ok(ledger.tally(settings, took))
}
