//! Where a run's output comes from: lines of the event stream, and pages of the API for what is looked at. Draws nothing.

use std::ops::Range;

use leptos::{prelude::*, task::spawn_local};
use shared::api::{
    client::CallError,
    live::Topic,
    run::{OutputLine, OutputPart},
};

use crate::{
    components::log_lines::{LogLines, PAGE},
    live::{RETRY, use_live},
    transport::api,
};

#[derive(Clone, Copy)]
pub(crate) struct LogFeed {
    run: i64,
    lines: StoredValue<LogLines>,
    /// Which lines are on screen, counted from 0.
    wanted: StoredValue<Range<usize>>,
    /// How many lines there are must be asked: nobody has, or events may have been missed.
    unsure: StoredValue<bool>,
    /// Grows with the lines; readers of `lines` follow it.
    version: RwSignal<u64>,
    fetching: RwSignal<bool>,
    failed: RwSignal<Option<CallError>>,
}

impl LogFeed {
    /// Finds out how much there is and listens for what comes, until the current component goes.
    pub(crate) fn new(run: i64) -> Self {
        let feed = Self {
            run,
            lines: StoredValue::new(LogLines::default()),
            wanted: StoredValue::new(0..0),
            unsure: StoredValue::new(true),
            version: RwSignal::new(0),
            fetching: RwSignal::new(false),
            failed: RwSignal::new(None),
        };
        let live = use_live();
        live.on(move |event| {
            if let Topic::Output { run, last, lines, .. } = &event.topic
                && *run == feed.run
            {
                feed.lines.try_update_value(|log| {
                    log.reach(*last);
                    log.take(lines.iter().cloned());
                });
                feed.changed();
                feed.fetch();
            }
        });
        // Runs at once, and whenever events may have been missed.
        let missed = live.refetch_on(|_| false);
        Effect::new(move |_| {
            missed.track();
            feed.unsure.try_set_value(true);
            feed.fetch();
        });
        feed
    }

    pub(crate) fn run(self) -> i64 {
        self.run
    }

    /// These lines are on screen: those that are missing are fetched.
    pub(crate) fn want(self, range: Range<usize>) {
        self.wanted.try_set_value(range);
        self.fetch();
    }

    /// Fetches, one page at a time, what is wanted when its turn comes.
    pub(crate) fn fetch(self) {
        if self.fetching.try_get_untracked() != Some(false) || self.next_part().is_none() {
            return;
        }
        self.fetching.set(true);
        spawn_local(async move {
            let mut before = None;
            // The same part twice: it is not there yet; the next event asks again.
            while let Some(part) = self.next_part().filter(|part| before != Some(*part)) {
                match api().output_part(self.run, &part).await {
                    Ok(page) => {
                        if part.before.is_some() {
                            self.unsure.try_set_value(false);
                        }
                        before = Some(part);
                        self.lines.try_update_value(|log| log.take(page.items));
                        self.failed.try_set(None);
                        self.changed();
                    }
                    Err(error) => {
                        let passing = error.may_pass();
                        self.failed.try_set(Some(error));
                        if passing {
                            set_timeout(move || self.fetch(), RETRY);
                        }
                        break;
                    }
                }
            }
            self.fetching.try_set(false);
        });
    }

    /// `None` if all that is wanted is here, or the page is gone.
    fn next_part(self) -> Option<OutputPart> {
        let limit = i64::try_from(PAGE).ok()?;
        if self.unsure.try_get_value()? {
            return Some(OutputPart::end(limit));
        }
        let wanted = self.wanted.try_get_value()?;
        let page = i64::try_from(self.lines.try_update_value(|log| log.missing(wanted))??).ok()?;
        Some(OutputPart { after: Some(page * limit), limit: Some(limit), ..OutputPart::default() })
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

    /// The last lines of a step, asked for anew when there are further lines.
    pub(crate) fn tail(self, step: Memo<u32>, most: i64) -> Signal<Vec<OutputLine>> {
        let tail = RwSignal::new(vec![]);
        let count = Memo::new(move |_| self.count());
        Effect::new(move || {
            count.track();
            let part = OutputPart { step: Some(step.get()), ..OutputPart::end(most) };
            spawn_local(async move {
                // Without it the question stands as well; the output's box says what is wrong.
                if let Ok(page) = api().output_part(self.run, &part).await
                    && step.try_get_untracked() == part.step
                {
                    tail.try_set(page.items);
                }
            });
        });
        tail.into()
    }

    pub(crate) fn failed(self) -> Option<CallError> {
        self.failed.get()
    }
}
