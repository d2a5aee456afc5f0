//! Texts to hand on, copied by a button: for social media, and for answers to people who ask. Fetched when they are wanted.

use std::future::Future;

use leptos::prelude::*;
use shared::api::{client::CallError, post::PreparedView};
use wasm_bindgen_futures::JsFuture;

use crate::components::{attempt::Attempt, button::Button, error_note::ErrorNote};

/// `fetch` asks for what the public page says now.
#[component]
pub(crate) fn Prepared<F, Fut>(fetch: F) -> impl IntoView
where
    F: Fn() -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<PreparedView, CallError>> + 'static,
{
    let attempt = Attempt::new();
    let texts = RwSignal::new(None::<PreparedView>);
    let show = move |()| {
        attempt.run(fetch(), move |view| {
            texts.try_set(Some(view));
        })
    };
    view! {
        <p>
            <Button busy=attempt.busy on_press=show test_id="prepared-show">
                {move || if texts.with(Option::is_some) { "Write them anew" } else { "Texts to hand on" }}
            </Button>
        </p>
        <ErrorNote error=attempt.error/>
        {move || {
            texts
                .get()
                .map(|texts| {
                    let length = format!("{} of {} characters: fits everywhere.", texts.n_characters, texts.most);
                    view! {
                        <div class="stack-tight" data-testid="prepared">
                            <Text label="For social media" text=texts.post hint=length/>
                            <Text label="For answers to people who ask" text=texts.answer hint=String::new()/>
                        </div>
                    }
                })
        }}
    }
}

#[component]
fn Text(label: &'static str, text: String, hint: String) -> impl IntoView {
    let said = RwSignal::new("");
    let copied = text.clone();
    let copy = move |()| {
        let promise = window().navigator().clipboard().write_text(&copied);
        leptos::task::spawn_local(async move {
            let done = JsFuture::from(promise).await.is_ok();
            said.try_set(if done { "Copied." } else { "The browser did not allow it; select and copy it yourself." });
        });
    };
    view! {
        <section class="stack-tight">
            <h3>{label}</h3>
            <p class="scheduled-text panel">{text}</p>
            <p class="hint">{hint}</p>
            <p>
                <Button on_press=copy>"Copy"</Button>
                <span class="muted" role="status">" " {said}</span>
            </p>
        </section>
    }
}
