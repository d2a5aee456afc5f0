//! What a block is: its canonical header, its hash, its signature. Not here: whether it may follow another block (chain.rs).

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::hex;
use crate::keys::{SecretKey, Signature};

/// A SHA-256 value; hexadecimal wherever people or other programs see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    pub(crate) const ZERO: Hash = Hash([0; 32]);

    /// Hashes the parts, each preceded by its length, so that no two lists of parts give the same input.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut sha = Sha256::new();
        for part in parts {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        Hash(sha.finalize().into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first eight bytes as a number: the lottery draws from it.
    pub(crate) fn draw(&self) -> u64 {
        self.0[..8].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    /// Enough of the hash to recognise it in a log line.
    pub(crate) fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        hex::decode(&text).map(Hash).ok_or_else(|| format!("'{text}' is not a hash of 64 hexadecimal digits"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(crate) height: u64,
    pub(crate) prev_hash: Hash,
    /// Milliseconds since 1970; also names the slot the block was made in.
    pub(crate) timestamp_ms: u64,
    pub(crate) proposer: String,
    pub(crate) payload: String,
    pub(crate) hash: Hash,
    /// The proposer's, over the hash. Only the genesis block, which everybody makes for himself, has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<Signature>,
}

/// Height and hash: all it takes to compare two chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) height: u64,
    pub(crate) hash: Hash,
}

impl Head {
    /// Fork choice: the higher chain, and of two equally high ones the one with the smaller hash.
    pub(crate) fn beats(&self, other: &Head) -> bool {
        self.height > other.height || (self.height == other.height && self.hash < other.hash)
    }
}

impl Block {
    pub(crate) fn seal(height: u64, prev_hash: Hash, timestamp_ms: u64, proposer: &str, payload: String) -> Self {
        let (proposer, hash) = (proposer.to_owned(), Hash::ZERO);
        let mut block = Block { height, prev_hash, timestamp_ms, proposer, payload, hash, signature: None };
        block.hash = block.computed_hash();
        block
    }

    pub(crate) fn signed(self, key: &SecretKey) -> Self {
        Block { signature: Some(key.sign(&self.hash)), ..self }
    }

    /// The hash over the canonical header, whatever the block claims.
    pub(crate) fn computed_hash(&self) -> Hash {
        Hash::of(&[
            b"testnet block 2",
            &self.height.to_be_bytes(),
            &self.prev_hash.0,
            &self.timestamp_ms.to_be_bytes(),
            self.proposer.as_bytes(),
            self.payload.as_bytes(),
        ])
    }

    pub(crate) fn head(&self) -> Head {
        Head { height: self.height, hash: self.hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_field_changes_the_hash() {
        let block = Block::seal(1, Hash::ZERO, 1_000, "a", "p".to_owned());
        let mut others = vec![block.clone(); 5];
        others[0].height = 2;
        others[1].prev_hash = block.hash;
        others[2].timestamp_ms = 1_001;
        others[3].proposer = "ap".to_owned();
        others[3].payload = String::new();
        others[4].payload = "q".to_owned();
        for other in others {
            assert_ne!(other.computed_hash(), block.hash, "{other:?}");
        }
    }

    #[test]
    fn a_hash_survives_json_and_refuses_other_text() {
        let hash = Hash::of(&[b"x"]);
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), hash);
        for wrong in ["\"\"", "\"abc\"", &format!("\"{}\"", "g".repeat(64)), &format!("\"{}\"", "é".repeat(32))] {
            assert!(serde_json::from_str::<Hash>(wrong).is_err(), "{wrong}");
        }
    }
}
