//! What can go wrong with a backup or a restore, in sentences for whoever asked for it. Decides nothing.

use std::{
    io,
    path::{Path, PathBuf},
};

use store::{DumpError, StoreError, embedded::EmbeddedError};

use crate::error::AppError;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{path} exists already; it was not touched. Name another file, or say --force to replace it.")]
    Exists { path: PathBuf },
    #[error("{path} is there and is no ordinary file; it was not touched. Name a file.")]
    NotAFile { path: PathBuf },
    #[error("{path} is not a whole backup: {what}. Nothing was restored and nothing was changed. Take another backup.")]
    Damaged { path: PathBuf, what: String },
    #[error(
        "{path} was made by a newer Muster ({made_by}, schema {schema}). Nothing was restored and nothing was changed. Restore \
         it with that version."
    )]
    TooNew { path: PathBuf, made_by: String, schema: i64 },
    #[error(
        "{place} is not blank: it holds {found}. Nothing was restored and nothing was changed. Restore into an empty {kind}, or \
         move what is there away."
    )]
    NotBlank { place: String, found: String, kind: &'static str },
    #[error(
        "the database's login does not own Muster's tables, so it cannot read all that belongs into a backup. Nothing was written. \
         Give the owner's address in MUSTER_DATABASE_OWNER_URL (docs/audit.md)."
    )]
    NotTheOwner,
    #[error("{step}, and was taken back: {place} is blank again. {cause}")]
    TakenBack { step: &'static str, place: String, cause: String },
    #[error(
        "{step}. The database now holds the backup, but not what follows from it: start nothing on it; make it blank again and \
         repeat the restore. {cause}"
    )]
    HalfDone { step: &'static str, cause: String },
    #[error("cannot {what} {path}: {source}. Check the directory's owner and the space on the disk.")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Dump(#[from] DumpError),
    #[error("the database could not be read: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error("{0}")]
    Bug(String),
}

impl From<AppError> for BackupError {
    fn from(error: AppError) -> Self {
        Self::Bug(match error.cause() {
            Some(cause) => format!("{} ({cause})", error.message()),
            None => error.message().to_owned(),
        })
    }
}

/// For `map_err`: an I/O error with what was tried and where.
pub(super) fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { what, path, source }
}
