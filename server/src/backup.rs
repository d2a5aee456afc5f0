//! Muster's own backup: one file that makes a blank machine this one again. What is in it, how it is written and read. Bringing
//! it back is `restore`; what restored runs may do is decided in `app::restored`.

mod archive;
mod error;
mod files;
mod manifest;
pub mod periodic;

use std::{
    fs,
    path::{Path, PathBuf},
};

use store::Store;

use self::{archive::Source, files::Temporary};
pub use self::{
    archive::{Into, read},
    error::BackupError,
    manifest::{AuditHead, DATABASE, FORMAT, Manifest, Member},
};

/// What is backed up.
#[derive(Clone)]
pub struct Origin {
    /// How the tables' owner connects, who alone may read everything; a secret.
    pub owner_url: String,
    pub data_dir: PathBuf,
}

/// A backup that was written.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Taken {
    pub file: PathBuf,
    pub bytes: u64,
    #[serde(flatten)]
    pub manifest: Manifest,
}

impl Origin {
    /// For as long as something is read: the owner's rights are not kept open.
    async fn open(&self) -> Result<Store, BackupError> {
        let store = Store::connect(&self.owner_url).await?;
        if store.is_owner().await? { Ok(store) } else { Err(BackupError::NotTheOwner) }
    }
}

/// Writes a backup into `to`, while everything goes on. The file appears when it is whole and on the disk.
///
/// # Errors
/// If anything is missing; then `to` is as it was.
pub async fn take(origin: &Origin, to: &Path, overwrite: bool) -> Result<Taken, BackupError> {
    refuse_existing(to, overwrite)?;
    // Before the database: a signed head that is kept outside must never know more of the chain than the backup holds.
    let beside = files::to_keep(&origin.data_dir)?;
    let store = origin.open().await?;
    let snapshot = store.snapshot().await?;
    let dump = Temporary::create(to, "dump")?;
    snapshot.dump(&origin.owner_url, dump.path()).await?;
    let facts = snapshot.facts;
    drop(snapshot);
    store.close().await;
    let to = to.to_owned();
    tokio::task::spawn_blocking(move || {
        let database = Source::file(DATABASE.into(), dump.path())?;
        let sources: Vec<_> =
            std::iter::once(Ok(database)).chain(beside.into_iter().map(Ok)).collect::<Result<_, BackupError>>()?;
        let manifest = Manifest::new(&facts, sources.iter().map(Source::member).collect());
        let new = Temporary::create(&to, "new")?;
        archive::write(new.path(), &manifest, sources)?;
        // Somebody may have been faster.
        refuse_existing(&to, overwrite)?;
        new.put_in_place(&to)?;
        let bytes = fs::metadata(&to).map_err(error::at("look at", &to))?.len();
        Ok(Taken { file: to, bytes, manifest })
    })
    .await
    .map_err(|e| BackupError::Bug(e.to_string()))?
}

fn refuse_existing(to: &Path, overwrite: bool) -> Result<(), BackupError> {
    match fs::symlink_metadata(to) {
        Ok(found) if !found.is_file() => Err(BackupError::NotAFile { path: to.to_owned() }),
        Ok(_) if !overwrite => Err(BackupError::Exists { path: to.to_owned() }),
        _ => Ok(()),
    }
}
