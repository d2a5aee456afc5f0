//! The privileged program: the only one that touches Docker. It listens on nothing; work reaches it through the database, and
//! it believes nothing that stands there until its guard has checked it.
//!
//! `claim` → `resolve` or `guard` → `execute` → `steps` → `host`; `journal` writes what happened.

mod board;
pub mod check;
mod claim;
pub mod config;
mod drill;
mod evidence;
mod execute;
pub mod faults;
mod files;
mod guard;
pub mod host;
mod host_lock;
mod inspect_host;
mod journal;
mod lease;
mod mask;
mod monitors;
mod output;
mod process;
mod resolve;
mod safety;
mod secrets;
mod sight;
mod steps;
mod surroundings;
mod verify;
mod watch;

use std::{borrow::Cow, sync::Arc, time::Duration};

use shared::domain::{actor::Actor, run::RunHeader};
use store::{Channel, Listener, Store, StoreError};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    faults::Faults,
    host::ContainerHost,
    host_lock::{HostLock, Stand},
};

/// Runs of different systems go side by side; one system never has two.
const AT_ONCE: usize = 8;

/// How long things are waited for. The defaults are the guarantees; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// A worker that was not heard for so long has lost its run.
    pub lease: Duration,
    pub heartbeat: Duration,
    /// Between looks for work that nobody announced: lapsed leases.
    pub poll: Duration,
    /// Between two rounds of the watch after a recovery.
    pub watch: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            heartbeat: Duration::from_secs(5),
            poll: Duration::from_secs(2),
            watch: watch::EVERY,
        }
    }
}

/// A worker with its database, its Docker host and its own rules.
#[derive(Clone, Debug)]
pub struct Worker {
    store: Store,
    host: Arc<dyn ContainerHost>,
    config: Arc<Config>,
    actor: Actor,
    timing: Timing,
    stopping: CancellationToken,
    /// Rung whenever the database calls the workers, for those that hold a job.
    called: Arc<Notify>,
    host_lock: Arc<HostLock>,
    faults: Faults,
}

impl Worker {
    #[must_use]
    pub fn new(store: Store, host: Arc<dyn ContainerHost>, config: Config) -> Self {
        let actor = Actor::Worker { name: config.name.clone() };
        let stopping = CancellationToken::new();
        let called = Arc::new(Notify::new());
        Self {
            store,
            host,
            config: Arc::new(config),
            actor,
            timing: Timing::default(),
            stopping,
            called,
            host_lock: Arc::new(HostLock::new()),
            faults: Faults::default(),
        }
    }

    /// For tests of what a dead worker leaves behind.
    #[must_use]
    pub fn with_faults(mut self, hook: Arc<faults::Hook>) -> Self {
        self.faults = Faults::hooked(hook);
        self
    }

    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Takes one job and works until it is done (or lost). False if there was none.
    ///
    /// # Errors
    /// If the database could not be asked for a job.
    pub async fn run_one(&self) -> Result<bool, StoreError> {
        match claim::claim(self).await? {
            Some(job) => {
                claim::work(self, job).await;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// What holds for this run: in a drill nothing of the real system's. The error completes a sentence.
    fn config_for(&self, header: &RunHeader) -> Result<Cow<'_, Config>, String> {
        match &header.drill_of {
            None => Ok(Cow::Borrowed(&self.config)),
            Some(of) => self.config.in_a_drill(of).map(Cow::Owned),
        }
    }

    /// Keeps or takes this worker's place on its Docker host.
    async fn stand(&self) -> Result<Stand, StoreError> {
        let often = (self.timing.lease, self.timing.heartbeat);
        self.host_lock.stand(&self.store, &*self.host, &self.config.name, often).await
    }

    /// Works until `shutdown`; then takes nothing new, ends the effect in hand and leaves the rest to the next worker.
    pub async fn run(&self, shutdown: CancellationToken) {
        let worker = Self { stopping: shutdown.clone(), ..self.clone() };
        let called = Arc::new(Notify::new());
        let mut jobs = JoinSet::new();
        let looking = worker.clone();
        // Dropped with this future, as a dead process takes all its threads with it.
        let mut helpers = JoinSet::new();
        helpers.spawn(async move { sight::keep_looking(&looking).await });
        let watching = worker.clone();
        helpers.spawn(async move { monitors::keep_watching(&watching).await });
        let verifying = worker.clone();
        helpers.spawn(async move { verify::keep_verifying(&verifying).await });
        let inspecting = worker.clone();
        helpers.spawn(async move { inspect_host::keep_inspecting(&inspecting).await });
        helpers.spawn(listen(worker.store.clone(), called.clone(), worker.called.clone(), self.timing.poll));
        let mut silent = false;
        while !shutdown.is_cancelled() {
            let full = jobs.len() >= AT_ONCE;
            let claimed = if full { Ok(None) } else { claim::claim(&worker).await };
            match claimed {
                Ok(Some(job)) => {
                    silent = false;
                    let worker = worker.clone();
                    jobs.spawn(async move { claim::work(&worker, job).await });
                    // There may be more.
                    continue;
                }
                Ok(None) => silent = false,
                Err(error) => {
                    if !std::mem::replace(&mut silent, true) {
                        tracing::warn!(%error, "cannot ask for work; trying on");
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = called.notified() => {}
                () = tokio::time::sleep(self.timing.poll) => {}
                Some(ended) = jobs.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a job has crashed; its run is taken up again when its lease has lapsed");
                    }
                }
            }
        }
        helpers.abort_all();
        while jobs.join_next().await.is_some() {}
        self.host_lock.release(&self.store).await;
    }
}

/// Turns the database's calls into notifications, for as long as the process lives.
async fn listen(store: Store, called: Arc<Notify>, holders: Arc<Notify>, pause: Duration) {
    let mut silent = false;
    loop {
        let error = match Listener::connect(&store, Channel::Job).await {
            Ok(mut listener) => loop {
                // Also at the beginning: a call may have come before anybody listened.
                called.notify_one();
                holders.notify_waiters();
                silent = false;
                if let Err(error) = listener.recv().await {
                    break error;
                }
            },
            Err(error) => error,
        };
        if !std::mem::replace(&mut silent, true) {
            tracing::warn!(%error, "cannot listen for work; looking for it every {} s", pause.as_secs_f64());
        }
        tokio::time::sleep(pause).await;
    }
}
