//! Transactions: notes on their way into a block, and how a block's payload carries them. Keeps no chain.

use std::collections::VecDeque;

use crate::block::{Block, Hash};
use crate::hex;

const MAX_NOTE: usize = 200;
const MAX_WAITING: usize = 1_000;
const MAX_PER_BLOCK: usize = 50;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Declined {
    Note(&'static str),
    Full,
}

struct Waiting {
    id: String,
    note: String,
}

/// What this node was given and has not seen in its chain yet. Lost when the node stops.
#[derive(Default)]
pub(crate) struct Pool {
    waiting: VecDeque<Waiting>,
}

impl Pool {
    /// Takes a note and gives it an id.
    pub(crate) fn add(&mut self, note: &str) -> Result<String, Declined> {
        let note = note.trim();
        if note.is_empty() || note.chars().count() > MAX_NOTE {
            return Err(Declined::Note("a note has 1 to 200 characters"));
        }
        if note.chars().any(char::is_control) {
            return Err(Declined::Note("a note is one line without control characters"));
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(Declined::Full);
        }
        let mut salt = [0; 16];
        // Without randomness the note itself would be the id, and two equal notes one transaction.
        getrandom::fill(&mut salt).map_err(|_| Declined::Full)?;
        let id = hex::encode(&Hash::of(&[b"testnet transaction 1", &salt, note.as_bytes()]).bytes()[..16]);
        self.waiting.push_back(Waiting { id: id.clone(), note: note.to_owned() });
        Ok(id)
    }

    pub(crate) fn holds(&self, id: &str) -> bool {
        self.waiting.iter().any(|waiting| waiting.id == id)
    }

    /// What the next block of this proposer should carry; nothing leaves the pool by it.
    pub(crate) fn payload(&self, proposer: &str) -> String {
        let mut payload = format!("reward {proposer} 1");
        for Waiting { id, note } in self.waiting.iter().take(MAX_PER_BLOCK) {
            payload.push_str(&format!("\ntransaction {id} {note}"));
        }
        payload
    }

    /// What stands in a block that was accepted waits no longer.
    pub(crate) fn included(&mut self, block: &Block) {
        if !self.waiting.is_empty() {
            self.waiting.retain(|waiting| !carries(block, &waiting.id));
        }
    }

    /// What stood in a block of ours that was dropped waits again.
    pub(crate) fn dropped(&mut self, block: &Block) {
        for (id, note) in of(block).filter(|(id, _)| !self.holds(id)).collect::<Vec<_>>() {
            self.waiting.push_back(Waiting { id: id.to_owned(), note: note.to_owned() });
        }
    }
}

fn of(block: &Block) -> impl Iterator<Item = (&str, &str)> {
    block.payload.lines().filter_map(|line| line.strip_prefix("transaction ")?.split_once(' '))
}

pub(crate) fn carries(block: &Block, id: &str) -> bool {
    of(block).any(|(carried, _)| carried == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(payload: String) -> Block {
        Block::seal(1, Hash::ZERO, 1_000, "a", payload)
    }

    #[test]
    fn a_note_waits_until_a_block_carries_it_and_again_if_that_is_dropped() {
        let mut pool = Pool::default();
        let (one, two) = (pool.add("hello").unwrap(), pool.add(" hello ").unwrap());
        assert_ne!(one, two);
        let block = block(pool.payload("a"));
        assert!(carries(&block, &one) && carries(&block, &two) && !carries(&block, "other"));
        assert!(pool.holds(&one));
        pool.included(&block);
        assert!(!pool.holds(&one) && !pool.holds(&two));
        assert_eq!(pool.payload("a"), "reward a 1");
        pool.dropped(&block);
        pool.dropped(&block);
        assert_eq!(pool.payload("a"), block.payload);
    }

    #[test]
    fn notes_that_could_forge_a_line_or_fill_the_memory_are_declined() {
        let mut pool = Pool::default();
        for note in ["", "  ", "a\ntransaction 1 b", "a\rb", &"x".repeat(201)] {
            assert!(matches!(pool.add(note), Err(Declined::Note(_))), "{note:?}");
        }
        for _ in 0..MAX_WAITING {
            pool.add("x").unwrap();
        }
        assert_eq!(pool.add("x"), Err(Declined::Full));
        assert_eq!(pool.payload("a").lines().count(), 1 + MAX_PER_BLOCK);
    }
}
