//! One frame for everything that is fetched: loading, failure, content. Old content stays while new is fetched or cannot be.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};
use shared::api::{client::CallError, error::ErrorCode};

use crate::{
    components::{
        button::Button,
        error_note::{AskedAgain, ErrorNote, Missing},
    },
    live::RETRY,
    session::Session,
};

/// Something the server has, as last seen. The latest question wins; a failure keeps what was there, unless it is gone, and
/// one that may pass is followed by the same question until it has passed.
pub(crate) struct Fetched<T: 'static> {
    pub(crate) value: RwSignal<Option<T>>,
    pub(crate) error: RwSignal<Option<CallError>>,
    pub(crate) fetching: RwSignal<bool>,
    again: RwSignal<u64>,
    asked: StoredValue<u64>,
}

impl<T> Clone for Fetched<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Fetched<T> {}

impl<T: Send + Sync + 'static> Fetched<T> {
    /// Fetches now, and again whenever a signal changes that `fetch` reads before its first await.
    pub(crate) fn new<Fut>(fetch: impl Fn() -> Fut + 'static) -> Self
    where
        Fut: Future<Output = Result<T, CallError>> + 'static,
    {
        let this = Self {
            value: RwSignal::new(None),
            error: RwSignal::new(None),
            fetching: RwSignal::new(true),
            again: RwSignal::new(0),
            asked: StoredValue::new(0),
        };
        let session = use_context::<Session>();
        Effect::new(move |_| {
            this.again.track();
            if let Some(session) = session {
                session.renewed.track();
            }
            let answer = fetch();
            let turn = this.asked.get_value() + 1;
            this.asked.set_value(turn);
            this.fetching.set(true);
            spawn_local(async move {
                let answer = answer.await;
                if this.asked.try_get_value() != Some(turn) {
                    return; // A later question is under way, or the page is gone.
                }
                this.fetching.set(false);
                match answer {
                    Ok(value) => this.put(value),
                    Err(error) => {
                        // What is gone, or may not be seen any more, does not stay on screen.
                        if error.code() == Some(ErrorCode::NotFound) {
                            this.value.set(None);
                        }
                        if error.may_pass() {
                            let again = move || {
                                if this.asked.try_get_value() == Some(turn) {
                                    this.refetch();
                                }
                            };
                            set_timeout(again, RETRY);
                        }
                        // The same once more is not said once more.
                        if this.error.with_untracked(|said| said.as_ref() != Some(&error)) {
                            this.error.set(Some(error));
                        }
                    }
                }
            });
        });
        this
    }

    /// Shows what a command answered, without asking again.
    pub(crate) fn put(self, value: T) {
        self.error.try_set(None);
        self.value.try_set(Some(value));
    }

    pub(crate) fn refetch(self) {
        self.again.try_update(|n| *n += 1);
    }
}

/// Shows `content` once there is something to show; it is built once and follows the signal it is given, so that what a
/// person types survives new data.
#[component]
pub(crate) fn AsyncView<T, V>(
    of: Fetched<T>,
    /// What is being fetched, as in "Loading the incident…".
    #[prop(into)]
    what: String,
    content: impl Fn(Signal<T>) -> V + Send + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let there = Memo::new(move |_| of.value.with(Option::is_some));
    let gone = Memo::new(move |_| {
        !there.get() && of.error.with(|e| e.as_ref().and_then(CallError::code) == Some(ErrorCode::NotFound))
    });
    let what = StoredValue::new(what);
    // Holds the last value, so that the content always has one to read.
    let last = move || {
        let first = of.value.get_untracked();
        first.map(|first| {
            let shown = RwSignal::new(first);
            Effect::new(move |_| {
                if let Some(value) = of.value.get() {
                    shown.set(value);
                }
            });
            Signal::from(shown)
        })
    };
    let retry = move |()| of.refetch();
    view! {
        <div class="async" aria-busy=move || of.fetching.get().to_string()>
            {move || {
                (!gone.get() && of.error.with(Option::is_some))
                    .then(|| {
                        view! {
                            <ErrorNote error=of.error stale=there>
                                <Button on_press=retry busy=of.fetching>
                                    "Try again"
                                </Button>
                                <AskedAgain error=of.error/>
                            </ErrorNote>
                        }
                    })
            }}
            {move || {
                if there.get() {
                    last().map(|shown| content(shown).into_any())
                } else if gone.get() {
                    Some(view! { <Missing/> }.into_any())
                } else if of.error.with(Option::is_none) {
                    Some(
                        view! {
                            <p class="loading" role="status">
                                "Loading "
                                {what.get_value()}
                                "…"
                            </p>
                        }
                            .into_any(),
                    )
                } else {
                    None
                }
            }}
        </div>
    }
}
