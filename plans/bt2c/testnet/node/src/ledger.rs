//! The node's one state: chain, file and peers behind one lock, never held across an await. Sends nothing itself.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::block::{Block, Hash, Head};
use crate::chain::{Chain, Turn, Verdict};
use crate::journal;
use crate::keys::{SecretKey, Signature};
use crate::status::{Counters, Fork, Outcome, Place, Refused, Status};
use crate::storage::Storage;
use crate::transactions::{self, Declined, Pool};

/// Blocks a peer may be ahead before we say that we are syncing rather than merely a moment late.
const SYNCING_FROM: u64 = 3;
/// How long a node that has just started waits for a peer before it extends a chain that may be old.
const LISTEN_FIRST_MS: u128 = 2_000;
/// Longer runs of imported blocks are one log line.
const MAX_LOGGED: usize = 3;

pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

struct Peer {
    links: usize,
    head: Head,
    /// The last common height, if its chain parts from ours too far down.
    fork: Option<u64>,
}

/// Who this node is and how it decides.
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) key: SecretKey,
    pub(crate) expects_peers: bool,
    /// How many of its own blocks it drops by itself.
    pub(crate) max_reorg: u64,
}

struct State {
    chain: Chain,
    storage: Storage,
    peers: BTreeMap<String, Peer>,
    counters: Counters,
    pool: Pool,
    /// The key in use does not count for the next block, and this was said.
    is_mute: bool,
}

pub(crate) struct Ledger {
    identity: Identity,
    started: Instant,
    state: Mutex<State>,
    head: watch::Sender<Head>,
}

impl Ledger {
    pub(crate) fn new(identity: Identity, chain: Chain, storage: Storage) -> Self {
        let head = watch::Sender::new(chain.head());
        let (peers, counters, pool) = (BTreeMap::new(), Counters::default(), Pool::default());
        let state = State { chain, storage, peers, counters, pool, is_mute: false };
        Ledger { identity, started: Instant::now(), state: Mutex::new(state), head }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whenever the head changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// Makes the next block if it is our turn; otherwise says when to ask again.
    pub(crate) fn propose(&self) -> Result<Turn, Refused> {
        let state = &mut *self.lock();
        let now = now_ms();
        let Identity { name, key, expects_peers, .. } = &self.identity;
        let ours = state.chain.head();
        let behind = state.peers.values().any(|peer| peer.fork.is_none() && peer.head.beats(&ours));
        let listening =
            *expects_peers && state.peers.is_empty() && self.started.elapsed().as_millis() < LISTEN_FIRST_MS;
        if behind || listening {
            return Ok(Turn::At(now + 100));
        }
        let is_mute = !state.chain.may_sign(name, key);
        if is_mute && !state.is_mute {
            let (next, public) = (ours.height + 1, key.public());
            journal::warn(format_args!(
                "no block is made: at height {next} another key than {public} signs for {name}"
            ));
        }
        state.is_mute = is_mute;
        if is_mute {
            return Ok(Turn::At(now + 1_000));
        }
        let Some(block) = state.chain.next_block(name, key, now, state.pool.payload(name)) else {
            return Ok(state.chain.turn(name, now));
        };
        let (height, hash) = (block.height, block.hash.short());
        self.put(state, ours.height, vec![block])?;
        journal::info(format_args!("block {height} produced {hash}"));
        state.counters.produced += 1;
        Ok(Turn::Now)
    }

    /// Judges a peer's blocks and takes them if they win.
    pub(crate) fn offer(&self, branch: &[Block], peer: &str) -> Result<Outcome, Refused> {
        let state = &mut *self.lock();
        let fork = match state.chain.judge(branch, now_ms()).map_err(Refused::Invalid)? {
            Verdict::Better { fork } => fork,
            Verdict::NotBetter => return Ok(Outcome::NotBetter),
            Verdict::Unlinked => return Ok(Outcome::Unlinked),
        };
        // A branch may begin with blocks we already share; only what differs is a reorg.
        let known = branch.iter().take_while(|block| state.chain.holds(&block.head())).count();
        let (fork, branch) = (fork + known as u64, &branch[known..]);
        let dropped = state.chain.head().height - fork;
        if dropped > self.identity.max_reorg {
            self.report_fork(state, fork, dropped, peer);
            return Ok(Outcome::TooDeep);
        }
        self.put(state, fork, branch.to_vec())?;
        state.counters.imported += branch.len() as u64;
        if dropped > 0 {
            state.counters.reorgs += 1;
            journal::warn(format_args!("reorg: {dropped} blocks above {fork} gave way to the chain of {peer}"));
        }
        match branch {
            [first, .., last] if branch.len() > MAX_LOGGED => {
                let (from, to, hash) = (first.height, last.height, last.hash.short());
                journal::info(format_args!("blocks {from} to {to} imported from {peer}, head {hash}"));
            }
            few => few.iter().for_each(|block| {
                let (height, proposer, hash) = (block.height, &block.proposer, block.hash.short());
                journal::info(format_args!("block {height} imported from {peer}, proposed by {proposer} {hash}"));
            }),
        }
        Ok(Outcome::Taken)
    }

    fn report_fork(&self, state: &mut State, fork: u64, dropped: u64, peer: &str) {
        let Some(known) = state.peers.get_mut(peer) else { return };
        if known.fork.replace(fork) != Some(fork) {
            let (theirs, most) = (known.head.height, self.identity.max_reorg);
            journal::warn(format_args!(
                "fork: the chain of {peer} parts from ours above {fork} and is better (height {theirs}), but following it would drop {dropped} blocks; {most} is the most this node drops by itself. It stays on its own chain until a person decides"
            ));
        }
    }

    /// File first, then memory: what is answered to anybody is already written.
    fn put(&self, state: &mut State, fork: u64, branch: Vec<Block>) -> Result<(), Refused> {
        if let Err(error) = state.storage.replace_above(fork, &branch) {
            // The file may have lost blocks to a half-done reorg; memory still has them.
            let ours = state.chain.above(fork, usize::MAX - usize::try_from(fork).unwrap_or(0)).to_vec();
            if let Err(again) = state.storage.replace_above(fork, &ours) {
                journal::error(format_args!("the chain file is behind the chain and could not be repaired: {again}"));
            }
            return Err(Refused::Storage(error));
        }
        for block in state.chain.above(fork, usize::MAX - usize::try_from(fork).unwrap_or(0)) {
            state.pool.dropped(block);
        }
        branch.iter().for_each(|block| state.pool.included(block));
        state.chain.adopt(fork, branch);
        state.counters.recorded = state.counters.recorded.min(fork);
        self.head.send_replace(state.chain.head());
        Ok(())
    }

    pub(crate) fn head(&self) -> Head {
        *self.head.borrow()
    }

    pub(crate) fn tip(&self) -> Block {
        self.lock().chain.tip().clone()
    }

    pub(crate) fn block(&self, height: u64) -> Option<Block> {
        self.lock().chain.get(height).cloned()
    }

    pub(crate) fn genesis(&self) -> Hash {
        self.lock().chain.genesis().hash
    }

    pub(crate) fn locator(&self) -> Vec<Head> {
        self.lock().chain.locator()
    }

    /// What a peer with this locator lacks, at most `limit` blocks; nothing if it shares no block with us.
    pub(crate) fn blocks_after(&self, locator: &[Head], limit: usize) -> Vec<Block> {
        let state = self.lock();
        state.chain.last_common(locator).map_or_else(Vec::new, |common| state.chain.above(common, limit).to_vec())
    }

    pub(crate) fn blocks_above(&self, height: u64, limit: usize) -> Vec<Block> {
        self.lock().chain.above(height, limit).to_vec()
    }

    /// Adds a link to a peer; true if it is the first one.
    pub(crate) fn peer_linked(&self, name: &str, head: Head) -> bool {
        let state = &mut *self.lock();
        let peer = state.peers.entry(name.to_owned()).or_insert(Peer { links: 0, head, fork: None });
        peer.links += 1;
        peer.head = head;
        peer.links == 1
    }

    pub(crate) fn peer_seen(&self, name: &str, head: Head) {
        let state = &mut *self.lock();
        if let Some(peer) = state.peers.get_mut(name) {
            peer.head = head;
            // Only a chain that came together with ours again ends a fork; that of the two heights changed does not.
            let extends = |fork: u64| state.chain.holds(&head) && head.height > fork;
            if peer.fork.is_some_and(extends) {
                journal::info(format_args!("the chain of {name} is no fork any more"));
                peer.fork = None;
            }
        }
    }

    /// Takes a link to a peer away; true if it was the last one.
    pub(crate) fn peer_unlinked(&self, name: &str) -> bool {
        let state = &mut *self.lock();
        let Some(peer) = state.peers.get_mut(name) else { return false };
        peer.links -= 1;
        let last = peer.links == 0;
        if last {
            state.peers.remove(name);
        }
        last
    }

    /// The database task tells how far it got; a reorg since then wins over it.
    pub(crate) fn recorded_up_to(&self, head: &Head) {
        let state = &mut *self.lock();
        if state.chain.holds(head) {
            state.counters.recorded = head.height;
        }
    }

    /// What is in a database that just came (back) is not known.
    pub(crate) fn database_is(&self, up: bool) {
        let counters = &mut self.lock().counters;
        counters.database_up = up;
        counters.recorded = 0;
    }

    pub(crate) fn status(&self) -> Status {
        let state = self.lock();
        let Head { height, hash: head } = state.chain.head();
        let ahead = |peer: &Peer| peer.fork.is_none() && peer.head.height >= height + SYNCING_FROM;
        let forks = state.peers.iter().filter_map(|(name, peer)| {
            peer.fork.map(|height| Fork { height, peer: name.clone(), peer_head: peer.head })
        });
        Status {
            node: self.identity.name.clone(),
            height,
            head,
            peers: state.peers.keys().cloned().collect(),
            syncing: state.peers.values().any(ahead),
            // The best of several, as everywhere.
            fork: forks.reduce(|best, fork| if fork.peer_head.beats(&best.peer_head) { fork } else { best }),
            database: state.counters.database_up,
            recorded: state.counters.recorded,
            genesis: state.chain.genesis().hash,
        }
    }

    /// Takes a note that our next block will carry.
    pub(crate) fn submit(&self, note: &str) -> Result<String, Declined> {
        self.lock().pool.add(note)
    }

    pub(crate) fn transaction(&self, id: &str) -> Place {
        let state = self.lock();
        if state.pool.holds(id) {
            return Place::Waiting;
        }
        let block = state.chain.downwards().find(|block| transactions::carries(block, id));
        block.map_or(Place::Unknown, |block| Place::Included(block.height))
    }

    /// Our answer to a challenge.
    pub(crate) fn sign(&self, hash: &Hash) -> Signature {
        self.identity.key.sign(hash)
    }

    /// Is this who it says it is?
    pub(crate) fn recognises(&self, validator: &str, signed: &Hash, signature: &Signature) -> bool {
        self.lock().chain.recognises(validator, signed, signature)
    }

    /// Does this validator's signature over a challenge come from the key that counts now?
    pub(crate) fn accepts(&self, validator: &str, signed: &Hash, signature: &Signature) -> bool {
        self.lock().chain.accepts(validator, signed, signature)
    }

    pub(crate) fn counters(&self) -> Counters {
        self.lock().counters
    }

    pub(crate) fn file(&self) -> io::Result<std::fs::File> {
        self.lock().storage.handle()
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
