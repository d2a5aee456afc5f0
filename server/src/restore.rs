//! A backup brought back onto a blank machine: compared first, unpacked, then settled. Whatever fails on the way is taken back.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use shared::api::audit::AuditVerdict;
use store::{
    Store,
    embedded::{self, Embedded},
};

use crate::{
    app::{
        audit,
        restored::{self, Settled},
    },
    backup::{BackupError, Into, Manifest, read},
};

/// What came of a restore.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Restored {
    pub backup: Manifest,
    /// The chain as it stands now, with the entry about the restore.
    pub audit: AuditVerdict,
    pub runs: Settled,
}

/// Compares the whole file with its manifest, and says what is in it. Touches nothing.
///
/// # Errors
/// If it is damaged or was made by a newer Muster.
pub fn examine(file: &Path) -> Result<Manifest, BackupError> {
    let manifest = read(file, None)?;
    if manifest.schema_version > Store::newest_migration() {
        let (path, made_by) = (file.to_owned(), manifest.muster);
        return Err(BackupError::TooNew { path, made_by, schema: manifest.schema_version });
    }
    Ok(manifest)
}

/// Restores into a data directory that holds nothing, with its own Postgres or with the blank database of `url`, which its owner
/// uses.
///
/// # Errors
/// If something is there already, or a step fails; the sentence says what was left.
pub async fn restore(file: &Path, data_dir: &Path, url: Option<&str>) -> Result<Restored, BackupError> {
    let manifest = {
        let file = file.to_owned();
        let examined = tokio::task::spawn_blocking(move || examine(&file)).await;
        examined.map_err(|e| BackupError::Bug(e.to_string()))??
    };
    let was_there = blank_directory(data_dir, file)?;
    let opened = Place::open(data_dir, url).await;
    // A Postgres that cannot be set up leaves its directories behind.
    let mut place = opened.inspect_err(|_| take_back(data_dir, &was_there))?;
    let restored = into_place(file, &manifest, data_dir, &place).await;
    place.store.close().await;
    let stopped = match place.embedded.take() {
        Some(embedded) => embedded.stop().await,
        None => Ok(()),
    };
    match restored {
        Ok(restored) => {
            stopped?;
            Ok(restored)
        }
        Err((step, true, error)) => Err(BackupError::HalfDone { step, cause: error.to_string() }),
        Err((step, false, error)) => {
            take_back(data_dir, &was_there);
            let place = url.map_or_else(|| data_dir.display().to_string(), |_| "the database of DATABASE_URL".into());
            Err(BackupError::TakenBack { step, place, cause: error.to_string() })
        }
    }
}

/// A blank database to restore into.
struct Place {
    store: Store,
    url: String,
    embedded: Option<Embedded>,
}

impl Place {
    async fn open(data_dir: &Path, url: Option<&str>) -> Result<Self, BackupError> {
        let Some(url) = url else {
            let embedded = embedded::start(data_dir).await?;
            let store = Store::connect(embedded.url()).await?;
            return Ok(Self { store, url: embedded.url().to_owned(), embedded: Some(embedded) });
        };
        let store = Store::connect(url).await?;
        if let Some(found) = store.occupied_by().await? {
            let found = format!("the table {found}");
            let place = "the database of DATABASE_URL".into();
            return Err(BackupError::NotBlank { place, found, kind: "database" });
        }
        Ok(Self { store, url: url.to_owned(), embedded: None })
    }
}

/// The step that failed, and whether a foreign database is no longer blank.
type Failed = (&'static str, bool, BackupError);

async fn into_place(file: &Path, manifest: &Manifest, data_dir: &Path, place: &Place) -> Result<Restored, Failed> {
    let unpacking = |error: BackupError| ("The backup could not be unpacked", false, error);
    fs::create_dir_all(data_dir)
        .map_err(|source| unpacking(BackupError::Io { what: "create", path: data_dir.to_owned(), source }))?;
    let dump = data_dir.join(".restore.dump");
    let (from, to, into) = (file.to_owned(), data_dir.to_owned(), dump.clone());
    let unpacked =
        tokio::task::spawn_blocking(move || read(&from, Some(Into { database: &into, data_dir: &to }))).await;
    let again = unpacked.map_err(|e| unpacking(BackupError::Bug(e.to_string())))?.map_err(unpacking)?;
    if again != *manifest {
        return Err(unpacking(BackupError::Bug("the file was changed while it was read".into())));
    }
    let brought = store::restore(&place.store, &place.url, &dump).await;
    // It has done its service, or is of no use.
    let _ = fs::remove_file(&dump);
    brought.map_err(|error| ("The database could not be restored", false, error.into()))?;
    let foreign = place.embedded.is_none();
    let settling = |error: BackupError| ("The restored database could not be settled", foreign, error);
    place.store.migrate().await.map_err(|e| settling(e.into()))?;
    // A dump holds no rights: the programs' are given as at every start.
    place.store.roles_prepare().await.map_err(|e| settling(e.into()))?;
    let runs = restored::settle(&place.store, manifest).await.map_err(|e| settling(e.into()))?;
    let audit = audit::verify_all(&place.store).await.map_err(|e| settling(e.into()))?;
    Ok(Restored { backup: manifest.clone(), audit, runs })
}

/// Whether the data directory was there. It may hold the backup itself and what a file system puts into its root.
fn blank_directory(data_dir: &Path, file: &Path) -> Result<Was, BackupError> {
    let failed = |source| BackupError::Io { what: "read", path: data_dir.to_owned(), source };
    let entries = match fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Was { there: false, kept: vec![] }),
        Err(error) => return Err(failed(error)),
    };
    let backup = file.canonicalize().ok();
    let mut kept = vec![];
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.file_name().is_some_and(|name| name == "lost+found") || path.canonicalize().ok() == backup {
            kept.push(path);
            continue;
        }
        let found = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let place = format!("the data directory {}", data_dir.display());
        return Err(BackupError::NotBlank { place, found, kind: "data directory" });
    }
    Ok(Was { there: true, kept })
}

/// How the data directory was before.
struct Was {
    there: bool,
    kept: Vec<PathBuf>,
}

/// Everything in it is ours: it was blank.
fn take_back(data_dir: &Path, was: &Was) {
    let paths = fs::read_dir(data_dir).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in paths.filter(|path| !was.kept.contains(path)) {
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::warn!(path = %path.display(), %error, "could not be removed");
        }
    }
    if !was.there {
        // Not empty means that a line above has said why.
        let _ = fs::remove_dir(data_dir);
    }
}
