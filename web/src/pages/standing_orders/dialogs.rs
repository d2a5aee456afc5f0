//! The dialog that asks why before an order is stopped or refused. The typed text stays if the server says no.

use std::future::Future;

use leptos::prelude::*;
use shared::{
    api::{client::CallError, standing_order::OrderWhyIn},
    domain::text::Message,
};

use crate::components::{
    attempt::Attempt,
    button::{Button, ButtonKind},
    dialog::Dialog,
    error_note::ErrorNote,
    field::TextArea,
};

#[component]
pub(super) fn WhyDialog<F, Fut>(
    open: RwSignal<bool>,
    #[prop(into)] title: String,
    /// What will and will not happen.
    #[prop(into)]
    text: String,
    verb: &'static str,
    #[prop(optional)] danger: bool,
    test_id: &'static str,
    send: F,
    #[prop(into)] on_done: Callback<()>,
) -> impl IntoView
where
    F: Fn(OrderWhyIn) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), CallError>> + 'static,
{
    let reason = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let send = StoredValue::new(send);
    let submit = move || match Message::parse(&reason.get_untracked()) {
        Err(_) if reason.with_untracked(|r| r.trim().is_empty()) => {
            wrong.set(Some("Say why, in a few words: others will rely on it.".into()));
        }
        Err(why) => wrong.set(Some(why)),
        Ok(reason_text) => {
            wrong.set(None);
            let call = send.with_value(|send| send(OrderWhyIn { reason: reason_text }));
            attempt.run(call, move |()| {
                open.set(false);
                reason.set(String::new());
                on_done.run(());
            });
        }
    };
    let kind = if danger { ButtonKind::Danger } else { ButtonKind::Primary };
    let text = StoredValue::new(text);
    view! {
        <Dialog open title>
            <form class="form" on:submit=move |event| {
                event.prevent_default();
                submit();
            }>
                <p>{text.get_value()}</p>
                <TextArea label="Reason" value=reason rows=3 error=wrong/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind submit=true busy=attempt.busy test_id=test_id>{verb}</Button>
                </div>
            </form>
        </Dialog>
    }
}
