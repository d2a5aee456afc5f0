//! The chain and its laws: what may follow what, and which of two chains is right. Pure; no file, no socket, no clock.

use std::fmt;

use crate::block::{Block, Hash, Head};
use crate::keys::{Keyring, SecretKey, Signature};
use crate::stakes::{SLOT_MS, Stakes};

/// 2026-01-01T00:00:00Z: every network starts here, so equal stakes give equal genesis blocks.
const GENESIS_MS: u64 = 1_767_225_600_000;
/// How far a block may be ahead of our clock.
const MAX_AHEAD_MS: u64 = 5_000;

/// Why a block cannot stand where it claims to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) height: u64,
    pub(crate) reason: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {} is invalid: {}", self.height, self.reason)
    }
}

/// What a branch offered by a peer is worth to us.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It wins; everything above `fork` gives way to it.
    Better { fork: u64 },
    /// Valid, but our own chain wins.
    NotBetter,
    /// It starts from a block we do not have.
    Unlinked,
}

/// When a validator may propose next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Now,
    At(u64),
}

pub(crate) struct Chain {
    stakes: Stakes,
    /// `None`: signatures are not looked at. A node always has its keys; a look at a file's shape needs none.
    keys: Option<Keyring>,
    genesis: Block,
    /// Heights from 1 on; the block of height h is at h - 1.
    blocks: Vec<Block>,
}

impl Chain {
    /// The genesis commits to the stakes only, so that a new key does not make a new network.
    pub(crate) fn new(stakes: Stakes, keys: Option<Keyring>) -> Self {
        let genesis = Block::seal(0, Hash::ZERO, GENESIS_MS, "genesis", stakes.canonical());
        Chain { stakes, keys, genesis, blocks: Vec::new() }
    }

    pub(crate) fn genesis(&self) -> &Block {
        &self.genesis
    }

    pub(crate) fn tip(&self) -> &Block {
        self.blocks.last().unwrap_or(&self.genesis)
    }

    pub(crate) fn head(&self) -> Head {
        self.tip().head()
    }

    pub(crate) fn get(&self, height: u64) -> Option<&Block> {
        match height.checked_sub(1) {
            None => Some(&self.genesis),
            Some(at) => self.blocks.get(usize::try_from(at).ok()?),
        }
    }

    /// From the newest block down to the genesis.
    pub(crate) fn downwards(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().rev().chain([&self.genesis])
    }

    pub(crate) fn holds(&self, head: &Head) -> bool {
        self.get(head.height).is_some_and(|block| block.hash == head.hash)
    }

    /// Blocks above `height`, at most `limit` of them.
    pub(crate) fn above(&self, height: u64, limit: usize) -> &[Block] {
        let start = usize::try_from(height).unwrap_or(usize::MAX).min(self.blocks.len());
        &self.blocks[start..self.blocks.len().min(start + limit)]
    }

    /// May `block` stand right after `parent`, seen at the time `now_ms`?
    fn check(&self, parent: &Block, block: &Block, now_ms: u64) -> Result<(), Invalid> {
        let refuse = |reason: String| Err(Invalid { height: block.height, reason });
        if block.height != parent.height + 1 {
            return refuse(format!("it should have the height {}", parent.height + 1));
        }
        if block.prev_hash != parent.hash {
            return refuse(format!("it links to {:?}, the block before it is {:?}", block.prev_hash, parent.hash));
        }
        if block.hash != block.computed_hash() {
            return refuse("its hash does not match its content".to_owned());
        }
        let slot = block.timestamp_ms / SLOT_MS;
        if slot <= parent.timestamp_ms / SLOT_MS {
            return refuse("its slot is not later than the one of the block before it".to_owned());
        }
        if block.timestamp_ms > now_ms.saturating_add(MAX_AHEAD_MS) {
            return refuse(format!("it is {} ms ahead of this node's clock", block.timestamp_ms - now_ms));
        }
        let opens = self.stakes.opens_at(&block.proposer, &parent.hash, slot);
        if opens.is_none_or(|opens| block.timestamp_ms < opens) {
            return refuse(format!("it was not the turn of '{}'", block.proposer));
        }
        self.check_signature(block).map_err(|reason| Invalid { height: block.height, reason })
    }

    fn check_signature(&self, block: &Block) -> Result<(), String> {
        let Some(signature) = &block.signature else { return Err("it is not signed".to_owned()) };
        let Some(keys) = &self.keys else { return Ok(()) };
        let Block { proposer, height, .. } = block;
        match keys.at(proposer, *height) {
            None => Err(format!("'{proposer}' has no key at height {height}")),
            Some(key) if key.verifies(&block.hash, signature) => Ok(()),
            Some(_) => Err(format!("its signature is not of the key that '{proposer}' has at height {height}")),
        }
    }

    /// Is this the key that counts for the next block of `name`?
    pub(crate) fn may_sign(&self, name: &str, key: &SecretKey) -> bool {
        let listed = self.keys.as_ref().and_then(|keys| keys.at(name, self.head().height + 1));
        listed.is_some_and(|listed| *listed == key.public())
    }

    /// Did a validator sign this with the newest key it has, wherever our own chain stands?
    pub(crate) fn recognises(&self, name: &str, signed: &Hash, signature: &Signature) -> bool {
        let newest = self.keys.as_ref().and_then(|keys| keys.at(name, u64::MAX));
        newest.is_some_and(|key| key.verifies(signed, signature))
    }

    /// Did a validator sign this with the key that counts for its next block?
    pub(crate) fn accepts(&self, name: &str, signed: &Hash, signature: &Signature) -> bool {
        let listed = self.keys.as_ref().and_then(|keys| keys.at(name, self.head().height + 1));
        listed.is_some_and(|key| key.verifies(signed, signature))
    }

    /// Adds a block on top, for loading what was once accepted.
    pub(crate) fn push(&mut self, block: Block, now_ms: u64) -> Result<(), Invalid> {
        self.check(self.tip(), &block, now_ms)?;
        self.blocks.push(block);
        Ok(())
    }

    /// Judges a branch: a run of blocks, the first of which should link to one of ours.
    pub(crate) fn judge(&self, branch: &[Block], now_ms: u64) -> Result<Verdict, Invalid> {
        let Some(first) = branch.first() else { return Ok(Verdict::NotBetter) };
        let parent = first.height.checked_sub(1).and_then(|height| self.get(height));
        let Some(mut parent) = parent.filter(|parent| parent.hash == first.prev_hash) else {
            return Ok(Verdict::Unlinked);
        };
        let fork = parent.height;
        for block in branch {
            self.check(parent, block, now_ms)?;
            parent = block;
        }
        Ok(if parent.head().beats(&self.head()) { Verdict::Better { fork } } else { Verdict::NotBetter })
    }

    /// Replaces everything above `fork` by a branch that was judged better.
    pub(crate) fn adopt(&mut self, fork: u64, branch: Vec<Block>) {
        self.blocks.truncate(usize::try_from(fork).unwrap_or(usize::MAX));
        self.blocks.extend(branch);
    }

    pub(crate) fn turn(&self, name: &str, now_ms: u64) -> Turn {
        let tip = self.tip();
        let earliest = (tip.timestamp_ms / SLOT_MS + 1).max(now_ms / SLOT_MS);
        match self.stakes.opens_at(name, &tip.hash, earliest) {
            Some(opens) if opens <= now_ms => Turn::Now,
            Some(opens) => Turn::At(opens),
            None => Turn::At((earliest + 1) * SLOT_MS),
        }
    }

    /// The next block, made and signed by `name`; `None` if it is not its turn.
    pub(crate) fn next_block(&self, name: &str, key: &SecretKey, now_ms: u64, payload: String) -> Option<Block> {
        let tip = self.tip();
        let make = || Block::seal(tip.height + 1, tip.hash, now_ms, name, payload).signed(key);
        (self.turn(name, now_ms) == Turn::Now).then(make)
    }

    /// Our chain in a few marks, dense at the top: enough for a peer to find where we part.
    pub(crate) fn locator(&self) -> Vec<Head> {
        let mut marks = Vec::new();
        let (mut height, mut step) = (self.head().height, 1);
        while let Some(block) = self.get(height).filter(|block| block.height > 0) {
            marks.push(block.head());
            step = if marks.len() < 10 { 1 } else { step * 2 };
            height = height.saturating_sub(step);
        }
        marks.push(self.genesis.head());
        marks
    }

    /// The highest of a peer's marks that is also on our chain.
    pub(crate) fn last_common(&self, locator: &[Head]) -> Option<u64> {
        locator.iter().filter(|mark| self.holds(mark)).map(|mark| mark.height).max()
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
pub(crate) mod tests;
