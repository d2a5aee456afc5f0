//! What the ledger answers: how the node stands, and what became of what it was offered. Words only; holds no state.

use std::{fmt, io};

use serde::Serialize;

use crate::block::{Hash, Head};
use crate::chain::Invalid;

/// Why an offered branch is not on our chain.
#[derive(Debug)]
pub(crate) enum Refused {
    Invalid(Invalid),
    /// The file could not be written; the chain is as before.
    Storage(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Storage(error) => write!(f, "the chain file could not be written, the chain stays as it is: {error}"),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Status {
    pub(crate) node: String,
    pub(crate) height: u64,
    pub(crate) head: Hash,
    /// Names of those connected now.
    pub(crate) peers: Vec<String>,
    pub(crate) syncing: bool,
    pub(crate) fork: Option<Fork>,
    /// Whether the database answers.
    pub(crate) database: bool,
    /// The highest block known to be in the database.
    pub(crate) recorded: u64,
    pub(crate) genesis: Hash,
}

/// A peer's better chain that this node does not follow by itself: it would have to drop too many of its own blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fork {
    /// The last block both chains have.
    pub(crate) height: u64,
    pub(crate) peer: String,
    pub(crate) peer_head: Head,
}

/// What became of a branch that a peer offered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Taken,
    NotBetter,
    Unlinked,
    /// Better, but taking it needs a person's decision.
    TooDeep,
}

/// Where a transaction is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Waiting,
    Included(u64),
    Unknown,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) produced: u64,
    pub(crate) imported: u64,
    pub(crate) reorgs: u64,
    /// The highest block known to be in the database.
    pub(crate) recorded: u64,
    pub(crate) database_up: bool,
}
