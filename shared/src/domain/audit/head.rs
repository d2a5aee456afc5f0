//! Heads: what the end of the chain was at an instant, signed, to be kept where whoever can alter the database cannot reach. What
//! a chain must meet. Signs nothing and reads no file.

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::Broken;
use crate::{
    digest::{Digest, canonical_json},
    hex,
    timestamp::Timestamp,
};

/// The end of the chain at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub seq: u64,
    pub hash: Digest,
    pub at: Timestamp,
    /// [`PublicKey::id`] of the key that signed it.
    pub key: String,
    /// The installation that signed it; outlives its keys.
    pub install: Uuid,
}

/// Whose signatures are believed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    #[must_use]
    pub fn new(key: VerifyingKey) -> Self {
        Self(key)
    }

    /// Whether this signature of these bytes is of this key.
    #[must_use]
    pub fn holds(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(message, signature).is_ok()
    }

    /// Short enough for people to compare by eye.
    #[must_use]
    pub fn id(&self) -> String {
        Digest::of(self.0.as_bytes()).to_string().chars().take(16).collect()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key is 64 lower-case hexadecimal digits, as `muster audit key` prints it")]
pub struct NotAKey;

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let bytes = hex::decode(text).ok_or(NotAKey)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| NotAKey)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One line of a heads file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    /// Canonical JSON of a [`Head`].
    pub head: String,
    pub public_key: PublicKey,
    /// Over [`signed_bytes`], in hexadecimal.
    pub signature: String,
}

/// What a head's signature is over. The first line keeps it from meaning anything else.
#[must_use]
pub fn signed_bytes(head: &str) -> Vec<u8> {
    format!("muster audit head v1\n{head}").into_bytes()
}

impl SignedHead {
    #[must_use]
    pub fn new(head: &Head, public_key: PublicKey, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Self {
        let head = canonical_json(head);
        let signature = hex::encode(&sign(&signed_bytes(&head)));
        Self { head, public_key, signature }
    }

    /// What was signed, not yet checked.
    ///
    /// # Errors
    /// What is wrong, as it reads after "line 3".
    pub fn claim(&self) -> Result<Head, String> {
        let head: Head = serde_json::from_str(&self.head).map_err(|e| format!("holds no head: {e}"))?;
        if canonical_json(&head) != self.head || head.key != self.public_key.id() {
            return Err("is not as Muster writes it".into());
        }
        Ok(head)
    }

    /// # Errors
    /// If it was altered, or signed by another key than it says.
    pub fn check(&self) -> Result<(), String> {
        let signature = hex::decode(&self.signature).map(|bytes| Signature::from_bytes(&bytes));
        let message = signed_bytes(&self.head);
        let holds = signature.is_some_and(|signature| self.public_key.0.verify_strict(&message, &signature).is_ok());
        if holds { Ok(()) } else { Err("was altered: its signature does not fit".into()) }
    }
}

/// Heads to hold a chain against.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    /// Ascending by entry, each checked.
    heads: Vec<Head>,
    keys: Vec<PublicKey>,
    pinned: Vec<PublicKey>,
    /// Lines that are none, and why.
    faults: Vec<String>,
}

impl Heads {
    /// `pinned`: the only keys that are believed; none given, every key that stands in the lines is.
    #[must_use]
    pub fn believing(pinned: &[PublicKey]) -> Self {
        Self { pinned: pinned.to_vec(), ..Self::default() }
    }

    /// Takes the lines of one file. `name` is for people.
    pub fn read(&mut self, name: &str, text: &str) {
        for (number, line) in (1..).zip(text.lines()) {
            if !line.trim().is_empty()
                && let Err(why) = self.take(line)
            {
                self.faults.push(format!("{name}, line {number} {why}"));
            }
        }
        self.heads.sort_by_key(|head| head.seq);
    }

    fn take(&mut self, line: &str) -> Result<(), String> {
        let signed: SignedHead = serde_json::from_str(line).map_err(|e| format!("cannot be read: {e}"))?;
        let head = signed.claim()?;
        if !self.pinned.is_empty() && !self.pinned.contains(&signed.public_key) {
            return Err(format!("is signed by the key {}, which is not one of those to be believed", head.key));
        }
        signed.check()?;
        if !self.keys.contains(&signed.public_key) {
            self.keys.push(signed.public_key);
        }
        self.heads.push(head);
        Ok(())
    }

    /// The entries that heads are of, ascending, each once: for [`super::Verifier::noting`].
    #[must_use]
    pub fn seqs(&self) -> Vec<u64> {
        let mut seqs: Vec<u64> = self.heads.iter().map(|head| head.seq).collect();
        seqs.dedup();
        seqs
    }

    #[must_use]
    pub fn newest(&self) -> Option<&Head> {
        self.heads.last()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Whose signatures were found and held.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Whether the keys were named from outside.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        !self.pinned.is_empty()
    }

    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The first head that a chain of so many entries does not meet. `noted`: the hashes of its entries at [`Heads::seqs`].
    ///
    /// # Errors
    /// Which entry, and what must have happened to the chain.
    pub fn meet(&self, entries: u64, noted: &[(u64, Digest)]) -> Result<(), Broken> {
        for head in &self.heads {
            let found = noted.binary_search_by_key(&head.seq, |(seq, _)| *seq).ok().and_then(|at| noted.get(at));
            let broken = match found {
                Some((_, hash)) if *hash == head.hash => continue,
                Some(_) => Broken {
                    seq: head.seq,
                    what: format!(
                        "is not the one that was signed at {}: the chain was computed anew, or goes on from an older copy of the database",
                        head.at.utc_text()
                    ),
                },
                None => Broken {
                    seq: entries + 1,
                    what: format!(
                        "is missing; entry {} was signed at {}, so the end was cut off or an older copy of the database was restored",
                        head.seq,
                        head.at.utc_text()
                    ),
                },
            };
            return Err(broken);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    fn signed(seq: u64, hash: Digest, secret: u8) -> SignedHead {
        let key = SigningKey::from_bytes(&[secret; 32]);
        let public = PublicKey::new(key.verifying_key());
        let head = Head { seq, hash, at: Timestamp::from_unix(1000), key: public.id(), install: Uuid::nil() };
        SignedHead::new(&head, public, |bytes| key.sign(bytes).to_bytes())
    }

    fn text(heads: &[SignedHead]) -> String {
        heads.iter().map(|head| serde_json::to_string(head).unwrap() + "\n").collect()
    }

    fn of(n: u64) -> Digest {
        Digest::of(&n.to_be_bytes())
    }

    #[test]
    fn a_head_says_what_was_signed_and_nothing_altered_passes() {
        let head = signed(10, of(10), 1);
        assert_eq!(head.claim().unwrap().seq, 10);
        assert_eq!(head.check(), Ok(()));
        let line = serde_json::to_string(&head).unwrap();
        let other = signed(10, of(10), 2);
        for altered in [
            line.replace("\\\"seq\\\":10", "\\\"seq\\\":11"),
            line.replace(&of(10).to_string(), &of(11).to_string()),
            line.replace(&head.signature, &other.signature),
            line.replace(&head.public_key.to_string(), &other.public_key.to_string()),
            line.replace("\\\"seq\\\":10", "\\\"seq\\\": 10"),
            line.replace(&head.signature, &head.signature.to_uppercase()),
            line[..line.len() - 9].to_owned(),
            "{}".into(),
        ] {
            let mut heads = Heads::believing(&[]);
            heads.read("heads", &altered);
            assert_eq!((heads.len(), heads.faults().len()), (0, 1), "{altered}");
            assert!(heads.faults()[0].starts_with("heads, line 1 "), "{:?}", heads.faults());
        }
    }

    #[test]
    fn a_foreign_key_is_not_believed_where_keys_are_named() {
        let (ours, theirs) = (signed(10, of(10), 1), signed(20, of(20), 2));
        let mut heads = Heads::believing(&[ours.public_key]);
        heads.read("heads", &text(&[ours.clone(), theirs.clone()]));
        assert_eq!((heads.seqs(), heads.is_pinned()), (vec![10], true));
        assert!(heads.faults()[0].contains(&theirs.public_key.id()), "{:?}", heads.faults());
        let mut trusting = Heads::believing(&[]);
        trusting.read("heads", &text(&[theirs, ours]));
        assert_eq!((trusting.seqs(), trusting.keys().len(), trusting.faults().len()), (vec![10, 20], 2, 0));
    }

    #[test]
    fn a_chain_meets_its_heads_or_is_told_what_happened_to_it() {
        let mut heads = Heads::believing(&[]);
        heads.read("heads", &text(&[signed(10, of(10), 1), signed(20, of(20), 1), signed(20, of(20), 2)]));
        assert_eq!(heads.newest().map(|head| head.seq), Some(20));
        assert_eq!(heads.meet(25, &[(10, of(10)), (20, of(20))]), Ok(()));
        let anew = heads.meet(25, &[(10, of(1)), (20, of(2))]).unwrap_err();
        assert!(anew.seq == 10 && anew.what.contains("computed anew"), "{anew}");
        let cut = heads.meet(15, &[(10, of(10))]).unwrap_err();
        assert!(cut.seq == 16 && cut.what.contains("cut off"), "{cut}");
        let empty = heads.meet(0, &[]).unwrap_err();
        assert_eq!(empty.seq, 1);
        assert_eq!(Heads::default().meet(0, &[]), Ok(()));
    }

    #[test]
    fn two_heads_of_one_entry_that_differ_cannot_both_be_met() {
        let mut heads = Heads::believing(&[]);
        heads.read("heads", &text(&[signed(10, of(10), 1), signed(10, of(11), 2)]));
        assert!(heads.meet(10, &[(10, of(10))]).is_err() && heads.meet(10, &[(10, of(11))]).is_err());
    }
}
