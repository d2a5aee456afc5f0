//! A dialog that asks for a reason before it does something to a run. The typed text stays if the server says no.

use std::future::Future;

use leptos::prelude::*;
use shared::{
    api::{client::CallError, run::RunView},
    domain::text::Message,
};

use crate::components::{
    async_view::Fetched,
    attempt::Attempt,
    button::{Button, ButtonKind},
    dialog::Dialog,
    error_note::ErrorNote,
    field::TextArea,
    focus,
};

#[component]
pub(crate) fn ReasonDialog<F, Fut>(
    open: RwSignal<bool>,
    /// Names the object.
    #[prop(into)]
    title: Signal<String>,
    /// What will and will not happen.
    #[prop(into)]
    text: String,
    /// The button: "Refuse this run".
    verb: &'static str,
    #[prop(default = "Reason")] label: &'static str,
    /// The way back.
    #[prop(default = "Cancel")]
    dismiss: &'static str,
    #[prop(optional)] danger: bool,
    #[prop(optional, into)] test_id: Option<String>,
    of: Fetched<RunView>,
    send: F,
) -> impl IntoView
where
    F: Fn(Message) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<RunView, CallError>> + 'static,
{
    let reason = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let submit = move || match Message::parse(&reason.get_untracked()) {
        Err(_) if reason.with_untracked(|r| r.trim().is_empty()) => {
            wrong.set(Some("Say why, in a few words: others will rely on it.".into()));
        }
        Err(why) => wrong.set(Some(why)),
        Ok(message) => {
            wrong.set(None);
            attempt.run(send(message), move |run| {
                open.set(false);
                reason.set(String::new());
                of.put(run);
                focus::to_heading();
            });
        }
    };
    let kind = if danger { ButtonKind::Danger } else { ButtonKind::Primary };
    let (text, test_id) = (StoredValue::new(text), StoredValue::new(test_id.unwrap_or_else(|| "reason-send".into())));
    view! {
        <Dialog open title>
            <form class="form" on:submit=move |event| {
                event.prevent_default();
                submit();
            }>
                <p>{text.get_value()}</p>
                <TextArea label value=reason rows=3 error=wrong/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>{dismiss}</Button>
                    <Button kind submit=true busy=attempt.busy test_id=test_id.get_value()>
                        {verb}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}
