//! An archive unpacked into a scratch directory, and compared with the directory that the plan would unpack it into. Writes nowhere else.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use shared::{
    domain::verification::{Compared, Found, Place, Settings, judge_files, judge_loss, production_of},
    plan::Plan,
    timestamp::Timestamp,
};

use super::file::Backup;
use crate::{
    config::Config,
    steps::extract::archive::{self, What},
};

/// Files of production that are looked at.
const MOST_FILES: usize = 20_000;
/// Of which so many are named that are missing.
const MOST_NAMED: usize = 50;

pub(super) struct Trial<'a> {
    pub(super) config: &'a Config,
    pub(super) plan: &'a Plan,
    pub(super) settings: &'a Settings,
    pub(super) place: &'a Place,
    /// Where the backups lie on this host.
    pub(super) here: &'a Path,
    /// Empty; what is unpacked goes below it.
    pub(super) directory: PathBuf,
    pub(super) now: Timestamp,
}

/// Where the plan unpacks backups of this place to: by the directory that its archive lies in, once links are followed.
fn production(trial: &Trial<'_>) -> Option<PathBuf> {
    let place = trial.here.canonicalize().ok()?;
    let mut pairs = production_of(trial.plan).into_iter();
    pairs.find_map(|(archive, into)| {
        let archive = trial.config.here(archive)?.canonicalize().ok()?;
        let of = archive == place || archive.parent() == Some(&place);
        trial.config.here(into).filter(|into| of && into.is_dir())
    })
}

/// Fills in what was found; the error is why it is not verified.
pub(super) async fn restore(trial: &Trial<'_>, backup: Backup, found: &mut Found) -> Result<(), String> {
    let production = production(trial);
    let aside = trial.directory.join("content");
    found.into = Some("a scratch directory".into());
    let most = u64::from(trial.settings.most_gb) << 30;
    let taken_at = backup.seen.taken_at;
    let work = move || {
        let begun = Instant::now();
        let entries = archive::read_within(backup.file, &aside, &aside, most)?;
        let took = begun.elapsed();
        let back = files(&aside)?;
        let now = production.map(|directory| Ok::<_, String>((files(&directory)?, directory))).transpose()?;
        let links = entries.iter().filter(|entry| entry.what == What::Link).count();
        Ok::<_, String>((took, aside, back, links, now))
    };
    let done = tokio::task::spawn_blocking(work).await.map_err(|e| format!("it was not read to its end: {e}"))?;
    let (took, aside, back, links, now) = done?;
    found.restored_ms = u64::try_from(took.as_millis()).ok();
    found.log.push(format!("{} files and {links} links came back", back.len()));
    let age = trial.now.seconds_since(taken_at).max(0);
    (found.loss_seconds, found.loss_by) = (Some(age), Some("the backup's age when it was tried".into()));
    found.beyond = judge_loss(trial.place, age);
    if back.is_empty() {
        return Err("there is no file in it".into());
    }
    found.compared.push(match &now {
        None => Compared {
            what: "Files".into(),
            query: None,
            production: None,
            restored: Some(back.len().to_string()),
            trouble: None,
        },
        Some((now, directory)) => {
            let same = |path: &&PathBuf| archive::same(&directory.join(path), &aside.join(path));
            let same = now.keys().filter(|path| back.contains_key(*path)).filter(same).count();
            Compared {
                what: format!("Files of {}", directory.display()),
                query: None,
                production: Some(now.len().to_string()),
                restored: Some(format!("{}, of which {same} are as they are now", back.len())),
                trouble: None,
            }
        }
    });
    for (path, written_at) in now.iter().flat_map(|(now, _)| now) {
        if let Some(trouble) = judge_files(back.contains_key(path), *written_at, taken_at) {
            found.compared.push(Compared {
                what: path.display().to_string(),
                query: None,
                production: Some(format!("written at {written_at}")),
                restored: None,
                trouble: Some(trouble),
            });
        }
        if found.compared.len() > MOST_NAMED {
            break;
        }
    }
    let bad = found.compared.iter().find_map(|one| Some(format!("{}: {}", one.what, one.trouble.as_ref()?)));
    bad.map_or(Ok(()), Err)
}

/// All regular files below a directory, by their path in it, and when each was written.
fn files(directory: &Path) -> Result<BTreeMap<PathBuf, Timestamp>, String> {
    let unreadable = |e: std::io::Error| format!("{} cannot be read: {e}", directory.display());
    let (mut found, mut open) = (BTreeMap::new(), vec![directory.to_owned()]);
    while let Some(here) = open.pop() {
        for entry in fs::read_dir(&here).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                let written = entry.metadata().and_then(|facts| facts.modified()).map_err(unreadable)?;
                let within = path.strip_prefix(directory).unwrap_or(&path).to_owned();
                found.insert(within, Timestamp::new(written.into()));
            }
            if found.len() > MOST_FILES {
                return Err(format!("{} has more than {MOST_FILES} files", directory.display()));
            }
        }
    }
    Ok(found)
}
