//! The output of a run on screen: numbered lines, follow mode, search. Draws only the lines in sight; fetching is `log_feed`'s.

use leptos::{html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_location;
use shared::api::{client::output_download, run::OutputPart};

use crate::{
    components::{
        log_feed::LogFeed,
        log_row::{LogGap, LogRow},
        log_search::{LogSearch, Searching},
        log_window::{self, LINE, Window},
    },
    transport::api,
};

/// Where the output should be shown from, asked by another part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    /// The first line of a step.
    Step(u32),
    /// A line by its number.
    Line(i64),
}

/// The scrolling box, and what it is known to show.
#[derive(Clone, Copy)]
struct Pane {
    element: NodeRef<html::Div>,
    scroll: RwSignal<f64>,
    view: RwSignal<f64>,
    follow: RwSignal<bool>,
    /// The box has been measured once it had lines.
    measured: StoredValue<bool>,
    /// The next scrolling is the page's own, not a person's.
    own: StoredValue<bool>,
}

impl Pane {
    /// Reads the box after it scrolled or changed its size. Scrolling up lets go of the end; reaching the end takes hold of it.
    fn read(self, live: bool) {
        let Some(element) = self.element.get_untracked() else { return };
        let (top, view) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
        let before = self.scroll.get_untracked();
        let own = self.own.get_value();
        self.own.set_value(false);
        if own {
            // It says nothing about what the person wants.
        } else if f64::from(element.scroll_height()) - view - top < 4.0 {
            self.follow.set(live);
        } else if top < before - 1.0 {
            self.follow.set(false);
        }
        self.scroll.set(top);
        self.view.set(view);
    }

    /// After the next frame, so that the space for new lines is there.
    fn scroll_to(self, pixels: f64) {
        request_animation_frame(move || {
            if let Some(element) = self.element.try_get_untracked().flatten() {
                let before = element.scroll_top();
                element.set_scroll_top(pixels as i32);
                // Where nothing moves, no event comes that would take the mark back.
                self.own.set_value(element.scroll_top() != before);
                self.scroll.set(f64::from(element.scroll_top()));
                self.view.set(f64::from(element.client_height()));
            }
        });
    }
}

#[component]
pub(crate) fn LogView(
    feed: LogFeed,
    /// Names the box for screen readers: "Output of run 7".
    label: String,
    /// True while more lines may come.
    #[prop(into)]
    live: Signal<bool>,
    jump: RwSignal<Option<Jump>>,
) -> impl IntoView {
    let hash = use_location().hash;
    let marked = Memo::new(move |_| line_of(&hash.get()));
    let pane = Pane {
        element: NodeRef::new(),
        scroll: RwSignal::new(0.0),
        view: RwSignal::new(600.0),
        follow: RwSignal::new(live.get_untracked() && marked.get_untracked().is_none()),
        measured: StoredValue::new(false),
        own: StoredValue::new(false),
    };
    let searching = Searching::new(feed);
    let count = Memo::new(move |_| feed.count());
    let window = Memo::new(move |_| log_window::window(count.get(), pane.scroll.get(), pane.view.get()));

    Effect::new(move || {
        count.track();
        let Window { first, end, .. } = window.get();
        feed.want(first..end);
    });
    keep_in_sight(pane, feed, count, jump, marked, searching);
    let resized = window_event_listener(leptos::ev::resize, move |_| pane.read(live.get_untracked()));
    on_cleanup(move || resized.remove());

    let rows = move || {
        let Window { first, end, .. } = window.get();
        let needle = searching.needle();
        let lines = feed.with(|lines| lines.get(first..end));
        lines.into_iter().map(|(number, line)| (number, line, needle.clone())).collect::<Vec<_>>()
    };
    view! {
        <section class="log" aria-label="Output">
            <LogBar feed pane count live searching/>
            <div
                class="log-box"
                data-testid="output"
                node_ref=pane.element
                role="log"
                aria-label=label
                aria-live="off"
                tabindex="0"
                on:scroll=move |_| pane.read(live.get_untracked())
            >
                <div
                    class="log-space"
                    style:height=move || format!("{}px", log_window::height(count.get()))
                >
                    <div
                        class="log-window"
                        style:transform=move || format!("translateY({}px)", window.get().top)
                    >
                        <For
                            each=rows
                            key=|(number, line, needle)| (*number, line.is_some(), needle.clone())
                            children=move |(number, line, needle)| match line {
                                Some(line) => view! { <LogRow line needle marked /> }.into_any(),
                                None => view! { <LogGap number /> }.into_any(),
                            }
                        />
                    </div>
                </div>
                <Show when=move || count.get() == 0>
                    <p class="log-none">
                        {move || if live.get() { "No output yet." } else { "This run wrote no output." }}
                    </p>
                </Show>
            </div>
        </section>
    }
}

/// How much there is, search, download, following; and what could not be fetched.
#[component]
fn LogBar(feed: LogFeed, pane: Pane, count: Memo<usize>, live: Signal<bool>, searching: Searching) -> impl IntoView {
    view! {
        <div class="log-bar">
            <h2 class="log-title">"Output"</h2>
            <span class="log-count">
                {move || lines_words(count.get())}
            </span>
            <LogSearch searching />
            // `rel`: the router must leave it to the browser.
            <a
                class="log-toggle log-download"
                href=output_download(feed.run(), None)
                rel="external"
                download=""
                title="The whole output as printed, with its escape sequences"
            >
                "Download"
            </a>
            <button
                type="button"
                class="log-toggle"
                aria-pressed=move || pane.follow.get().to_string()
                disabled=move || !live.get()
                title=move || (!live.get()).then_some("The run has ended: no more lines come")
                on:click=move |_| {
                    pane.follow.set(true);
                    pane.scroll_to(log_window::height(count.get_untracked()));
                }
            >
                {move || if pane.follow.get() && live.get() { "Following" } else { "Follow" }}
            </button>
        </div>
        {move || {
            feed.failed()
                .map(|error| {
                    view! {
                        <p class="log-failed" role="status">
                            "The rest of the output could not be fetched: "{error.to_string()}" "
                            <button type="button" class="log-toggle" on:click=move |_| feed.fetch()>
                                "Try again"
                            </button>
                        </p>
                    }
                })
        }}
    }
}

/// Scrolls when new lines come, when somebody asks for a step or a line, and when the search moves.
fn keep_in_sight(
    pane: Pane,
    feed: LogFeed,
    count: Memo<usize>,
    jump: RwSignal<Option<Jump>>,
    marked: Memo<Option<i64>>,
    searching: Searching,
) {
    let show = move |index: usize| {
        pane.follow.set(false);
        pane.scroll_to(log_window::scroll_to(count.get_untracked(), index, pane.view.get_untracked()));
    };
    Effect::new(move || {
        let n = count.get();
        if pane.follow.get() {
            pane.scroll_to(log_window::height(n));
        } else if n > 0 && !pane.measured.get_value() {
            pane.measured.set_value(true);
            request_animation_frame(move || {
                if let Some(element) = pane.element.try_get_untracked().flatten() {
                    pane.view.set(f64::from(element.client_height()));
                }
            });
        }
    });
    let first_line = FirstLine { feed, asking: StoredValue::new(false) };
    Effect::new(move || {
        if let Some(line) = marked.get() {
            jump.set(Some(Jump::Line(line)));
        }
    });
    Effect::new(move || {
        let n = count.get();
        let index = match jump.get() {
            None => return,
            Some(Jump::Step(step)) => return first_line.find(step, jump),
            Some(Jump::Line(line)) => usize::try_from(line - 1).ok().filter(|i| *i < n),
        };
        // A line that is not there yet is waited for.
        if let Some(index) = index {
            jump.set(None);
            show(index);
        }
    });
    Effect::new(move || {
        if let Some(index) = searching.current().and_then(|line| usize::try_from(line - 1).ok()) {
            show(index);
        }
    });
}

/// Finds out where a step's output begins.
#[derive(Clone, Copy)]
struct FirstLine {
    feed: LogFeed,
    asking: StoredValue<bool>,
}

impl FirstLine {
    fn find(self, step: u32, jump: RwSignal<Option<Jump>>) {
        if self.asking.get_value() {
            return;
        }
        self.asking.set_value(true);
        spawn_local(async move {
            let part = OutputPart { step: Some(step), limit: Some(1), ..OutputPart::default() };
            let found = api().output_part(self.feed.run(), &part).await;
            self.asking.try_set_value(false);
            // A step that has printed nothing yet is asked about again when there are more lines.
            if let Some(line) = found.ok().and_then(|page| page.items.first().map(|line| line.line)) {
                jump.try_set(Some(Jump::Line(line)));
            }
        });
    }
}

fn line_of(hash: &str) -> Option<i64> {
    hash.trim_start_matches('#').strip_prefix('L')?.parse().ok().filter(|n| *n > 0)
}

fn lines_words(n: usize) -> String {
    match n {
        1 => "1 line".into(),
        n => format!("{} lines", grouped(n)),
    }
}

/// 1234567 as "1 234 567", with thin no-break spaces.
pub(crate) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

/// A line's height is known to the arithmetic and to the style sheet; this keeps them from drifting apart unnoticed.
const _: () = assert!(LINE == 24.0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_and_counts() {
        assert_eq!(line_of("#L12"), Some(12));
        assert_eq!([line_of(""), line_of("#L0"), line_of("#line-3")], [None, None, None]);
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(lines_words(1), "1 line");
    }
}
