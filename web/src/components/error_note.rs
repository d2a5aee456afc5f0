//! Failures in words, where the person is: what happened, what was not done, what to do next. Never a toast that goes away.

use leptos::prelude::*;
use shared::api::{client::CallError, error::ErrorCode};

use crate::components::icon::{Icon, Svg};

/// Shows a failure, and nothing while there is none.
#[component]
pub(crate) fn ErrorNote(
    #[prop(into)] error: Signal<Option<CallError>>,
    /// Content of before is still shown below.
    #[prop(optional, into)]
    stale: Signal<bool>,
    /// What one can do about it.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let children = StoredValue::new(children);
    move || {
        // A session that has ended is asked about in a dialog of its own.
        let error = error.get().filter(|error| error.code() != Some(ErrorCode::NotSignedIn))?;
        let said = error.to_string();
        let fields = match &error {
            // One field's sentence is often the whole message.
            CallError::Refused(view) => view.fields.iter().filter(|f| f.message != said).cloned().collect(),
            _ => vec![],
        };
        Some(view! {
            <div class="note critical" role="alert" data-testid="error">
                <Svg icon=Icon::Alert/>
                <div class="note-body">
                    <p>{said}</p>
                    {(!fields.is_empty())
                        .then(|| {
                            view! {
                                <ul>
                                    {fields.into_iter().map(|f| view! { <li>{f.message}</li> }).collect_view()}
                                </ul>
                            }
                        })}
                    {move || stale.get().then(|| view! { <p class="muted">"What you see below is from before."</p> })}
                    {move || {
                        children
                            .with_value(|c| c.as_ref().map(|c| view! { <div class="note-action">{c()}</div> }))
                    }}
                </div>
            </div>
        })
    }
}

/// Beside a button that asks again, where that is done by itself as well.
#[component]
pub(crate) fn AskedAgain(error: RwSignal<Option<CallError>>) -> impl IntoView {
    move || {
        error
            .with(|error| error.as_ref().is_some_and(CallError::may_pass))
            .then(|| view! { <span class="muted">"It is asked for again every few seconds."</span> })
    }
}

/// What a page says about something that is not there (or not this person's to see).
#[component]
pub(crate) fn Missing() -> impl IntoView {
    view! {
        <div class="empty">
            <h1 class="empty-title">"There is nothing here"</h1>
            <p class="empty-text">
                "This address leads nowhere, or what was here cannot be seen by you. Nothing was changed."
            </p>
            <div class="empty-action">
                <a class="button" href="/console">
                    "Go to the overview"
                </a>
            </div>
        </div>
    }
}
