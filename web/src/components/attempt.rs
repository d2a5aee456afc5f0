//! One command under way at most: its progress and how it failed. A second press while it runs does nothing.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};
use shared::api::client::CallError;

#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) busy: RwSignal<bool>,
    pub(crate) error: RwSignal<Option<CallError>>,
}

impl Attempt {
    pub(crate) fn new() -> Self {
        Self { busy: RwSignal::new(false), error: RwSignal::new(None) }
    }

    /// Carries out `call`, then gives its value to `then`; a failure stays in `error` for an `ErrorNote`.
    pub(crate) fn run<T: 'static>(
        self,
        call: impl Future<Output = Result<T, CallError>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let answer = call.await;
            self.busy.try_set(false);
            match answer {
                Ok(value) => then(value),
                Err(error) => {
                    self.error.try_set(Some(error));
                }
            }
        });
    }

    /// What the server said about one field.
    pub(crate) fn field(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.error.with(|error| match error {
                Some(CallError::Refused(view)) => {
                    view.fields.iter().find(|f| f.field == name).map(|f| f.message.clone())
                }
                _ => None,
            })
        })
    }
}
