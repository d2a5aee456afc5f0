//! Keeps copies of the public site, in a directory or a bucket, true: at every change, and every few minutes, so that its age tells whether it is
//! still kept. Decides nothing about what is in it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{super::pages::PublicPages, Copy, bucket::Bucket, disk};

/// A burst of changes becomes one copy.
const PAUSE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(300);
const RETRY: Duration = Duration::from_secs(30);

/// Where a copy is kept.
pub(crate) enum Keep {
    Directory(PathBuf),
    Bucket(Box<Bucket>),
}

impl Keep {
    fn words(&self) -> &'static str {
        match self {
            Self::Directory(_) => "a directory",
            Self::Bucket(_) => "a bucket",
        }
    }

    async fn put(&mut self, copy: Copy) -> Result<(), String> {
        match self {
            Self::Directory(directory) => {
                let to = directory.clone();
                // Writing thousands of files is no work for the threads that serve.
                let written = tokio::task::spawn_blocking(move || disk::write(&copy, &to).map_err(|e| e.to_string()));
                written.await.map_err(|error| format!("writing it ended badly: {error}"))?
            }
            Self::Bucket(bucket) => bucket.put(copy).await,
        }
    }
}

impl PublicPages {
    /// Runs until dropped. A failure is logged when it begins and when it ends.
    pub(crate) async fn keep_copy(self: Arc<Self>, mut keep: Keep) {
        let mut changes = self.watch();
        let mut failing = false;
        let place = keep.words();
        loop {
            changes.mark_unchanged();
            let pages = self.clone();
            // Nor is rendering as many.
            let made = tokio::task::spawn_blocking(move || pages.copy()).await;
            let outcome = match made {
                Ok(Some(copy)) => keep.put(copy).await,
                // Not known yet, or too old: the copy that is there says of when it is.
                Ok(None) => Ok(()),
                Err(error) => Err(format!("making it ended badly: {error}")),
            };
            match &outcome {
                Ok(()) if failing => tracing::info!(place, "the copy of the status page is kept again"),
                Err(error) if !failing => {
                    tracing::warn!(place, error, "the copy of the status page could not be renewed")
                }
                _ => {}
            }
            failing = outcome.is_err();
            tokio::time::sleep(PAUSE).await;
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(if failing { RETRY } else { EVERY }) => {}
            }
        }
    }
}
