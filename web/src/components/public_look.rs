//! "Show what visitors will see": a page of the public as it would be with what is typed now, made by the server. Sends nothing that stays.

use leptos::prelude::*;
use shared::api::{client::CallError, post::PreviewView};

use crate::components::{attempt::Attempt, button::Button, error_note::ErrorNote, shadow::Shadow};

/// `ask` gives nothing while what is typed is not whole, and has said so then. `typed` tells whether what was seen is what is written.
#[component]
pub(crate) fn PublicLook<A, F>(#[prop(into)] typed: Signal<String>, ask: A, test_id: &'static str) -> impl IntoView
where
    A: Fn() -> Option<F> + Copy + Send + Sync + 'static,
    F: Future<Output = Result<PreviewView, CallError>> + 'static,
{
    let attempt = Attempt::new();
    let seen = RwSignal::new(None::<(String, PreviewView)>);
    let look = move |()| {
        let Some(asked) = ask() else { return };
        let text = typed.get_untracked();
        attempt.run(asked, move |view| {
            seen.try_set(Some((text, view)));
        });
    };
    // What was seen is not what is written now.
    let old = move || {
        let typed = typed.get();
        seen.with(|seen| seen.as_ref().is_some_and(|(text, _)| *text != typed))
    };
    let preview = Signal::derive(move || seen.get().map(|(_, view)| view));
    view! {
        <p>
            <Button busy=attempt.busy on_press=look test_id>"Show what visitors will see"</Button>
        </p>
        <ErrorNote error=attempt.error/>
        <Show when=move || preview.with(Option::is_some)>
            <div class="stack-tight">
                <p class="hint" role="status">
                    {move || {
                        if old() { "You have changed the text since. Look again." } else { "The page of this incident, as visitors will see it:" }
                    }}
                </p>
                <Shadow preview/>
            </div>
        </Show>
    }
}
