//! Search within a run's output: the field, the count, back and forth. The server looks; here are the numbers of what it found.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{log_feed::LogFeed, log_lines::LogLines, log_view::grouped},
    live::RETRY,
    transport::api,
};

/// Typing that goes on is waited for.
const PAUSE: Duration = Duration::from_millis(250);
/// Found lines asked for before somebody wants to go further.
const ENOUGH: usize = 1000;

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    needle: String,
    hits: Vec<i64>,
    /// Number of the line up to which was looked.
    seen: i64,
}

/// The state of one search.
#[derive(Clone, Copy)]
pub(crate) struct Searching {
    feed: LogFeed,
    found: StoredValue<Found>,
    needle: RwSignal<String>,
    hits: RwSignal<usize>,
    /// Which hit is shown.
    at: RwSignal<Option<usize>>,
    /// The rest has not been looked through.
    more: RwSignal<bool>,
    busy: RwSignal<bool>,
    failed: RwSignal<bool>,
}

impl Searching {
    pub(crate) fn new(feed: LogFeed) -> Self {
        let new = Self {
            feed,
            found: StoredValue::new(Found::default()),
            needle: RwSignal::new(String::new()),
            hits: RwSignal::new(0),
            at: RwSignal::new(None),
            more: RwSignal::new(false),
            busy: RwSignal::new(false),
            failed: RwSignal::new(false),
        };
        Effect::new(move || {
            let needle = new.needle.get();
            new.found.set_value(Found { needle: needle.clone(), ..Found::default() });
            new.hits.set(0);
            new.at.set(None);
            new.more.set(false);
            new.failed.set(false);
            set_timeout(
                move || {
                    if new.needle.try_get_untracked().as_ref() == Some(&needle) {
                        new.look(ENOUGH);
                    }
                },
                PAUSE,
            );
        });
        let count = Memo::new(move |_| feed.count());
        Effect::new(move || {
            count.track();
            if !new.more.get_untracked() && new.found.with_value(|found| found.seen > 0) {
                new.look(ENOUGH);
            }
        });
        new
    }

    /// Looks on from where it stopped, until so many lines are found or the end is reached.
    fn look(self, enough: usize) {
        let idle = self.busy.try_get_untracked() == Some(false);
        if !idle || self.needle.try_with_untracked(String::is_empty) != Some(false) {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            while self.look_once(enough).await == Some(true) {}
            self.busy.try_set(false);
            // What came or was typed meanwhile.
            let count = self.feed.with_untracked(LogLines::count).and_then(|n| i64::try_from(n).ok());
            let behind = self.found.try_with_value(|found| count.is_some_and(|n| found.seen < n));
            if behind == Some(true)
                && self.more.try_get_untracked() == Some(false)
                && self.failed.try_get_untracked() == Some(false)
            {
                set_timeout(move || self.look(enough), PAUSE);
            }
        });
    }

    /// One request; true if there is more to look through and not enough found. `None` if the page is gone.
    async fn look_once(self, enough: usize) -> Option<bool> {
        let (needle, seen) = self.found.try_with_value(|found| (found.needle.clone(), found.seen))?;
        if needle.is_empty() {
            return Some(false);
        }
        let count = i64::try_from(self.feed.with_untracked(LogLines::count)?).ok()?;
        let answer = api().output_search(self.feed.run(), &needle, seen).await;
        if self.needle.try_get_untracked()? != needle {
            return self.found.try_with_value(|found| !found.needle.is_empty());
        }
        let page = match answer {
            Ok(page) => page,
            Err(error) => {
                self.failed.try_set(true);
                if error.may_pass() {
                    set_timeout(move || self.look(enough), RETRY);
                }
                return Some(false);
            }
        };
        let next = page.next.and_then(|next| next.parse().ok());
        let hits = self.found.try_update_value(|found| {
            found.hits.extend(page.items);
            found.seen = next.unwrap_or_else(|| count.max(found.hits.last().copied().unwrap_or(0)));
            found.hits.len()
        })?;
        self.failed.try_set(false);
        self.hits.try_set(hits);
        self.more.try_set(next.is_some());
        if hits > 0 && self.at.try_get_untracked()?.is_none() {
            self.at.try_set(Some(0));
        }
        Some(next.is_some() && hits < enough)
    }

    pub(crate) fn needle(self) -> String {
        self.needle.get()
    }

    /// Number of the line that holds the hit in turn.
    pub(crate) fn current(self) -> Option<i64> {
        let at = self.at.get()?;
        self.found.with_value(|found| found.hits.get(at).copied())
    }

    fn step(self, forward: bool) {
        let n = self.hits.get_untracked();
        let Some(now) = self.at.get_untracked().filter(|_| n > 0) else { return };
        if forward && now + 1 == n && self.more.get_untracked() {
            self.look(n + ENOUGH);
            return;
        }
        // The last one that is known may be near: what is behind it is asked for in good time.
        if forward && now + 50 > n && self.more.get_untracked() {
            self.look(n + ENOUGH);
        }
        self.at.set(Some(if forward { (now + 1) % n } else { (now + n - 1) % n }));
    }

    fn words(self) -> String {
        let (n, more) = (self.hits.get(), self.more.get());
        match (self.needle.get().is_empty(), self.at.get(), self.busy.get()) {
            (true, ..) => String::new(),
            _ if self.failed.get() => "search failed".into(),
            (_, None, true) => "searching".into(),
            (_, None, false) => "not found".into(),
            (_, Some(at), _) if more => format!("{} of more than {}", grouped(at + 1), grouped(n)),
            (_, Some(at), _) => format!("{} of {}", grouped(at + 1), grouped(n)),
        }
    }
}

#[component]
pub(crate) fn LogSearch(searching: Searching) -> impl IntoView {
    let none = move || searching.hits.get() == 0;
    view! {
        <form
            class="log-search"
            role="search"
            aria-label="Output"
            on:submit=move |event| {
                event.prevent_default();
                searching.step(true);
            }
        >
            <input
                type="search"
                class="log-field"
                aria-label="Search the output"
                placeholder="Search output"
                autocomplete="off"
                maxlength="200"
                prop:value=move || searching.needle.get()
                on:input=move |event| searching.needle.set(event_target_value(&event))
                on:keydown=move |event| {
                    if event.key() == "Enter" && event.shift_key() {
                        event.prevent_default();
                        searching.step(false);
                    }
                }
            />
            <span class="log-hits" aria-live="polite">{move || searching.words()}</span>
            <button type="button" class="log-toggle" disabled=none aria-label="Previous match" on:click=move |_| searching.step(false)>
                "↑"
            </button>
            <button type="submit" class="log-toggle" disabled=none aria-label="Next match">"↓"</button>
        </form>
    }
}
