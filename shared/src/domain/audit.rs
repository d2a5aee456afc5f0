//! The chain rule of the audit log and its verifier. Knows entries as text; where they are kept is not its business.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    digest::{Digest, canonical_json},
    domain::actor::Actor,
    timestamp::Timestamp,
};

/// What is written down about one change or one refused attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: u64,
    pub at: Timestamp,
    pub by: Actor,
    /// `noun.verb` in the past tense: `run.approved`, `session.refused`.
    pub action: String,
    /// What it was done to: `incident 12`.
    pub object: String,
    pub denied: bool,
    pub detail: Value,
}

/// An entry as kept: canonical text and the links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Canonical JSON of an [`Entry`].
    pub entry: String,
    pub previous: Digest,
    pub hash: Digest,
}

/// What the first entry points back to.
#[must_use]
pub fn genesis() -> Digest {
    Digest::of(b"muster audit chain v1")
}

/// The next link after `previous`. hash = SHA-256(previous as hex, newline, canonical entry).
#[must_use]
pub fn link(previous: Digest, entry: &Entry) -> Link {
    let text = canonical_json(entry);
    Link { hash: hash(previous, &text), previous, entry: text }
}

fn hash(previous: Digest, text: &str) -> Digest {
    Digest::of(format!("{previous}\n{text}").as_bytes())
}

/// The first thing wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq}: {what}")]
pub struct Broken {
    pub seq: u64,
    pub what: String,
}

/// Checks links one by one, in order, without holding them.
#[derive(Clone, Copy, Debug)]
pub struct Verifier {
    seq: u64,
    head: Digest,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { seq: 0, head: genesis() }
    }
}

impl Verifier {
    /// # Errors
    /// If the link does not follow from those before it.
    pub fn check(&mut self, link: &Link) -> Result<Entry, Broken> {
        let seq = self.seq + 1;
        let broken = |what: String| Broken { seq, what };
        let entry: Entry = serde_json::from_str(&link.entry).map_err(|e| broken(format!("is not readable: {e}")))?;
        if entry.seq != seq {
            return Err(broken(format!("is missing; found entry {} in its place", entry.seq)));
        }
        if link.previous != self.head {
            return Err(broken("does not follow from the entry before it".into()));
        }
        if hash(self.head, &link.entry) != link.hash {
            return Err(broken("was altered: its text does not give its hash".into()));
        }
        self.seq = seq;
        self.head = link.hash;
        Ok(entry)
    }

    /// How many entries were checked, and the last hash.
    #[must_use]
    pub fn head(&self) -> (u64, Digest) {
        (self.seq, self.head)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chain(n: u64) -> Vec<Link> {
        let mut previous = genesis();
        (1..=n)
            .map(|seq| {
                let entry = Entry {
                    seq,
                    at: Timestamp::from_unix(1000),
                    by: Actor::Muster,
                    action: "run.expired".into(),
                    object: format!("run {seq}"),
                    denied: false,
                    detail: json!({"n": seq}),
                };
                let link = link(previous, &entry);
                previous = link.hash;
                link
            })
            .collect()
    }

    fn verify(links: &[Link]) -> Result<u64, Broken> {
        let mut verifier = Verifier::default();
        links.iter().try_for_each(|l| verifier.check(l).map(drop))?;
        Ok(verifier.head().0)
    }

    #[test]
    fn an_untouched_chain_holds() {
        assert_eq!(verify(&chain(5)), Ok(5));
    }

    #[test]
    fn deletion_alteration_insertion_and_swap_are_found_where_they_are() {
        let whole = chain(5);
        let mut deleted = whole.clone();
        deleted.remove(2);
        assert_eq!(verify(&deleted).unwrap_err().seq, 3);

        let mut altered = whole.clone();
        altered[1].entry = altered[1].entry.replace("run 2", "run 7");
        assert_eq!(verify(&altered).unwrap_err().seq, 2);

        let mut inserted = whole.clone();
        inserted.insert(1, whole[1].clone());
        assert_eq!(verify(&inserted).unwrap_err().seq, 3);

        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        assert_eq!(verify(&swapped).unwrap_err().seq, 2);
    }
}
