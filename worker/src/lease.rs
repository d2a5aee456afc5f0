//! The worker's side of a lease: held only as long as the database said so recently. Decides nothing about runs.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use shared::ids::RunId;
use store::{Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

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
}

impl Lease {
    /// `asked` is when the claim was sent.
    pub(crate) fn new(length: Duration, asked: Instant) -> Self {
        Self { length, confirmed: Mutex::new(asked), lost: CancellationToken::new() }
    }

    /// To be asked right before every effect.
    pub(crate) fn check(&self) -> Result<(), LeaseLost> {
        let confirmed = *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        if confirmed.elapsed() >= self.length {
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

    /// Prolongs the lease until it is lost; runs beside the work.
    pub(crate) async fn keep(&self, store: &Store, run: RunId, fence: i64, every: Duration) {
        let mut silent = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = self.lost.cancelled() => return,
            }
            let asked = Instant::now();
            match store.job_heartbeat(run, fence, self.length.as_secs_f64()).await {
                Ok(true) => {
                    *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = asked;
                    silent = false;
                }
                Ok(false) => {
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
