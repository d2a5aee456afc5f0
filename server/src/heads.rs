//! Signed heads of the audit chain: written outside the database every ten entries or every minute, and held against the database
//! when the server starts and every second. An old database, or a chain computed anew, is said loudly and stops nothing.

mod key;
mod place;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;
use shared::{
    api::audit::{AuditHeadsView, HeadView},
    digest::Digest,
    domain::{actor::Actor, audit::head::Heads},
};
use store::{Store, StoreError};
use tokio::{sync::watch, task::JoinSet};

use self::place::{Outgoing, Place};
pub use self::{key::Signer, place::file_of};

const EVERY_ENTRIES: u64 = 10;
const EVERY: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A place that does not let itself be read in this time is not waited for.
const READING: Duration = Duration::from_secs(10);
/// Entries asked for at once.
const BATCH: usize = 10_000;

/// Who signs and where the heads go.
#[derive(Debug)]
pub struct Keeping {
    pub signer: Result<Signer, String>,
    pub places: Vec<PathBuf>,
}

impl Keeping {
    /// For a server whose chain nobody anchors: it says so.
    #[must_use]
    pub fn nothing() -> Self {
        Self { signer: Err("this server was started without a place for heads".into()), places: vec![] }
    }
}

#[derive(Debug)]
pub struct HeadKeeper {
    signer: Result<Signer, String>,
    places: Vec<Arc<Place>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    newest: Option<HeadView>,
    unmet: Option<String>,
}

/// What was signed last, and when that was for this process.
struct Signed {
    seq: u64,
    hash: Digest,
    at: Instant,
}

impl HeadKeeper {
    pub(crate) fn new(keeping: Keeping) -> Self {
        let places = match &keeping.signer {
            Ok(signer) => {
                let key = signer.public_key();
                keeping.places.into_iter().map(|place| Arc::new(Place::new(place, &key))).collect()
            }
            Err(why) => {
                tracing::error!("no heads of the audit chain are signed: {why}");
                vec![]
            }
        };
        Self { signer: keeping.signer, places, state: Mutex::default() }
    }

    /// `None` if this server has no key that it can use.
    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref().ok()
    }

    #[must_use]
    pub fn view(&self) -> AuditHeadsView {
        let (newest, unmet) = self.with(|state| (state.newest.clone(), state.unmet.clone()));
        AuditHeadsView {
            public_key: self.signer.as_ref().ok().map(Signer::public_key),
            newest,
            places: self.places.iter().map(|place| place.view()).collect(),
            unmet,
            problem: self.signer.as_ref().err().cloned(),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs for as long as the server runs.
    pub(crate) async fn keep(self: Arc<Self>, store: Store) {
        let Ok(signer) = &self.signer else { return };
        let (out, incoming) = watch::channel(None);
        let mut places = JoinSet::new();
        for place in &self.places {
            places.spawn(place.clone().follow(incoming.clone()));
        }
        let heads = self.read().await;
        let mut last = retry(|| self.begin(&store, &heads)).await;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let signed = retry(|| self.look(signer, &store, &out, last.as_ref())).await;
            last = signed.or(last);
        }
    }

    /// Every head of ours that stands anywhere.
    pub(crate) async fn read(&self) -> Heads {
        let pinned: Vec<_> = self.signer.as_ref().ok().map(Signer::public_key).into_iter().collect();
        let mut all = Heads::believing(&pinned);
        for place in &self.places {
            let reading = place.clone();
            let read = tokio::task::spawn_blocking(move || reading.read());
            match tokio::time::timeout(READING, read).await {
                Ok(Ok(Ok(text))) => {
                    let mut here = Heads::believing(&pinned);
                    here.read(&place.name(), &text);
                    place.found(here.newest().map(view));
                    all.read(&place.name(), &text);
                }
                other => tracing::warn!("heads in {} cannot be read: {other:?}", place.name()),
            }
        }
        all
    }

    /// The database against what was signed before. Gives the newest head, if the chain still meets it.
    async fn begin(&self, store: &Store, heads: &Heads) -> Result<Option<Signed>, StoreError> {
        self.with(|state| state.newest = heads.newest().map(view));
        let (entries, _) = store.audit_head().await?;
        let mut noted = vec![];
        let seqs: Vec<i64> = heads.seqs().into_iter().filter_map(|seq| i64::try_from(seq).ok()).collect();
        for batch in seqs.chunks(BATCH) {
            noted.extend(store.audit_hashes(batch).await?);
        }
        let met = heads.meet(entries, &noted).map_err(|broken| broken.to_string());
        let met = met.and_then(|()| heads.faults().first().map_or(Ok(()), |fault| Err(fault.clone())));
        if let Err(what) = met {
            self.tell(store, what).await?;
            return Ok(None);
        }
        Ok(heads.newest().map(|head| Signed { seq: head.seq, hash: head.hash, at: Instant::now() }))
    }

    /// Looks whether what was signed last is still there, and signs if it is time.
    async fn look(
        &self,
        signer: &Signer,
        store: &Store,
        out: &watch::Sender<Option<Outgoing>>,
        last: Option<&Signed>,
    ) -> Result<Option<Signed>, StoreError> {
        let mut unmet = false;
        if let Some(last) = last {
            let found = store.audit_hashes(&[i64::try_from(last.seq).unwrap_or(i64::MAX)]).await?;
            unmet = found.first().is_none_or(|(_, hash)| *hash != last.hash);
            if unmet {
                self.tell(store, format!("entry {}: is not the one that this server signed", last.seq)).await?;
            }
        }
        let (seq, hash) = store.audit_head().await?;
        let new = seq.saturating_sub(last.map_or(0, |signed| signed.seq));
        if !unmet && !due(new, last.map(|signed| signed.at.elapsed())) {
            return Ok(None);
        }
        let at = store.now().await?;
        let line = serde_json::to_string(&signer.sign(seq, hash, at)).map_err(|e| StoreError::Bug(e.to_string()))?;
        let head = HeadView { seq, at };
        self.with(|state| state.newest = Some(head.clone()));
        // Places that are gone have ended with the server.
        let _ = out.send(Some(Outgoing { line, head }));
        Ok(Some(Signed { seq, hash, at: Instant::now() }))
    }

    /// To the log, to the console and into the chain itself; once for each thing that is wrong.
    async fn tell(&self, store: &Store, what: String) -> Result<(), StoreError> {
        if self.with(|state| state.unmet.as_ref() == Some(&what)) {
            return Ok(());
        }
        let mut tx = store.begin().await?;
        tx.audit(&Actor::Muster, "audit.head-unmet", "audit chain", json!({ "what": what }));
        tx.commit().await?;
        tracing::error!(what, "the audit chain in the database does not meet its signed heads");
        self.with(|state| state.unmet = Some(what));
        Ok(())
    }
}

fn view(head: &shared::domain::audit::head::Head) -> HeadView {
    HeadView { seq: head.seq, at: head.at }
}

/// Whether entries that no head covers have waited long enough. `since`: how long ago the last head was signed.
fn due(new: u64, since: Option<Duration>) -> bool {
    new >= EVERY_ENTRIES || (new > 0 && since.is_none_or(|since| since >= EVERY))
}

/// A database that is away is waited for; told once.
async fn retry<T, F: Future<Output = Result<T, StoreError>>>(work: impl Fn() -> F) -> T {
    let mut failing = false;
    loop {
        match work().await {
            Ok(value) => return value,
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "heads of the audit chain wait for the database");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_due_after_ten_entries_or_a_minute() {
        let second = Duration::from_secs(1);
        let cases = [
            (0, None, false),
            (0, Some(second * 100), false),
            (1, None, true),
            (1, Some(second * 59), false),
            (1, Some(second * 60), true),
            (9, Some(second), false),
            (10, Some(second), true),
        ];
        for (new, since, expected) in cases {
            assert_eq!(due(new, since), expected, "{new} {since:?}");
        }
    }
}
