//! Where a trial restores to: a container and a directory that say whose they are, and are gone after it, whoever removes them. Touches nothing
//! that has no such mark.

use std::{os::unix::fs::DirBuilderExt as _, path::PathBuf};

use uuid::Uuid;

use crate::{
    Worker,
    config::Config,
    host::{ContainerHost, Scratch},
};

/// `trial.attempt`: who lost a trial to another worker never removes what is the other's.
fn trial_of(mark: &str) -> Option<Uuid> {
    mark.split_once('.')?.0.parse().ok()
}

pub(super) fn home(config: &Config) -> PathBuf {
    config.scratch.clone().unwrap_or_else(|| config.data_dir.join("worker").join("scratch"))
}

/// What one attempt at one trial has of the host.
#[derive(Debug)]
pub(super) struct Room<'a> {
    host: &'a dyn ContainerHost,
    mark: String,
    home: PathBuf,
}

impl<'a> Room<'a> {
    pub(super) fn new(worker: &'a Worker, trial: Uuid, attempt: i32) -> Self {
        let home = home(&worker.config);
        Self { host: &*worker.host, mark: format!("{trial}.{attempt}"), home }
    }

    pub(super) fn mark(&self) -> String {
        self.mark.clone()
    }

    pub(super) async fn container(&self, scratch: &Scratch) -> Result<String, String> {
        self.host.scratch_make(scratch).await.map_err(|e| format!("no scratch database could be made: {e}"))
    }

    /// Empty, and its own.
    pub(super) async fn directory(&self) -> Result<PathBuf, String> {
        let path = self.home.join(&self.mark).join(Uuid::new_v4().simple().to_string());
        let made = path.clone();
        let make = move || std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&made);
        let made = tokio::task::spawn_blocking(make).await.map_err(std::io::Error::other).and_then(|made| made);
        made.map_err(|e| format!("the scratch directory {} could not be made: {e}", path.display()))?;
        Ok(path)
    }

    /// Removes all of it, also a container that was being made when the trial ended. What could not be removed now is found by its mark
    /// later.
    pub(super) async fn clear(&self) {
        let all = self.host.scratches().await.unwrap_or_default();
        for (id, _) in all.into_iter().filter(|(_, mark)| *mark == self.mark) {
            if let Err(error) = self.host.scratch_remove(&id).await {
                tracing::warn!(%error, id, "a scratch container could not be removed now; it is looked for again");
            }
        }
        remove(vec![self.home.join(&self.mark)]).await;
    }
}

async fn remove(directories: Vec<PathBuf>) {
    let removing = move || {
        for directory in directories {
            if directory.exists()
                && let Err(error) = std::fs::remove_dir_all(&directory)
            {
                tracing::warn!(%error, directory = %directory.display(), "a scratch directory could not be removed");
            }
        }
    };
    // It was logged; it is looked for again.
    let _ = tokio::task::spawn_blocking(removing).await;
}

/// Removes what attempts left behind that no worker makes any more, but for those of `ours`.
pub(super) async fn sweep(worker: &Worker, ours: Option<&str>) {
    let containers = worker.host.scratches().await.unwrap_or_default();
    let home = home(&worker.config);
    let entries = std::fs::read_dir(&home).into_iter().flatten().filter_map(Result::ok);
    let directories: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let marks = containers.iter().map(|(_, mark)| mark).chain(&directories);
    let mut trials: Vec<_> = marks.filter_map(|mark| trial_of(mark)).collect();
    trials.sort_unstable();
    trials.dedup();
    if trials.is_empty() {
        return;
    }
    // One that the database does not know is somebody else's.
    let given_up = match worker.store.verifications_given_up(&trials).await {
        Ok(given_up) => given_up,
        Err(_) => return,
    };
    let own = ours.and_then(trial_of);
    let left = |mark: &str| {
        let trial = trial_of(mark);
        Some(mark) != ours && trial.is_some_and(|trial| given_up.contains(&trial) || own == Some(trial))
    };
    for (id, mark) in containers.iter().filter(|(_, mark)| left(mark)) {
        match worker.host.scratch_remove(id).await {
            Ok(()) => tracing::info!(mark, "removed what was left of a trial that nobody makes any more"),
            Err(error) => tracing::warn!(%error, mark, "what was left of a trial could not be removed"),
        }
    }
    remove(directories.iter().filter(|mark| left(mark)).map(|mark| home.join(mark)).collect()).await;
}
