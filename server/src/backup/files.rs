//! Files: which of the data directory's a new machine needs, and new ones that are whole or not there. Knows no archive.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{
    archive::Source,
    error::{BackupError, at},
    manifest::Member,
};

/// Made anew for each cluster or by every start: lock, logins and addresses of the embedded database, and what it says. Its own
/// directory is no file, and is kept as a dump.
const NOT_KEPT: [&str; 2] = ["database.", "postgres.log"];
/// The one directory whose files are kept: what this installation signs and encrypts with.
const KEYS: &str = "keys";
/// A larger file is no key and no list of heads.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Files right in the data directory and in `keys/`: also those that a later version puts there.
pub(super) fn to_keep(data_dir: &Path) -> Result<Vec<Source>, BackupError> {
    let mut kept = vec![];
    for (directory, prefix) in [(data_dir.to_owned(), String::new()), (data_dir.join(KEYS), format!("{KEYS}/"))] {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(at("read", &directory)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(at("read", &directory))?;
            let facts = entry.metadata().map_err(at("look at", &entry.path()))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if facts.is_file() && facts.len() <= LARGEST && is_kept(&name) {
                let content = fs::read(entry.path()).map_err(at("read", &entry.path()))?;
                kept.push(Source::bytes(Member::beside(&format!("{prefix}{name}")), content));
            }
        }
    }
    kept.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(kept)
}

fn is_kept(name: &str) -> bool {
    // `database.worker.url` and the like, half-written files, and backups that somebody keeps here.
    let ours = NOT_KEPT.iter().any(|beginning| name.starts_with(beginning));
    let half = name.starts_with('.') || name.contains(".new-");
    !ours && !half && !name.ends_with(".log") && !name.ends_with(".backup")
}

/// A 0600 file beside its final place; gone when dropped before it is put there.
#[derive(Debug)]
pub(super) struct Temporary(PathBuf);

impl Temporary {
    pub(super) fn create(final_place: &Path, kind: &str) -> Result<Self, BackupError> {
        let name = final_place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = final_place.with_file_name(format!(".{name}.{kind}-{}", std::process::id()));
        create(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Its bytes are on the disk already; now its name is.
    pub(super) fn put_in_place(self, to: &Path) -> Result<(), BackupError> {
        fs::rename(&self.0, to).map_err(at("put in place", to))?;
        let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(at("write", directory))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Not there any more once it is in its place.
        let _ = fs::remove_file(&self.0);
    }
}

/// A new file that only we may read.
pub(super) fn create(path: &Path) -> Result<File, BackupError> {
    // What a program that was killed has left under this name is of no use.
    let _ = fs::remove_file(path);
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).map_err(at("create", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_heads_are_kept_and_what_is_made_anew_is_not() {
        let kept = ["audit-heads.jsonl", "demo-users.json", "audit-ed25519", "install"];
        let not = [
            "database.url",
            "database.worker.url",
            "database.server.password",
            "database.worker.password",
            "database.lock",
            "database.password",
            "postgres.log",
            "postgres.log.old",
            "database.new-17",
            ".x.backup.new-1",
            "server.log",
            "muster-2026.backup",
        ];
        assert!(kept.into_iter().all(is_kept));
        assert!(!not.into_iter().any(is_kept));
    }
}
