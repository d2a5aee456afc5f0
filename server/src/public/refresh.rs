//! Keeps the prepared pages true: at every nudge and every half minute. Never runs for a visitor.

use std::{sync::Arc, time::Duration};

use store::{Store, StoreError};

use super::{pages::PublicPages, read};

/// Also the age of "as of" at which a quiet page is prepared anew.
const EVERY: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_secs(5);
/// A burst of changes becomes a few refreshes, not one for each.
const PAUSE: Duration = Duration::from_millis(50);

impl PublicPages {
    /// Reads the facts and prepares what changed.
    ///
    /// # Errors
    /// If the database does not answer: the old pages stay, and once they are too old they say so.
    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let mut following = self.turn.lock().await;
        match read::content(store, &mut following).await {
            Ok(content) => {
                self.publish(content);
                Ok(())
            }
            Err(error) => {
                self.could_not_refresh();
                Err(error)
            }
        }
    }

    /// Something public may have changed. Never waits.
    pub fn nudge(&self) {
        self.nudged.notify_one();
    }

    /// Runs until dropped. A failure is logged when it begins and when it ends.
    pub async fn keep_fresh(self: Arc<Self>, store: Store) {
        let mut failing = false;
        loop {
            let outcome = self.refresh(&store).await;
            match &outcome {
                Ok(()) if failing => tracing::info!("the public pages are up to date again"),
                Err(error) if !failing => {
                    tracing::warn!(%error, "the public pages could not be updated; the old ones are served")
                }
                _ => {}
            }
            failing = outcome.is_err();
            tokio::time::sleep(PAUSE).await;
            let wait = if failing { RETRY } else { EVERY };
            tokio::select! {
                () = self.nudged.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
