//! Documents that are signed with the installation's key, to be shown to others: what a signature is over, and whether it holds. Signs
//! nothing and reads no file.

use ed25519_dalek::Signature;
use serde::{Deserialize, Serialize};

use super::head::PublicKey;
use crate::hex;

/// What leaves the house: the text as it was signed, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedDocument {
    /// What it is: `readiness-report`.
    pub kind: String,
    /// JSON.
    pub document: String,
    /// 64 hexadecimal digits, as `muster audit key` prints it.
    pub public_key: String,
    /// Of kind and document, in hexadecimal.
    pub signature: String,
}

/// What a document's signature is over. The first line keeps it from meaning anything else.
#[must_use]
pub fn signed_bytes(kind: &str, document: &str) -> Vec<u8> {
    format!("muster {kind} v1\n{document}").into_bytes()
}

impl SignedDocument {
    #[must_use]
    pub fn new(kind: &str, document: String, public_key: PublicKey, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Self {
        let signature = hex::encode(&sign(&signed_bytes(kind, &document)));
        Self { kind: kind.to_owned(), document, public_key: public_key.to_string(), signature }
    }

    /// Whose signature holds.
    ///
    /// # Errors
    /// What is wrong, as a sentence without its full stop.
    pub fn check(&self, pinned: &[PublicKey]) -> Result<PublicKey, String> {
        let key: PublicKey = self.public_key.parse().map_err(|_| "the document names no public key".to_owned())?;
        if !pinned.is_empty() && !pinned.contains(&key) {
            return Err(format!(
                "the document is signed by the key {}, which is not one of those to be believed",
                key.id()
            ));
        }
        let signature = hex::decode(&self.signature).map(|bytes| Signature::from_bytes(&bytes));
        let message = signed_bytes(&self.kind, &self.document);
        match signature {
            Some(signature) if key.holds(&message, &signature) => Ok(key),
            _ => Err("the document was altered: its signature does not fit".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    #[test]
    fn one_byte_that_was_changed_is_found() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = PublicKey::new(key.verifying_key());
        let other = PublicKey::new(SigningKey::from_bytes(&[8; 32]).verifying_key());
        let signed =
            SignedDocument::new("readiness-report", "{\"score\":61}".into(), public, |b| key.sign(b).to_bytes());
        assert_eq!(signed.check(&[]), Ok(public));
        assert_eq!(signed.check(&[public]), Ok(public));
        assert!(signed.check(&[other]).unwrap_err().contains("not one of those"));
        for altered in [
            SignedDocument { document: "{\"score\":91}".into(), ..signed.clone() },
            SignedDocument { kind: "audit head".into(), ..signed.clone() },
            SignedDocument { public_key: other.to_string(), ..signed.clone() },
            SignedDocument { signature: signed.signature.replacen(|c| c != '0', "0", 1), ..signed.clone() },
            SignedDocument { signature: String::new(), ..signed.clone() },
        ] {
            assert!(altered.check(&[]).is_err(), "{altered:?}");
        }
    }
}
