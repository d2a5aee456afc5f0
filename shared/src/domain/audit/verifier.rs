//! Checks a chain entry by entry, in order, without holding it; or stretches of it side by side, joined afterwards. Hashes the
//! text as it was kept: nothing is read and written again.

use sha2::{Digest as _, Sha256};

use super::{Link, canonical, genesis};
use crate::digest::Digest;

/// The first thing wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq}: {what}")]
pub struct Broken {
    pub seq: u64,
    pub what: String,
}

/// 64 hexadecimal digits.
pub(super) type Hex = [u8; 64];

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub(super) fn hex(bytes: &[u8]) -> Hex {
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    hex
}

/// Where a stretch begins: its first entry's number and what that points back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    seq: u64,
    previous: Hex,
}

#[derive(Clone, Debug)]
pub struct Verifier {
    seq: u64,
    head: Hex,
    /// `None`: the beginning of the chain, or a stretch that has not begun.
    start: Option<Start>,
    anywhere: bool,
    /// Entries whose hashes are to be noted, ascending, each once; those from `next` on are to come.
    wanted: Vec<u64>,
    next: usize,
    noted: Vec<(u64, Digest)>,
    /// `previous`, a newline, the entry: what is hashed.
    hashed: Vec<u8>,
}

impl Default for Verifier {
    fn default() -> Self {
        let head = hex(genesis().as_bytes());
        Self { seq: 0, head, start: None, anywhere: false, wanted: vec![], next: 0, noted: vec![], hashed: vec![] }
    }
}

impl Verifier {
    /// Notes the hashes of these entries (ascending, each once) as it passes them: for heads.
    #[must_use]
    pub fn noting(wanted: &[u64]) -> Self {
        Self { wanted: wanted.to_vec(), ..Self::default() }
    }

    /// For a stretch whose beginning is not known yet: it is believed until [`Verifier::join`].
    #[must_use]
    pub fn anywhere(wanted: &[u64]) -> Self {
        Self { anywhere: true, ..Self::noting(wanted) }
    }

    /// # Errors
    /// If the link does not follow from those before it; the verifier stands where it stood.
    pub fn check(&mut self, link: &Link) -> Result<(), Broken> {
        self.check_text(&link.entry, &hex(link.previous.as_bytes()), &hex(link.hash.as_bytes()))
    }

    pub(super) fn check_text(&mut self, entry: &str, previous: &[u8], hash: &[u8]) -> Result<(), Broken> {
        let seq = canonical::seq_of(entry).map_err(|what| self.broken(what))?;
        self.begin(seq, previous);
        if seq != self.seq + 1 {
            return Err(self.broken(missing(seq)));
        }
        if previous != self.head {
            return Err(self.broken(NOT_AFTER));
        }
        self.hashed.clear();
        self.hashed.extend_from_slice(&self.head);
        self.hashed.push(b'\n');
        self.hashed.extend_from_slice(entry.as_bytes());
        let digest = Digest::from_bytes(Sha256::digest(&self.hashed).into());
        let found = hex(digest.as_bytes());
        if found != hash {
            return Err(self.broken("was altered: its text does not give its hash"));
        }
        self.seq = seq;
        self.head = found;
        self.note(digest);
        Ok(())
    }

    fn begin(&mut self, seq: u64, previous: &[u8]) {
        if !self.anywhere || self.start.is_some() || seq == 0 {
            return;
        }
        if let Ok(previous) = Hex::try_from(previous) {
            self.start = Some(Start { seq, previous });
            self.seq = seq - 1;
            self.head = previous;
            self.next = self.wanted.partition_point(|wanted| *wanted < seq);
        }
    }

    fn note(&mut self, digest: Digest) {
        if self.wanted.get(self.next) == Some(&self.seq) {
            self.noted.push((self.seq, digest));
            self.next += 1;
        }
    }

    /// Goes on with a stretch that was checked beside this one.
    ///
    /// # Errors
    /// If the stretch does not follow; or what was found wrong in it.
    pub fn join(&mut self, stretch: Self, broken: Option<String>) -> Result<(), Broken> {
        if let Some(start) = stretch.start {
            if start.seq != self.seq + 1 {
                return Err(self.broken(missing(start.seq)));
            }
            if start.previous != self.head {
                return Err(self.broken(NOT_AFTER));
            }
            self.seq = stretch.seq;
            self.head = stretch.head;
            self.noted.extend(stretch.noted);
        }
        broken.map_or(Ok(()), |what| Err(self.broken(what)))
    }

    fn broken(&self, what: impl Into<String>) -> Broken {
        Broken { seq: self.seq + 1, what: what.into() }
    }

    /// How many entries were checked, and the last hash.
    #[must_use]
    pub fn head(&self) -> (u64, Digest) {
        let text = std::str::from_utf8(&self.head).ok().and_then(|text| text.parse().ok());
        (self.seq, text.unwrap_or_else(genesis))
    }

    /// The hashes asked for that were passed, ascending.
    #[must_use]
    pub fn noted(&self) -> &[(u64, Digest)] {
        &self.noted
    }
}

const NOT_AFTER: &str = "does not follow from the entry before it";

fn missing(found: u64) -> String {
    format!("is missing; found entry {found} in its place")
}
