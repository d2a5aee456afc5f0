//! Where a run's output comes from: pages of the API and lines of the event stream, joined without gap or repeat. Draws nothing.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use shared::api::{client::CallError, live::Topic};

use crate::{components::log_lines::LogLines, live::use_live, transport::api};

const RETRY: Duration = Duration::from_secs(3);

#[derive(Clone, Copy)]
pub(crate) struct LogFeed {
    run: i64,
    lines: StoredValue<LogLines>,
    /// Grows with the lines; readers of `lines` follow it.
    version: RwSignal<u64>,
    fetching: RwSignal<bool>,
    failed: RwSignal<Option<CallError>>,
}

impl LogFeed {
    /// Fetches what there is and listens for what comes, until the current component goes.
    pub(crate) fn new(run: i64) -> Self {
        let feed = Self {
            run,
            lines: StoredValue::new(LogLines::default()),
            version: RwSignal::new(0),
            fetching: RwSignal::new(false),
            failed: RwSignal::new(None),
        };
        let live = use_live();
        live.on(move |event| {
            if let Topic::Output { run, lines } = &event.topic
                && *run == feed.run
            {
                feed.lines.try_update_value(|log| log.take(lines.iter().cloned()));
                feed.changed();
                if feed.lines.try_with_value(LogLines::has_gap) == Some(true) {
                    feed.catch_up();
                }
            }
        });
        // Runs at once, and whenever events may have been missed.
        let missed = live.refetch_on(|_| false);
        Effect::new(move |_| {
            missed.track();
            feed.catch_up();
        });
        feed
    }

    /// Fetches page after page from the last line known until the server has no more.
    pub(crate) fn catch_up(self) {
        if self.fetching.try_get_untracked() != Some(false) {
            return;
        }
        self.fetching.set(true);
        spawn_local(async move {
            loop {
                let Some(after) = self.lines.try_with_value(LogLines::last) else { return };
                match api().output(self.run, after).await {
                    Ok(page) => {
                        let last_page = page.next.is_none() || page.items.is_empty();
                        let gap = self.lines.try_update_value(|log| {
                            log.take(page.items);
                            if last_page {
                                log.caught_up();
                            }
                            log.has_gap()
                        });
                        self.failed.try_set(None);
                        self.changed();
                        // A gap on the last page: the missing lines are still being written; the next event asks again.
                        if gap.is_none() || last_page {
                            break;
                        }
                    }
                    Err(error) => {
                        let passing = matches!(error, CallError::Unreachable(_));
                        self.failed.try_set(Some(error));
                        if passing {
                            set_timeout(move || self.catch_up(), RETRY);
                        }
                        break;
                    }
                }
            }
            self.fetching.try_set(false);
        });
    }

    fn changed(self) {
        self.version.try_update(|n| *n += 1);
    }

    /// Reads the lines and follows them.
    pub(crate) fn with<V>(self, read: impl FnOnce(&LogLines) -> V) -> V {
        self.version.track();
        self.lines.with_value(read)
    }

    pub(crate) fn with_untracked<V>(self, read: impl FnOnce(&LogLines) -> V) -> Option<V> {
        self.lines.try_with_value(read)
    }

    pub(crate) fn count(self) -> usize {
        self.with(LogLines::count)
    }

    pub(crate) fn fetching(self) -> bool {
        self.fetching.get()
    }

    pub(crate) fn failed(self) -> Option<CallError> {
        self.failed.get()
    }
}
