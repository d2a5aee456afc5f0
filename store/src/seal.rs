//! Seals what the database may hold only unreadable, with a key that lives outside of it. Decides nothing; never logs, never shows
//! a value or a key.

use std::{
    fmt, fs,
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Generate as _, Payload},
};
use shared::{digest::Digest, hex};
use zeroize::Zeroizing;

const FORM: u8 = 1;
const ID: usize = 4;
const NONCE: usize = 24;
const HEAD: usize = 1 + ID + NONCE;

type Bytes = Zeroizing<[u8; 32]>;

/// The installation's sealing key, and the ones before it: the first seals, all of them open.
#[derive(Clone)]
pub struct Key {
    first: Bytes,
    older: Vec<Bytes>,
}

/// Why something cannot be sealed or opened. Neither names the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("it was sealed with another key (this installation has no key {0})")]
    OtherKey(String),
    #[error("it is not what was sealed, or was sealed for another purpose")]
    Altered,
    #[error("the system gives no randomness")]
    NoRandomness,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id()).field("older", &self.older.len()).finish()
    }
}

fn id(key: &[u8; 32]) -> [u8; ID] {
    let named = Zeroizing::new([b"muster sealing key ".as_slice(), key].concat());
    let digest = Digest::of(&named).to_string();
    // The last digits: a digest's text begins with its kind.
    let last = digest.get(digest.len().saturating_sub(ID * 2)..).and_then(hex::decode::<ID>);
    last.unwrap_or_default()
}

impl Key {
    /// Where the key is unless something else is said.
    #[must_use]
    pub fn default_file(data_dir: &Path) -> PathBuf {
        data_dir.join("keys/secrets")
    }

    /// The key in this file, made if there is none: whole or not at all, and two that start at once agree on one.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn load_or_create(file: &Path) -> Result<Self, String> {
        if let Some(key) = Self::load(file)? {
            return Ok(key);
        }
        if let Some(directory) = file.parent().filter(|directory| !directory.is_dir()) {
            DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(directory)
                .map_err(|e| format!("{} cannot be made: {e}", directory.display()))?;
        }
        write(file, &text([&random()?]), |new| fs::hard_link(new, file))?;
        Self::load(file)?.ok_or_else(|| format!("{} is gone again", file.display()))
    }

    /// The key in this file, if there is one. Makes nothing.
    ///
    /// # Errors
    /// A sentence that names the file, if it is there and cannot be used.
    pub fn load(file: &Path) -> Result<Option<Self>, String> {
        let text = match fs::read_to_string(file) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{} cannot be read: {error}", file.display())),
        };
        let mode = fs::metadata(file).map_or(0, |meta| meta.permissions().mode());
        if mode & 0o007 != 0 {
            tracing::warn!("{} can be read by everybody: whoever has it can open secrets; chmod 600", file.display());
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys: Option<Vec<Bytes>> = lines.map(|line| hex::decode(line).map(Zeroizing::new)).collect();
        match keys.map(|keys| keys.split_first().map(|(first, older)| (first.clone(), older.to_vec()))) {
            Some(Some((first, older))) => Ok(Some(Self { first, older })),
            _ => Err(format!("{} holds no key: each line is 64 hexadecimal digits, the newest first", file.display())),
        }
    }

    /// Puts a new key before the ones in the file; what was sealed before still opens.
    ///
    /// # Errors
    /// A sentence that names the file; then it is as it was.
    pub fn rotate(file: &Path) -> Result<Self, String> {
        let old = Self::load(file)?.ok_or_else(|| format!("there is no {}", file.display()))?;
        let new = random()?;
        let all = [&new, &old.first].into_iter().chain(&old.older);
        write(file, &text(all), |made| fs::rename(made, file))?;
        Self::load(file)?.ok_or_else(|| format!("{} is gone again", file.display()))
    }

    /// Names the key that seals; says nothing about it.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&id(&self.first))
    }

    /// The id of the key that this was sealed with, if it is something sealed.
    #[must_use]
    pub fn id_of(sealed: &[u8]) -> Option<String> {
        (sealed.len() >= HEAD && sealed.first() == Some(&FORM)).then(|| hex::encode(&sealed[1..=ID]))
    }

    /// Finds what must not stand readable: the same for the same text, and nothing without the key. Stays the same when the key is
    /// rotated.
    #[must_use]
    pub fn fingerprint(&self, purpose: &str, text: &str) -> Digest {
        let oldest = self.older.last().unwrap_or(&self.first);
        let parts = [b"muster fingerprint ".as_slice(), &oldest[..], purpose.as_bytes(), b"\0", text.as_bytes()];
        Digest::of(&Zeroizing::new(parts.concat()))
    }

    /// Only the same purpose opens it: put in what must not be swapped (whose it is, its name, its version).
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce = XNonce::try_generate().map_err(|_| SealError::NoRandomness)?;
        let head = [&[FORM][..], &id(&self.first)].concat();
        let aad = [&head, purpose.as_bytes()].concat();
        let cipher = XChaCha20Poly1305::new((&*self.first).into());
        let body = cipher.encrypt(&nonce, Payload { msg: plain, aad: &aad }).map_err(|_| SealError::Altered)?;
        Ok([&head, nonce.as_slice(), &body].concat())
    }

    /// # Errors
    /// If it was sealed with a key that is not here, for another purpose, or was changed since.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let of = Self::id_of(sealed).ok_or(SealError::Altered)?;
        let mut keys = [&self.first].into_iter().chain(&self.older);
        let key = keys.find(|key| hex::encode(&id(key)) == of).ok_or(SealError::OtherKey(of))?;
        let (head, body) = sealed.split_at(HEAD);
        let nonce = <[u8; NONCE]>::try_from(&head[1 + ID..]).map_err(|_| SealError::Altered)?;
        let aad = [&head[..=ID], purpose.as_bytes()].concat();
        let cipher = XChaCha20Poly1305::new((&**key).into());
        let plain = cipher.decrypt(&nonce.into(), Payload { msg: body, aad: &aad }).map_err(|_| SealError::Altered)?;
        Ok(Zeroizing::new(plain))
    }
}

fn random() -> Result<Bytes, String> {
    <[u8; 32]>::try_generate().map(Zeroizing::new).map_err(|_| SealError::NoRandomness.to_string())
}

fn text<'a>(keys: impl IntoIterator<Item = &'a Bytes>) -> Zeroizing<String> {
    Zeroizing::new(keys.into_iter().map(|key| hex::encode(&**key) + "\n").collect())
}

/// On disk before it has its name.
fn write(file: &Path, text: &str, name: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), String> {
    let new = file.with_extension(format!("new-{}", std::process::id()));
    let made = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut out| out.write_all(text.as_bytes()).and_then(|()| out.sync_all()))
        .and_then(|()| name(&new));
    // The other name has done its service, or must not stay.
    let _ = fs::remove_file(&new);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(format!("{} cannot be made: {error}", file.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("muster-seal-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        directory.join("keys/secrets")
    }

    #[test]
    fn only_the_same_key_and_purpose_open_and_nothing_may_be_changed() {
        let key = Key::load_or_create(&file("a")).unwrap();
        let other = Key::load_or_create(&file("b")).unwrap();
        let sealed = key.seal("secret bt2c TOKEN 3", b"hunter22").unwrap();
        assert_eq!(&**key.open("secret bt2c TOKEN 3", &sealed).unwrap(), b"hunter22");
        assert_ne!(sealed, key.seal("secret bt2c TOKEN 3", b"hunter22").unwrap(), "each has its own nonce");
        assert!(!sealed.windows(8).any(|part| part == b"hunter22"));
        assert_eq!(key.open("secret bt2c TOKEN 4", &sealed), Err(SealError::Altered));
        assert_eq!(other.open("secret bt2c TOKEN 3", &sealed), Err(SealError::OtherKey(key.id())));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open("secret bt2c TOKEN 3", &changed).is_err(), "byte {at}");
            assert!(key.open("secret bt2c TOKEN 3", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_file_is_made_once_for_its_owner_alone_and_keeps_old_keys() {
        let file = file("c");
        let key = Key::load_or_create(&file).unwrap();
        assert_eq!(Key::load_or_create(&file).unwrap().id(), key.id());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let sealed = key.seal("x", b"before").unwrap();
        let turned = Key::rotate(&file).unwrap();
        assert_ne!(turned.id(), key.id());
        assert_eq!(&**turned.open("x", &sealed).unwrap(), b"before");
        assert_eq!(Key::id_of(&turned.seal("x", b"y").unwrap()), Some(turned.id()));
        assert!(key.open("x", &turned.seal("x", b"y").unwrap()).is_err(), "the old one alone does not open new ones");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        fs::write(&file, "not a key\n").unwrap();
        assert!(Key::load_or_create(&file).unwrap_err().contains("holds no key"));
    }
}
