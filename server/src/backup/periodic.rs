//! Backups without being asked: one every few minutes into a directory, the newest are kept. Never ends the server.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use shared::timestamp::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{BackupError, Origin, Taken, error::at, take};

/// Where, how often and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub directory: PathBuf,
    pub every: Duration,
    pub keep: usize,
}

const PREFIX: &str = "muster-";
const SUFFIX: &str = ".backup";

/// Until told to stop. A failure is logged every time: whoever relies on backups must not miss it.
pub async fn run(origin: Origin, schedule: Schedule, stop: CancellationToken) {
    tracing::info!(directory = %schedule.directory.display(), every_seconds = schedule.every.as_secs(), keep = schedule.keep,
        "backups are taken without being asked");
    let mut pause = first_pause(&schedule);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        let begun = Instant::now();
        match one(&origin, &schedule).await {
            Ok(taken) => tracing::info!(
                file = %taken.file.display(), bytes = taken.bytes, audit_entries = taken.manifest.audit.seq,
                ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX), "backup taken"
            ),
            Err(error) => {
                tracing::error!(%error, newest = newest(&schedule.directory), "no backup was taken; trying again")
            }
        }
        pause = pause_after(schedule.every, begun.elapsed());
    }
}

/// The next backup is done, not only begun, when the interval is over: what can be lost is never older than it.
fn pause_after(every: Duration, took: Duration) -> Duration {
    every.saturating_sub(took.saturating_mul(2)).max(every / 4)
}

/// A server that is started again and again does not push the old backups out.
fn first_pause(schedule: &Schedule) -> Duration {
    let newest = names(&schedule.directory).unwrap_or_default().pop();
    let age = newest.and_then(|name| fs::metadata(schedule.directory.join(name)).ok()?.modified().ok()?.elapsed().ok());
    age.map_or(Duration::ZERO, |age| schedule.every.saturating_sub(age))
}

async fn one(origin: &Origin, schedule: &Schedule) -> Result<Taken, BackupError> {
    fs::create_dir_all(&schedule.directory).map_err(at("create", &schedule.directory))?;
    let store = origin.open().await?;
    let file = schedule.directory.join(name(store.now().await?));
    store.close().await;
    let taken = take(origin, &file, true).await?;
    for old in too_many(names(&schedule.directory)?, schedule.keep) {
        let path = schedule.directory.join(old);
        fs::remove_file(&path).map_err(at("remove the old", &path))?;
    }
    Ok(taken)
}

/// Sorts by time: `muster-20261126T135412Z.backup`.
fn name(at: Timestamp) -> String {
    let text: String =
        at.utc_text().replace(' ', "T").chars().filter(|c| c.is_ascii_digit() || *c == 'T').take(15).collect();
    format!("{PREFIX}{text}Z{SUFFIX}")
}

/// Ours only, oldest first.
fn names(directory: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = vec![];
    for entry in fs::read_dir(directory).map_err(at("read", directory))? {
        let name = entry.map_err(at("read", directory))?.file_name();
        names.extend(name.into_string().ok().filter(|name| is_ours(name)));
    }
    names.sort();
    Ok(names)
}

fn is_ours(name: &str) -> bool {
    let Some(at) = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) else { return false };
    at.len() == 16 && at.ends_with('Z') && at.bytes().enumerate().all(|(i, b)| b.is_ascii_digit() || i == 8 || i == 15)
}

fn too_many(mut names: Vec<String>, keep: usize) -> Vec<String> {
    names.truncate(names.len().saturating_sub(keep));
    names
}

fn newest(directory: &Path) -> String {
    names(directory).ok().and_then(|mut names| names.pop()).unwrap_or_else(|| "none".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_ours_go_and_nobody_elses() {
        let at = |seconds| name(Timestamp::from_unix(seconds));
        assert_eq!(at(0), "muster-19700101T000000Z.backup");
        assert!(is_ours(&at(1_700_000_000)));
        for other in ["muster-.backup", "muster-before-upgrade.backup", "x", "muster-19700101T000000Z.backup.old"] {
            assert!(!is_ours(other), "{other}");
        }
        let mut names = vec![at(60), at(0), at(86_400)];
        names.sort();
        assert_eq!(too_many(names.clone(), 2), [at(0)]);
        assert!(too_many(names, 3).is_empty());
    }

    #[test]
    fn a_backup_is_done_when_the_interval_is_over() {
        let seconds = Duration::from_secs;
        for (took, pause) in [(0, 300), (10, 280), (100, 100), (1000, 75)] {
            assert_eq!(pause_after(seconds(300), seconds(took)), seconds(pause), "{took}");
        }
    }
}
