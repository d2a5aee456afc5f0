//! Whose signature counts at which height, and signing itself. Reads and writes no file (keyfiles.rs).

use std::collections::BTreeMap;
use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::block::Hash;
use crate::hex;

/// An ed25519 signature; hexadecimal wherever people or other programs see it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Signature([u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..6]))
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        hex::encode(&signature.0)
    }
}

impl TryFrom<String> for Signature {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refuse = || format!("'{text}' is not a signature of 128 hexadecimal digits");
        hex::decode(&text).map(Signature).ok_or_else(refuse)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    pub(crate) fn verifies(&self, hash: &Hash, signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        // Strict: one block has one signature, however cleverly somebody bends it.
        self.0.verify_strict(hash.bytes(), &signature).is_ok()
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

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let key = hex::decode(&text).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        key.map(PublicKey).ok_or_else(|| format!("'{text}' is not a public key of 64 hexadecimal digits"))
    }
}

/// Says nothing of itself in any output; only `text` gives it away, for its file.
#[derive(Clone)]
pub(crate) struct SecretKey(SigningKey);

impl SecretKey {
    /// A new one, from the operating system's randomness.
    pub(crate) fn random() -> Result<Self, String> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| format!("the system gives no randomness: {error}"))?;
        Ok(SecretKey(SigningKey::from_bytes(&seed)))
    }

    /// What stands in a key file.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // The text itself is a secret and stays out of the message.
        let seed = hex::decode(text.trim_ascii()).ok_or("it is not one line of 64 hexadecimal digits")?;
        Ok(SecretKey(SigningKey::from_bytes(&seed)))
    }

    pub(crate) fn text(&self) -> String {
        hex::encode(self.0.as_bytes())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, hash: &Hash) -> Signature {
        Signature(self.0.sign(hash.bytes()).to_bytes())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listed {
    pub(crate) from_height: u64,
    pub(crate) public_key: PublicKey,
}

/// validators.json: for every validator its keys, each from a height on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keyring(BTreeMap<String, Vec<Listed>>);

impl Keyring {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let keys: BTreeMap<String, Vec<Listed>> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        for (name, listed) in &keys {
            if listed.is_empty() {
                return Err(format!("'{name}' has no key"));
            }
            if !listed.is_sorted_by_key(|key| key.from_height) {
                return Err(format!("the keys of '{name}' are not in the order of their from_height"));
            }
        }
        Ok(Keyring(keys))
    }

    pub(crate) fn text(&self) -> Result<String, String> {
        serde_json::to_string_pretty(&self.0).map(|text| text + "\n").map_err(|error| error.to_string())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The key that signs for this validator at this height: the last one listed whose time has come.
    pub(crate) fn at(&self, name: &str, height: u64) -> Option<&PublicKey> {
        let listed = self.0.get(name)?;
        listed.iter().rev().find(|key| key.from_height <= height).map(|key| &key.public_key)
    }

    /// From which heights a validator's key is listed; empty if it is not.
    pub(crate) fn heights_of(&self, name: &str, key: &PublicKey) -> Vec<u64> {
        let listed = self.0.get(name).map_or(&[][..], Vec::as_slice);
        listed.iter().filter(|listed| listed.public_key == *key).map(|listed| listed.from_height).collect()
    }

    /// Lists a first key, or the next one; older heights keep theirs.
    pub(crate) fn add(&mut self, name: &str, from_height: u64, public_key: PublicKey) -> Result<(), String> {
        let listed = self.0.entry(name.to_owned()).or_default();
        if let Some(last) = listed.last().filter(|last| last.from_height > from_height) {
            let last = last.from_height;
            return Err(format!("'{name}' already has a key from height {last} on, later than {from_height}"));
        }
        listed.push(Listed { from_height, public_key });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SecretKey {
        SecretKey::parse(&hex::encode(&[seed; 32])).unwrap()
    }

    #[test]
    fn only_its_own_key_and_content_verify() {
        let (hash, other) = (Hash::of(&[b"a"]), Hash::of(&[b"b"]));
        let signature = key(1).sign(&hash);
        assert!(key(1).public().verifies(&hash, &signature));
        assert!(!key(1).public().verifies(&other, &signature));
        assert!(!key(2).public().verifies(&hash, &signature));
        for bit in [0, 255, 256, 511] {
            let mut bent = signature;
            bent.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!key(1).public().verifies(&hash, &bent), "bit {bit}");
        }
    }

    #[test]
    fn a_key_counts_from_its_height_until_the_next() {
        let mut ring = Keyring::default();
        for (height, seed) in [(1, 1), (10, 2), (10, 3), (20, 4)] {
            ring.add("a", height, key(seed).public()).unwrap();
        }
        assert!(ring.add("a", 19, key(5).public()).unwrap_err().contains("20"));
        for (height, seed) in [(1, 1), (9, 1), (10, 3), (19, 3), (20, 4), (u64::MAX, 4)] {
            assert_eq!(ring.at("a", height), Some(&key(seed).public()), "{height}");
        }
        assert_eq!((ring.at("a", 0), ring.at("b", 1)), (None, None));
        assert_eq!(ring.heights_of("a", &key(2).public()), [10]);
        assert_eq!(Keyring::parse(ring.text().unwrap().as_bytes()).unwrap(), ring);
    }

    #[test]
    fn a_wrong_list_of_keys_is_refused_with_the_reason() {
        let public = key(1).public();
        let entry = |height: u64| format!(r#"{{"from_height":{height},"public_key":"{public}"}}"#);
        for (text, reason) in [
            (r#"{"a":[]}"#.to_owned(), "no key"),
            (format!(r#"{{"a":[{},{}]}}"#, entry(2), entry(1)), "order"),
            (r#"{"a":[{"from_height":1,"public_key":"00"}]}"#.to_owned(), "not a public key"),
            (r#"{"a":[{"from_height":1}]}"#.to_owned(), "public_key"),
            (format!(r#"{{"a":[{}]}}"#, entry(1).replace("from_height", "height")), "height"),
            (String::new(), "EOF"),
        ] {
            let error = Keyring::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_secret_is_written_and_read_but_never_shown() {
        let (one, other) = (SecretKey::random().unwrap(), SecretKey::random().unwrap());
        assert_ne!(one.text(), other.text());
        assert_eq!(SecretKey::parse(&format!("{}\n", one.text())).unwrap().public(), one.public());
        let wrong = format!("{}0", one.text());
        assert!(!SecretKey::parse(&wrong).err().unwrap().contains(&one.text()));
    }
}
