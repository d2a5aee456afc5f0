//! The chain's file: one block per line, append only. Knows bytes and lines, and asks chain.rs what is valid.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::block::Block;
use crate::chain::Chain;
use crate::journal;
use crate::scan;

pub(crate) const FILE: &str = "chain.jsonl";

#[derive(Debug)]
pub(crate) enum StorageError {
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    InUse { path: PathBuf },
    OtherNetwork { path: PathBuf },
    Damaged { path: PathBuf, line: usize, reason: String },
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, path, source } => write!(f, "cannot {doing} {}: {source}", path.display()),
            Self::InUse { path } => write!(f, "{} is in use by another node. Nothing was changed", path.display()),
            Self::OtherNetwork { path } => write!(
                f,
                "{} holds the chain of a network with other stakes. Nothing was changed. Set STAKES as before, or start with an empty data directory",
                path.display()
            ),
            Self::Damaged { path, line, reason } => write!(
                f,
                "{} is damaged in line {line}: {reason}. Nothing was changed. Restore the file, or start with an empty data directory and let the peers send the chain",
                path.display()
            ),
        }
    }
}

pub(crate) struct Storage {
    path: PathBuf,
    file: File,
    /// Where the line of each height ends; the genesis block is line 0.
    ends: Vec<u64>,
}

impl Storage {
    /// Opens the file, or creates it, and fills `chain` (which must be fresh) with what it holds.
    ///
    /// A last line that was cut off by a crash is dropped; any other damage is an error for a person to decide on.
    pub(crate) fn open(directory: &Path, chain: &mut Chain) -> Result<Self, StorageError> {
        let path = directory.join(FILE);
        let fail = |doing| move |path: &Path, source| StorageError::Io { doing, path: path.to_owned(), source };
        std::fs::create_dir_all(directory).map_err(|source| fail("create")(directory, source))?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|source| fail("open")(&path, source))?;
        lock(&file, &path)?;
        let mut storage = Storage { path: path.clone(), file, ends: Vec::new() };
        let torn = storage.load(chain)?;
        if torn > 0 {
            journal::warn(format_args!("the last line of the chain file was cut off; {torn} bytes dropped"));
        }
        let result = if storage.ends.is_empty() { storage.write_line(chain.genesis()) } else { storage.cut() };
        result.map_err(|source| fail("write")(&path, source))?;
        Ok(storage)
    }

    /// Returns how many bytes of a torn last line follow what was read.
    fn load(&mut self, chain: &mut Chain) -> Result<u64, StorageError> {
        let path = || self.path.clone();
        let found = scan::read(BufReader::new(&self.file), chain).map_err(|source| StorageError::Io {
            doing: "read",
            path: path(),
            source,
        })?;
        if found.is_other_network {
            return Err(StorageError::OtherNetwork { path: path() });
        }
        if let Some(bad) = found.first_bad {
            return Err(StorageError::Damaged { path: path(), line: bad.line, reason: bad.reason });
        }
        self.ends = found.ends;
        Ok(found.torn)
    }

    /// Makes the file hold exactly the blocks up to `fork`, then `branch`.
    ///
    /// The caller changes the chain in memory only after this succeeded.
    pub(crate) fn replace_above(&mut self, fork: u64, branch: &[Block]) -> io::Result<()> {
        let keep = usize::try_from(fork).unwrap_or(usize::MAX).saturating_add(1);
        let reorg = keep < self.ends.len();
        self.ends.truncate(keep);
        if reorg {
            self.cut()?;
        }
        branch.iter().try_for_each(|block| self.write_line(block))
    }

    /// Makes the file end where the last whole line ends.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.ends.last().copied().unwrap_or(0))
    }

    fn write_line(&mut self, block: &Block) -> io::Result<()> {
        let line = scan::line_of(block)?;
        let start = self.ends.last().copied().unwrap_or(0);
        self.file.seek(SeekFrom::Start(start))?;
        if let Err(error) = self.file.write_all(&line) {
            // Leave no half line behind for the next one to be glued to.
            self.cut()?;
            return Err(error);
        }
        self.ends.push(start + line.len() as u64);
        Ok(())
    }

    /// A second handle, so that flushing to disk holds no lock.
    pub(crate) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

/// One node, or one repair, per file: held until the file is closed.
pub(crate) fn lock(file: &File, path: &Path) -> Result<(), StorageError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StorageError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StorageError::Io { doing: "lock", path: path.to_owned(), source }),
    }
}

#[cfg(test)]
#[path = "storage_tests.rs"]
mod tests;
