//! The dialog of resolving. What is typed stays until it was taken; telling the public before that is `post`.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::{
        client::CallError,
        error::ErrorCode,
        incident::{ResolveIn, UpdateIn},
    },
    domain::{incident::PublicState, run::RunState, text::Message},
};

use super::{
    Here,
    open_points::{Despite, OpenPoints},
};
use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextArea,
        focus,
        public_look::PublicLook,
        tell_subscribers::TellSubscribers,
    },
    transport::api,
};

/// Cancel and the deed, at the foot of a dialog's form.
#[component]
pub(super) fn DialogFoot(
    open: RwSignal<bool>,
    busy: RwSignal<bool>,
    test_id: &'static str,
    /// The verb with its object.
    #[prop(into)]
    words: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="form-actions">
            <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            <Button kind=ButtonKind::Primary submit=true busy=busy test_id=test_id>
                {move || words.get()}
            </Button>
        </div>
    }
}

#[component]
pub(super) fn ResolveDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let text = RwSignal::new(String::new());
    let public_text = RwSignal::new("This is fixed. All affected components work again.".to_owned());
    let wrong = RwSignal::new(None::<String>);
    let notify = RwSignal::new(true);
    let despite = Despite::new(here);
    let public = Memo::new(move |_| here.incident.with(|i| i.public_title.is_some()));
    // A start from what the runs did, until somebody types.
    Effect::new(move |_| {
        if open.get() && text.with_untracked(String::is_empty) {
            let done = here.incident.with_untracked(|i| {
                let last = i.runs.iter().filter(|run| run.state == RunState::Succeeded).max_by_key(|run| run.number);
                last.map(|run| format!("{} (run {}) succeeded.", run.procedure, run.number))
            });
            text.set(done.unwrap_or_default());
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&text.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let reason = despite.checked();
        let (Ok(text), Ok(despite)) = (parsed, reason) else { return };
        let last_word = public_text.get_untracked();
        let public_text = if public.get_untracked() { Message::parse(&last_word).ok() } else { None };
        let body = ResolveIn { text, despite, public_text, notify: notify.get_untracked() };
        attempt.run(async move { api().resolve(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    let look = move || {
        let text = Message::parse(&public_text.get_untracked()).ok()?;
        let body = UpdateIn { state: PublicState::Resolved, text, notify: false, happened_at: None };
        Some(async move { api().preview_update(here.number, &body).await })
    };
    let error = attempt.field("text");
    // What is open may have become more since the page was fetched: a monitor tells nobody of it.
    Effect::new(move |_| {
        if attempt.error.with(|error| error.as_ref().and_then(CallError::code) == Some(ErrorCode::NotNow)) {
            here.fetched.refetch();
        }
    });
    view! {
        <Dialog open=open title=format!("Resolve incident {}", here.number)>
            <form class="form" on:submit=submit novalidate>
                <p>"Resolving stops the clocks. If it comes back, the incident can be reopened."</p>
                <ErrorNote error=attempt.error/>
                <TextArea
                    label="What was done"
                    value=text
                    hint="For the team and the report."
                    error=Signal::derive(move || wrong.get().or_else(|| error.get()))
                    required=true
                />
                <OpenPoints despite dialog=open/>
                <Show when=move || public.get()>
                    <TextArea label="Last word on the status page" value=public_text rows=2 error=attempt.field("public_text")/>
                    <TellSubscribers value=notify components=here.components()/>
                    <PublicLook typed=public_text ask=look test_id="resolve-preview"/>
                </Show>
                <DialogFoot open=open busy=attempt.busy test_id="resolve-submit" words="Resolve incident".to_owned()/>
            </form>
        </Dialog>
    }
}
