//! The key that signs this installation's heads: made once, kept beside the database and never in it. Signs heads, and documents that are shown to others.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use ed25519_dalek::{Signer as _, SigningKey};
use shared::{
    digest::Digest,
    domain::audit::{
        document::SignedDocument,
        head::{Head, PublicKey, SignedHead},
    },
    hex,
    timestamp::Timestamp,
};
use uuid::Uuid;

/// Signs heads for one installation.
pub struct Signer {
    key: SigningKey,
    install: Uuid,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

fn key_file(data_dir: &Path) -> PathBuf {
    data_dir.join("keys/audit-ed25519")
}

impl Signer {
    /// This installation's, made if there is none.
    ///
    /// # Errors
    /// A sentence if it can be neither read nor made.
    pub fn load_or_make(data_dir: &Path) -> Result<Self, String> {
        let directory = data_dir.join("keys");
        if !directory.is_dir() {
            DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(&directory)
                .map_err(|e| format!("{} cannot be made: {e}", directory.display()))?;
        }
        make_once(&key_file(data_dir), &hex::encode(&rand::random::<[u8; 32]>()))?;
        make_once(&directory.join("install"), &Uuid::from_u128(rand::random()).to_string())?;
        Self::load(data_dir)?.ok_or_else(|| format!("{} is gone again", key_file(data_dir).display()))
    }

    /// This installation's, if there is one. Makes nothing.
    ///
    /// # Errors
    /// A sentence if it is there and cannot be used.
    pub fn load(data_dir: &Path) -> Result<Option<Self>, String> {
        let file = key_file(data_dir);
        let Some(seed) = read(&file)? else { return Ok(None) };
        let seed = hex::decode(seed.trim()).ok_or_else(|| format!("{} holds no key", file.display()))?;
        let mode = fs::metadata(&file).map_or(0, |meta| meta.permissions().mode());
        if mode & 0o077 != 0 {
            tracing::warn!("{} can be read by others: whoever has it can sign heads; chmod 600", file.display());
        }
        let install = data_dir.join("keys/install");
        let id = read(&install)?.unwrap_or_default();
        let id = id.trim().parse().map_err(|_| format!("{} holds no id", install.display()))?;
        Ok(Some(Self { key: SigningKey::from_bytes(&seed), install: id }))
    }

    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::new(self.key.verifying_key())
    }

    #[must_use]
    pub fn install(&self) -> Uuid {
        self.install
    }

    #[must_use]
    pub fn sign(&self, seq: u64, hash: Digest, at: Timestamp) -> SignedHead {
        let public_key = self.public_key();
        let head = Head { seq, hash, at, key: public_key.id(), install: self.install };
        SignedHead::new(&head, public_key, |bytes| self.key.sign(bytes).to_bytes())
    }

    #[must_use]
    pub fn sign_document(&self, kind: &str, document: String) -> SignedDocument {
        SignedDocument::new(kind, document, self.public_key(), |bytes| self.key.sign(bytes).to_bytes())
    }
}

fn read(file: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", file.display())),
    }
}

/// Whole or not there, and never in the place of another: two that start at once agree on one.
fn make_once(file: &Path, text: &str) -> Result<(), String> {
    if file.exists() {
        return Ok(());
    }
    let new = file.with_extension(format!("new-{}", std::process::id()));
    let made = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut out| out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.sync_all()))
        .and_then(|()| fs::hard_link(&new, file));
    // The other name has done its service.
    let _ = fs::remove_file(&new);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(format!("{} cannot be made: {error}", file.display()))
        }
        _ => Ok(()),
    }
}
