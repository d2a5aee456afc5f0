//! The worker's side of a lease: held only as long as the database said so recently. Decides nothing about runs.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use shared::ids::RunId;
use store::{Heard, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Worker, host_lock::HostLock};

/// The lease is lost or may be: nothing more may be touched, and nothing more will be accepted by the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeaseLost;

/// Measured on a clock that also runs while the process is stopped (SIGSTOP), so that a worker that was put to sleep finds
/// out before it touches anything.
#[derive(Debug)]
pub(crate) struct Lease {
    length: Duration,
    /// When the last question began that the database answered with yes.
    confirmed: Mutex<Instant>,
    lost: CancellationToken,
    /// A person wants the run to end.
    cancelled: CancellationToken,
    /// Nothing more may be begun for the time being.
    frozen: AtomicBool,
    /// The hold on the host under which it was claimed; without one nothing may be touched.
    host: Option<(Arc<HostLock>, Option<i64>)>,
}

impl Lease {
    /// `asked` is when the claim was sent.
    pub(crate) fn new(length: Duration, asked: Instant) -> Self {
        Self {
            length,
            confirmed: Mutex::new(asked),
            lost: CancellationToken::new(),
            cancelled: CancellationToken::new(),
            frozen: AtomicBool::new(false),
            host: None,
        }
    }

    /// Worth nothing without this hold on the Docker host.
    pub(crate) fn under(mut self, lock: Arc<HostLock>, fence: Option<i64>) -> Self {
        self.host = Some((lock, fence));
        self
    }

    fn host_is_others(&self) -> bool {
        let Some((lock, fence)) = &self.host else { return false };
        fence.is_none_or(|fence| !lock.holds(fence, self.length))
    }

    /// Cancelled when a person wants the run to end.
    pub(crate) fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// To be asked before every step.
    pub(crate) fn frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }

    fn hear(&self, heard: Heard) {
        self.frozen.store(heard.frozen, Ordering::Relaxed);
        if heard.cancelling {
            self.cancelled.cancel();
        }
    }

    /// To be asked right before every effect.
    pub(crate) fn check(&self) -> Result<(), LeaseLost> {
        let confirmed = *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        if confirmed.elapsed() >= self.length || self.host_is_others() {
            self.lost.cancel();
        }
        if self.lost.is_cancelled() { Err(LeaseLost) } else { Ok(()) }
    }

    pub(crate) fn lose(&self) {
        self.lost.cancel();
    }

    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Prolongs the lease until it is lost; runs beside the work. Asks at once when the workers are called: it may be about
    /// what this one holds.
    pub(crate) async fn keep(&self, worker: &Worker, run: RunId, fence: i64) {
        let mut silent = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(worker.timing.heartbeat) => {}
                () = worker.called.notified() => {}
                () = self.lost.cancelled() => return,
            }
            // An error is the heartbeat's too, which says so; a host that is another's by now ends this lease at its next check.
            let _ = worker.stand().await;
            let asked = Instant::now();
            match worker.store.job_heartbeat(run, fence, self.length.as_secs_f64()).await {
                Ok(Some(heard)) => {
                    self.hear(heard);
                    *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = asked;
                    silent = false;
                }
                Ok(None) => {
                    tracing::warn!(%run, fence, "lease taken over by another worker, or the run has ended");
                    self.lose();
                }
                Err(error) => {
                    if !std::mem::replace(&mut silent, true) {
                        tracing::warn!(%run, fence, %error, "heartbeat not heard, trying on");
                    }
                    if let (Err(LeaseLost), true) = (self.check(), matches!(error, StoreError::Unavailable(_))) {
                        tracing::warn!(%run, fence, "lease has lapsed while the database was away");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn is_lost_by_silence_and_stays_lost() {
        let lease = Lease::new(Duration::from_secs(15), Instant::now());
        tokio::time::advance(Duration::from_secs(14)).await;
        assert_eq!(lease.check(), Ok(()));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(lease.check(), Err(LeaseLost));
        *lease.confirmed.lock().unwrap() = Instant::now();
        assert_eq!(lease.check(), Err(LeaseLost));
    }
}
