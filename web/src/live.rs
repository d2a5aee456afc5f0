//! The event stream as signals: who listens, what was heard, whether the line is up. Fetches nothing itself.

use std::{rc::Rc, time::Duration};

use leptos::{ev, prelude::*, task::spawn_local};
use shared::{
    api::{
        error::ErrorCode,
        live::{LiveEvent, Topic},
    },
    timestamp::Timestamp,
};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use crate::{
    components::time,
    transport::{api, signal_signed_out},
};

const TOPICS: [&str; 14] = [
    "incident",
    "incidents",
    "run",
    "output",
    "report",
    "plan",
    "people",
    "status-page",
    "maintenance",
    "freeze",
    "alerts",
    "monitors",
    "drills",
    "outbox",
];
/// Several events in a row cause one fetch at once and one when they are over.
const CALM: Duration = Duration::from_millis(200);
/// After this time what failed is asked for again, where it may be otherwise by then.
pub(crate) const RETRY: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    Connecting,
    Live,
    /// What one sees is from this instant.
    Lost {
        since: Timestamp,
    },
}

type Callback = Rc<dyn Fn(&LiveEvent)>;

#[derive(Default)]
struct Inner {
    listeners: Vec<(u64, Callback)>,
    next: u64,
    source: Option<Source>,
}

struct Source {
    events: EventSource,
    _closures: Vec<Closure<dyn Fn(web_sys::Event)>>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.events.close();
        self.events.set_onopen(None);
        self.events.set_onerror(None);
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Live {
    inner: StoredValue<Inner, LocalStorage>,
    connection: RwSignal<Connection>,
    /// Bumps when events may have been missed.
    resumed: RwSignal<u64>,
}

/// Puts a stream, not yet connected, into context.
pub(crate) fn provide_live() -> Live {
    let live = Live {
        inner: StoredValue::new_local(Inner::default()),
        connection: RwSignal::new(Connection::Connecting),
        resumed: RwSignal::new(0),
    };
    // The browser knows of a cut before the stream does: one that hangs looks like one that is quiet. Both listen as long as the app.
    let _ = window_event_listener(ev::offline, move |_| live.lost());
    let _ = window_event_listener(ev::online, move |_| live.back());
    provide_context(live);
    live
}

/// The stream of the app.
pub(crate) fn use_live() -> Live {
    use_context().unwrap_or_else(provide_live)
}

impl Live {
    pub(crate) fn connection(self) -> Signal<Connection> {
        self.connection.into()
    }

    /// Calls back for every event until the current component goes.
    pub(crate) fn on(self, callback: impl Fn(&LiveEvent) + 'static) {
        let id = self.inner.try_update_value(|inner| {
            inner.next += 1;
            inner.listeners.push((inner.next, Rc::new(callback)));
            inner.next
        });
        on_cleanup(move || {
            self.inner.try_update_value(|inner| inner.listeners.retain(|(other, _)| Some(*other) != id));
        });
    }

    /// A counter that grows when a matching event was heard and when events may have been missed: read it where you fetch.
    pub(crate) fn refetch_on(self, matches: impl Fn(&Topic) -> bool + 'static) -> Signal<u64> {
        let count = RwSignal::new(0_u64);
        let resting = StoredValue::new(false);
        let again = StoredValue::new(false);
        self.on(move |event| {
            if !matches(&event.topic) {
                return;
            }
            if resting.try_get_value() == Some(true) {
                again.try_set_value(true);
                return;
            }
            bump(count);
            rest(count, resting, again);
        });
        let resumed = self.resumed;
        Signal::derive(move || count.get() + resumed.get())
    }

    /// Opens the stream, anew if need be.
    pub(crate) fn connect(self) {
        let Ok(events) = EventSource::new("/api/v1/events") else { return };
        let heard = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| self.hear(&event));
        for topic in TOPICS {
            // Fails only for a listener that is no function.
            let _ = events.add_event_listener_with_callback(topic, heard.as_ref().unchecked_ref());
        }
        let opened = Closure::<dyn Fn(web_sys::Event)>::new(move |_| self.opened());
        events.set_onopen(Some(opened.as_ref().unchecked_ref()));
        let failed = Closure::<dyn Fn(web_sys::Event)>::new(move |_| self.failed());
        events.set_onerror(Some(failed.as_ref().unchecked_ref()));
        let source = Source { events, _closures: vec![heard, opened, failed] };
        self.inner.try_update_value(|inner| inner.source = Some(source));
    }

    /// Closes the stream, for who has signed out.
    pub(crate) fn disconnect(self) {
        self.inner.try_update_value(|inner| inner.source = None);
        self.connection.try_set(Connection::Connecting);
    }

    fn hear(self, event: &web_sys::Event) {
        let text = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
        // An event this version does not know changes nothing it shows.
        let Some(event) = text.and_then(|text| serde_json::from_str::<LiveEvent>(&text).ok()) else { return };
        let listeners: Vec<Callback> = self
            .inner
            .try_with_value(|inner| inner.listeners.iter().map(|(_, c)| c.clone()).collect())
            .unwrap_or_default();
        for listener in listeners {
            listener(&event);
        }
    }

    fn opened(self) {
        let before = self.connection.try_get_untracked();
        self.connection.try_set(Connection::Live);
        if matches!(before, Some(Connection::Lost { .. })) {
            bump(self.resumed);
        }
    }

    fn lost(self) {
        if !matches!(self.connection.try_get_untracked(), Some(Connection::Lost { .. })) {
            self.connection.try_set(Connection::Lost { since: time::now() });
        }
    }

    /// A new stream, and everything fetched anew: nothing of what was missed stays missing.
    fn back(self) {
        if self.inner.try_with_value(|inner| inner.source.is_some()) == Some(true) {
            self.connect();
        }
    }

    fn failed(self) {
        self.lost();
        // The browser itself tries again after a cut line, but not after an answer that was no stream.
        if self.closed() {
            self.try_again();
        }
    }

    /// An ordinary call finds out whether the sign-in has ended; if so, whoever signs in again also connects again.
    fn try_again(self) {
        spawn_local(async move {
            let signed_out = api().me().await.is_err_and(|error| error.code() == Some(ErrorCode::NotSignedIn));
            if signed_out {
                signal_signed_out();
                return;
            }
            set_timeout(
                move || {
                    if self.closed() {
                        self.connect();
                    }
                },
                RETRY,
            );
        });
    }

    fn closed(self) -> bool {
        let closed =
            |inner: &Inner| inner.source.as_ref().is_some_and(|s| s.events.ready_state() == EventSource::CLOSED);
        self.inner.try_with_value(closed) == Some(true)
    }
}

fn bump(count: RwSignal<u64>) {
    count.try_update(|n| *n += 1);
}

fn rest(count: RwSignal<u64>, resting: StoredValue<bool>, again: StoredValue<bool>) {
    resting.try_set_value(true);
    set_timeout(
        move || {
            if again.try_get_value() == Some(true) {
                again.try_set_value(false);
                bump(count);
                rest(count, resting, again);
            } else {
                resting.try_set_value(false);
            }
        },
        CALM,
    );
}
