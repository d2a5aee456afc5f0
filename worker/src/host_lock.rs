//! One worker acts on a Docker host at a time: the others wait until its lease lapses. Which host it is, the engine says itself;
//! what is done there is not decided here.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use store::{HostHeld, HostTaken, Store, StoreError};
use tokio::time::{Instant, timeout};

use crate::host::{ContainerHost, Description};

/// A Docker that has not said who it is by then does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The host does not answer: whatever is claimed now is not carried out, see [`HostLock::holds`].
    Unknown,
    Others,
    /// `confirmed` is when the last question began that the database answered with yes.
    Ours {
        fence: i64,
        confirmed: Instant,
    },
}

/// This worker's standing on its host.
#[derive(Debug)]
pub(crate) struct HostLock {
    standing: Mutex<Standing>,
    /// Who the engine is, once it has said it; whoever asks the database holds it.
    engine: tokio::sync::Mutex<Option<Description>>,
}

/// Named for the claim.
#[derive(Debug)]
pub(crate) struct Stand {
    engine: Option<Description>,
    standing: Standing,
}

impl Stand {
    pub(crate) fn held(&self) -> HostHeld<'_> {
        match (self.standing, &self.engine) {
            (Standing::Ours { fence, .. }, Some(engine)) => HostHeld::Ours { host: &engine.id, fence },
            (Standing::Others, _) => HostHeld::Others,
            _ => HostHeld::Unknown,
        }
    }

    /// What the engine calls itself.
    pub(crate) fn name(&self) -> Option<&str> {
        self.engine.as_ref().map(|engine| engine.name.as_str())
    }

    /// None: nothing that is claimed now may be carried out.
    pub(crate) fn fence(&self) -> Option<i64> {
        if let Standing::Ours { fence, .. } = self.standing { Some(fence) } else { None }
    }
}

impl HostLock {
    pub(crate) fn new() -> Self {
        Self { standing: Mutex::new(Standing::Unknown), engine: tokio::sync::Mutex::new(None) }
    }

    fn standing(&self) -> Standing {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self, standing: Standing) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    /// True while the database said so recently, about this very hold.
    pub(crate) fn holds(&self, fence: i64, length: Duration) -> bool {
        matches!(self.standing(), Standing::Ours { fence: now, confirmed } if now == fence && confirmed.elapsed() < length)
    }

    /// Keeps the host, or takes it if nobody has it; asks the database no more often than every `every`.
    pub(crate) async fn stand(
        &self,
        store: &Store,
        host: &dyn ContainerHost,
        name: &str,
        (length, every): (Duration, Duration),
    ) -> Result<Stand, StoreError> {
        let mut known = self.engine.lock().await;
        if known.is_none() {
            *known = timeout(PATIENCE, host.describe()).await.ok().and_then(Result::ok);
        }
        let Some(engine) = known.clone() else { return Ok(Stand { engine: None, standing: Standing::Unknown }) };
        let id = engine.id.clone();
        if let Standing::Ours { fence, confirmed } = self.standing() {
            if confirmed.elapsed() < every {
                return Ok(Stand { engine: Some(engine), standing: self.standing() });
            }
            let asked = Instant::now();
            if store.host_keep(&id, fence, length.as_secs_f64()).await? {
                self.now(Standing::Ours { fence, confirmed: asked });
                return Ok(Stand { engine: Some(engine), standing: self.standing() });
            }
            tracing::warn!(host = id, fence, "another worker acts on this Docker host now; waiting behind it");
            self.now(Standing::Others);
        }
        let asked = Instant::now();
        match store.host_take(&id, name, length.as_secs_f64()).await? {
            HostTaken::Ours { fence } => {
                tracing::info!(host = id, fence, "acting on this Docker host from now on");
                self.now(Standing::Ours { fence, confirmed: asked });
            }
            HostTaken::Others { worker } => {
                if self.standing() == Standing::Unknown {
                    tracing::warn!(host = id, worker, "another worker acts on this Docker host; waiting behind it");
                }
                self.now(Standing::Others);
            }
        }
        Ok(Stand { engine: Some(engine), standing: self.standing() })
    }

    /// So that whoever waits need not wait for the lease.
    pub(crate) async fn release(&self, store: &Store) {
        let known = self.engine.lock().await;
        if let (Standing::Ours { fence, .. }, Some(Description { id, .. })) = (self.standing(), &*known) {
            self.now(Standing::Others);
            if let Err(error) = store.host_release(id, fence).await {
                tracing::warn!(%error, "the Docker host could not be handed over; its lease lapses");
            }
        }
    }
}
