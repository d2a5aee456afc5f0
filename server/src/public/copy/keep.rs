//! Keeps a copy of the public site in a directory true: at every change, and every few minutes, so that its age tells whether it is
//! still kept. Decides nothing about what is in it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{super::pages::PublicPages, disk};

/// A burst of changes becomes one copy.
const PAUSE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(300);
const RETRY: Duration = Duration::from_secs(30);

impl PublicPages {
    /// Runs until dropped. A failure is logged when it begins and when it ends.
    pub(crate) async fn keep_copy(self: Arc<Self>, directory: PathBuf) {
        let mut changes = self.watch();
        let mut failing = false;
        loop {
            changes.mark_unchanged();
            let (pages, to) = (self.clone(), directory.clone());
            // Rendering and writing thousands of files is no work for the threads that serve.
            let written = tokio::task::spawn_blocking(move || {
                pages.copy().map(|copy| disk::write(&copy, &to).map_err(|error| error.to_string()))
            });
            let outcome = match written.await {
                Ok(Some(outcome)) => outcome,
                // Not known yet, or too old: the copy that is there says of when it is.
                Ok(None) => Ok(()),
                Err(error) => Err(format!("making a copy of the status page ended badly: {error}")),
            };
            match &outcome {
                Ok(()) if failing => tracing::info!("the copy of the status page is kept again"),
                Err(error) if !failing => tracing::warn!(error, "the copy of the status page could not be renewed"),
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
