//! Texts to hand on, copied by a button or sent to the team's webhook: for social media, and for answers to people who ask. Fetched when they are wanted.

use std::future::Future;

use leptos::prelude::*;
use shared::{
    api::{
        client::CallError,
        post::{HandOnIn, HandedOnView, PreparedView},
    },
    domain::access::Action,
};
use wasm_bindgen_futures::JsFuture;

use crate::{
    components::{attempt::Attempt, button::Button, error_note::ErrorNote},
    session::may,
};

/// `fetch` asks for what the public page says now, `send` has what was read sent to the team's webhook.
#[component]
pub(crate) fn Prepared<F, Fut, S, Sent>(fetch: F, send: S) -> impl IntoView
where
    F: Fn() -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<PreparedView, CallError>> + 'static,
    S: Fn(HandOnIn) -> Sent + Copy + Send + Sync + 'static,
    Sent: Future<Output = Result<HandedOnView, CallError>> + 'static,
{
    let attempt = Attempt::new();
    let texts = RwSignal::new(None::<PreparedView>);
    let may_send = may(Action::PostUpdate);
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
                            <Text label="For social media" text=texts.post.clone() hint=length/>
                            <Text label="For answers to people who ask" text=texts.answer.clone() hint=String::new()/>
                            {texts.webhook.clone().filter(|_| may_send.get()).map(|host| view! { <SendThem host texts send/> })}
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

/// Once, to one place; what became of it stays beside the button.
#[component]
fn SendThem<S, Sent>(host: String, texts: PreparedView, send: S) -> impl IntoView
where
    S: Fn(HandOnIn) -> Sent + Copy + Send + Sync + 'static,
    Sent: Future<Output = Result<HandedOnView, CallError>> + 'static,
{
    let attempt = Attempt::new();
    let said = RwSignal::new(String::new());
    let to = host.clone();
    let press = move |()| {
        said.set(String::new());
        let (read, to) = (HandOnIn { post: texts.post.clone(), answer: texts.answer.clone() }, to.clone());
        attempt.run(send(read), move |view| {
            let words = match view.why {
                None => format!("Sent to {to}."),
                Some(why) => format!("{to} has not taken them. {why}"),
            };
            said.try_set(words);
        });
    };
    view! {
        <p>
            <Button busy=attempt.busy on_press=press test_id="prepared-send">{format!("Send both to {host}")}</Button>
            <span class="muted" role="status" data-testid="prepared-sent">" " {said}</span>
        </p>
        <ErrorNote error=attempt.error/>
    }
}
