//! Search within a run's output: the field, the count, back and forth. Long outputs are looked through in slices.

use std::time::Duration;

use leptos::prelude::*;

use crate::components::{log_feed::LogFeed, log_lines::Search};

/// Lines looked through before the page gets its turn again.
const SLICE: usize = 25_000;

/// The state of one search.
#[derive(Clone, Copy)]
pub(crate) struct Searching {
    feed: LogFeed,
    search: StoredValue<Search>,
    needle: RwSignal<String>,
    hits: RwSignal<usize>,
    /// Which hit is shown.
    at: RwSignal<Option<usize>>,
    busy: RwSignal<bool>,
}

impl Searching {
    pub(crate) fn new(feed: LogFeed) -> Self {
        let new = Self {
            feed,
            search: StoredValue::new(Search::default()),
            needle: RwSignal::new(String::new()),
            hits: RwSignal::new(0),
            at: RwSignal::new(None),
            busy: RwSignal::new(false),
        };
        Effect::new(move || {
            feed.count();
            let needle = new.needle.get();
            if new.search.with_value(|search| search.needle != needle) {
                new.search.set_value(Search::new(&needle));
                new.hits.set(0);
                new.at.set(None);
            }
            if !new.busy.get_untracked() {
                new.scan();
            }
        });
        new
    }

    fn scan(self) {
        let scanned = self.feed.with_untracked(|lines| {
            self.search.try_update_value(|search| (search.scan(lines, SLICE), search.hits.len()))
        });
        let Some((more, hits)) = scanned.flatten() else { return };
        if hits != self.hits.get_untracked() {
            self.hits.set(hits);
        }
        if hits > 0 && self.at.get_untracked().is_none() {
            self.at.set(Some(0));
        }
        self.busy.set(more);
        if more {
            set_timeout(
                move || {
                    if self.busy.try_get_untracked().is_some() {
                        self.scan()
                    }
                },
                Duration::ZERO,
            );
        }
    }

    pub(crate) fn needle(self) -> String {
        self.needle.get()
    }

    /// Index of the line that holds the hit in turn.
    pub(crate) fn current(self) -> Option<usize> {
        let at = self.at.get()?;
        self.search.with_value(|search| search.hits.get(at).copied())
    }

    fn step(self, forward: bool) {
        let n = self.hits.get_untracked();
        if n > 0 {
            self.at.update(|at| {
                let now = at.unwrap_or(0);
                *at = Some(if forward { (now + 1) % n } else { (now + n - 1) % n });
            });
        }
    }

    fn words(self) -> String {
        match (self.needle.get().is_empty(), self.at.get(), self.hits.get(), self.busy.get()) {
            (true, ..) => String::new(),
            (_, None, _, true) => "searching".into(),
            (_, None, _, false) => "not found".into(),
            (_, Some(at), n, busy) => format!("{} of {n}{}", at + 1, if busy { "+" } else { "" }),
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
