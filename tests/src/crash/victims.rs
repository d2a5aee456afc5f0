//! Workers that die and are started again, as a supervisor would: dropped in the middle of whatever they do, leases and all.

use std::{sync::Arc, time::Duration};

use store::Store;
use tokio_util::sync::CancellationToken;
use worker::{Worker, config::Config, host::simulated::SimulatedHost};

use super::{TIMING, ledger::Ledger};

/// Until a dead program is started again.
const STARTED_AGAIN: Duration = Duration::from_millis(100);

pub(super) struct Victim {
    pub(super) database_url: String,
    pub(super) host: Arc<SimulatedHost>,
    pub(super) number: usize,
    pub(super) config: Config,
    pub(super) ledger: Arc<Ledger>,
}

impl Victim {
    /// Until `stop`.
    pub(super) async fn live(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let dead = CancellationToken::new();
            let (ledger, number, dying) = (self.ledger.clone(), self.number, dead.clone());
            // Connections of its own, which end with it.
            let Ok(store) = Store::connect_lazy(&self.database_url) else { return };
            let worker = Worker::new(store, self.host.clone(), self.config.clone())
                .with_timing(TIMING)
                .with_faults(Arc::new(move |at| ledger.arrive(number, at, &dying)));
            let shutdown = stop.clone();
            let mut life = tokio::spawn(async move { worker.run(shutdown).await });
            tokio::select! {
                () = dead.cancelled() => {
                    life.abort();
                    // Aborted, as wanted.
                    let _ = life.await;
                    tokio::time::sleep(STARTED_AGAIN).await;
                }
                _ = &mut life => return,
            }
        }
    }
}
