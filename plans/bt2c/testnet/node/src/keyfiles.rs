//! The configuration directory: validators.json and one secret key per validator. Replaces files whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::keys::{Keyring, PublicKey, SecretKey};
use crate::stakes::Stakes;

const NETWORK: &str = "network";
const VALIDATORS: &str = "validators.json";
const KEY: &str = "key";

/// The parent is what protects the keys on the host; inside a container root must be able to read them without privileges.
const CLOSED: u32 = 0o700;
const OPEN_DIRECTORY: u32 = 0o755;
const OPEN_FILE: u32 = 0o644;

fn failed(doing: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {doing} {}: {error}", path.display())
}

pub(crate) fn keyring(path: &Path) -> Result<Keyring, String> {
    let text = fs::read(path).map_err(|error| failed("read", path, &error))?;
    Keyring::parse(&text).map_err(|reason| format!("{} is wrong: {reason}", path.display()))
}

pub(crate) fn secret(path: &Path) -> Result<SecretKey, String> {
    let text = fs::read_to_string(path).map_err(|error| failed("read", path, &error))?;
    SecretKey::parse(&text).map_err(|reason| format!("{} holds no key: {reason}", path.display()))
}

/// Where a validator's secret key lies, if the name can be a directory's.
fn key_path(directory: &Path, name: &str) -> Result<PathBuf, String> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !plain || name.is_empty() || name == NETWORK {
        return Err(format!("'{name}' cannot name a validator: use letters, digits, '-' and '_'"));
    }
    Ok(directory.join(name).join(KEY))
}

/// Makes the keys of a new network. Refuses where there already is one.
pub(crate) fn network_new(directory: &Path, stakes: &Stakes) -> Result<Keyring, String> {
    let validators = directory.join(NETWORK).join(VALIDATORS);
    let keys: Vec<(&str, PathBuf)> =
        stakes.names().map(|name| Ok((name, key_path(directory, name)?))).collect::<Result<_, String>>()?;
    if let Some(there) = keys.iter().map(|(_, path)| path).chain([&validators]).find(|path| path.exists()) {
        return Err(format!("{} is already there. Nothing was changed", there.display()));
    }
    folder(directory, CLOSED)?;
    folder(&directory.join(NETWORK), OPEN_DIRECTORY)?;
    let mut ring = Keyring::default();
    for (name, path) in keys {
        let secret = SecretKey::random()?;
        ring.add(name, 1, secret.public())?;
        folder(&directory.join(name), OPEN_DIRECTORY)?;
        replace(&path, &(secret.text() + "\n"))?;
    }
    // Last: a network without this file is not one yet.
    replace(&validators, &ring.text()?)?;
    Ok(ring)
}

/// What `key_new` changed.
pub(crate) struct Rotated {
    pub(crate) previous: Option<PublicKey>,
    pub(crate) current: PublicKey,
}

/// Gives a validator a new key from a height on.
pub(crate) fn key_new(directory: &Path, name: &str, from_height: u64) -> Result<Rotated, String> {
    let validators = directory.join(NETWORK).join(VALIDATORS);
    let path = key_path(directory, name)?;
    let mut ring = keyring(&validators)?;
    if !ring.names().any(|known| known == name) {
        return Err(format!("{} names no validator '{name}'. Nothing was changed", validators.display()));
    }
    let secret = SecretKey::random()?;
    let previous = ring.at(name, u64::MAX).copied();
    ring.add(name, from_height, secret.public()).map_err(|reason| format!("{reason}. Nothing was changed"))?;
    // If this ends between the two, the node finds that its key is not the listed one and says so; run it again.
    replace(&validators, &ring.text()?)?;
    replace(&path, &(secret.text() + "\n"))?;
    Ok(Rotated { previous, current: secret.public() })
}

fn folder(path: &Path, mode: u32) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|error| failed("create", path, &error))?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| failed("protect", path, &error))
}

/// Written aside, brought to disk, renamed.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), String> {
    let aside = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(OPEN_FILE).open(&aside)?;
        file.set_permissions(Permissions::from_mode(OPEN_FILE))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    };
    write().map_err(|error| failed("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("testnet-keys-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Scratch(path)
        }

        fn validators(&self) -> PathBuf {
            self.0.join("network/validators.json")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_network_has_a_key_per_validator_and_is_never_overwritten() {
        let scratch = Scratch::new("network");
        let stakes = Stakes::parse("validator1=60,validator2=40").unwrap();
        let ring = network_new(&scratch.0, &stakes).unwrap();
        assert_eq!(keyring(&scratch.validators()).unwrap(), ring);
        for name in ["validator1", "validator2"] {
            let secret = secret(&scratch.0.join(name).join("key")).unwrap();
            assert_eq!(ring.at(name, 1), Some(&secret.public()));
        }
        assert_eq!((mode(&scratch.0), mode(&scratch.validators())), (0o700, 0o644));
        assert!(network_new(&scratch.0, &stakes).unwrap_err().contains("already there"));
        assert_eq!(keyring(&scratch.validators()).unwrap(), ring);
    }

    #[test]
    fn names_that_leave_the_directory_are_refused() {
        let scratch = Scratch::new("names");
        for name in ["..", "a/b", "network", "é"] {
            let stakes = Stakes::parse(&format!("{name}=1")).unwrap();
            assert!(network_new(&scratch.0, &stakes).unwrap_err().contains("cannot name a validator"), "{name}");
        }
        assert!(!scratch.0.exists());
    }

    #[test]
    fn a_rotated_key_is_listed_and_the_old_secret_is_gone() {
        let scratch = Scratch::new("rotate");
        network_new(&scratch.0, &Stakes::parse("a=1,b=1").unwrap()).unwrap();
        let path = scratch.0.join("a/key");
        let before = secret(&path).unwrap().public();
        let rotated = key_new(&scratch.0, "a", 10).unwrap();
        assert_eq!((rotated.previous, secret(&path).unwrap().public()), (Some(before), rotated.current));
        let ring = keyring(&scratch.validators()).unwrap();
        assert_eq!((ring.at("a", 9), ring.at("a", 10)), (Some(&before), Some(&rotated.current)));

        for (name, height, reason) in [("a", 9, "already has"), ("c", 20, "names no validator"), ("../a", 20, "cannot")]
        {
            assert!(key_new(&scratch.0, name, height).err().unwrap().contains(reason), "{name}");
        }
        assert_eq!(secret(&path).unwrap().public(), rotated.current);
        assert_eq!(keyring(&scratch.validators()).unwrap(), ring);
    }
}
