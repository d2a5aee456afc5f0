//! The chain rule of the audit log and its verifier. Knows entries as text; where they are kept is not its business.

mod canonical;
pub mod document;
pub mod export;
pub mod head;
mod verifier;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::verifier::{Broken, Verifier};
use crate::{
    digest::{Digest, canonical_json},
    domain::actor::Actor,
    timestamp::Timestamp,
};

/// What is written down about one change or one refused attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
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
        links.iter().try_for_each(|l| verifier.check(l))?;
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

    #[test]
    fn what_is_hashed_rightly_but_is_not_the_entry_it_should_be_is_found() {
        let whole = chain(3);
        for (from, to, words) in [
            ("\"seq\":2", "\"seq\":3", "is missing; found entry 3"),
            ("\"denied\":false", "\"denied\": false", "not an entry in canonical JSON"),
            ("\"action\"", "\"ACTION\"", "not an entry in canonical JSON"),
        ] {
            let mut forged = whole.clone();
            forged[1].entry = forged[1].entry.replace(from, to);
            forged[1].hash = hash(forged[1].previous, &forged[1].entry);
            let broken = verify(&forged).unwrap_err();
            assert_eq!(broken.seq, 2);
            assert!(broken.what.contains(words), "{broken}");
        }
    }

    #[test]
    fn an_empty_chain_holds_and_ends_where_every_chain_begins() {
        assert_eq!(verify(&[]), Ok(0));
        assert_eq!(Verifier::default().head(), (0, genesis()));
    }
}
