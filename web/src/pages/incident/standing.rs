//! Saying where the incident stands, and opening it again. What leads where is `shared`'s table.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::incident::{ReopenIn, StateIn, UpdateIn},
    domain::{
        incident::{IncidentState, PublicState},
        text::Message,
    },
};

use super::{Here, commands::DialogFoot};
use crate::{
    components::{
        attempt::Attempt,
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextArea},
        focus,
        public_look::PublicLook,
        state_badge::Look as _,
        tell_subscribers::TellSubscribers,
    },
    transport::api,
};

/// A text that may be left out, or what is wrong with it.
pub(super) fn optional(text: &str) -> Result<Option<Message>, String> {
    if text.trim().is_empty() { Ok(None) } else { Message::parse(text).map(Some) }
}

fn meaning(state: IncidentState) -> &'static str {
    match state {
        IncidentState::Declared => "nobody has taken it yet",
        IncidentState::Acknowledged => "somebody has it, the cause is not known",
        IncidentState::Identified => "the cause is known",
        IncidentState::Recovering => "it is being brought back",
        IncidentState::Monitoring => "it seems to be back, and is watched",
        IncidentState::Resolved => "it is over",
        IncidentState::Closed => "nothing of it is left to do",
    }
}

#[component]
pub(super) fn StateDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let now = Memo::new(move |_| here.incident.with(|i| i.state));
    let said = Memo::new(move |_| {
        let from = now.get();
        IncidentState::SAID.into_iter().filter(|to| from.leads_to(*to)).collect::<Vec<_>>()
    });
    let chosen = RwSignal::new(String::new());
    // The next one, unless one was chosen that can still be said.
    Effect::new(move |_| {
        open.track();
        let (from, said) = (now.get(), said.get());
        if !said.iter().any(|state| state.name() == chosen.get_untracked()) {
            let at = |state: &IncidentState| IncidentState::ALL.iter().position(|s| s == state);
            let next = said.iter().find(|state| at(state) > at(&from)).or(said.last());
            chosen.set(next.map(|state| state.name().to_owned()).unwrap_or_default());
        }
    });
    let choices = Signal::derive(move || {
        let choice = |state: IncidentState| (state.name().to_owned(), format!("{}: {}", state.word(), meaning(state)));
        said.get().into_iter().map(choice).collect::<Vec<_>>()
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = optional(&text.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let to = IncidentState::SAID.into_iter().find(|state| state.name() == chosen.get_untracked());
        let (Ok(message), Some(to)) = (parsed, to) else { return };
        let body = StateIn { from: now.get_untracked(), to, text: message };
        attempt.run(async move { api().set_state(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            text.try_set(String::new());
            open.try_set(false);
            focus::to_heading();
        });
    };
    let error = attempt.field("text");
    view! {
        <Dialog open title=format!("State of incident {}", here.number)>
            <form class="form" on:submit=submit novalidate>
                <p>{move || format!("Now {}: {}. The status page is told separately.", now.get().word().to_lowercase(), meaning(now.get()))}</p>
                <ErrorNote error=attempt.error/>
                <SelectField label="New state" choices value=chosen error=attempt.field("to")/>
                <TextArea
                    label="What is known"
                    value=text
                    rows=3
                    hint="If there is something to say; stands in the timeline."
                    error=Signal::derive(move || wrong.get().or_else(|| error.get()))
                />
                <DialogFoot open busy=attempt.busy test_id="state-submit" words="Change state".to_owned()/>
            </form>
        </Dialog>
    }
}

#[component]
pub(super) fn ReopenDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let reason = RwSignal::new(String::new());
    let public_text = RwSignal::new("This problem has come back. We are looking into it.".to_owned());
    let notify = RwSignal::new(true);
    let wrong = RwSignal::new(None::<String>);
    let public = Memo::new(move |_| here.incident.with(|i| i.public_title.is_some()));
    let look = move || {
        let text = Message::parse(&public_text.get_untracked()).ok()?;
        let body = UpdateIn { state: PublicState::Investigating, text, notify: false, happened_at: None };
        Some(async move { api().preview_update(here.number, &body).await })
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&reason.get_untracked());
        wrong.set(parsed.as_ref().err().map(|_| "Say what is back, or what was found.".into()));
        let Ok(reason) = parsed else { return };
        let first_word = if public.get_untracked() { Message::parse(&public_text.get_untracked()).ok() } else { None };
        let body = ReopenIn { reason, public_text: first_word, notify: notify.get_untracked() };
        attempt.run(async move { api().reopen(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            focus::to_heading();
        });
    };
    view! {
        <Dialog open title=format!("Reopen incident {}", here.number)>
            <form class="form" on:submit=submit novalidate>
                <p>"The clocks of its components run again from where they began: it was not over."</p>
                <ErrorNote error=attempt.error/>
                <TextArea label="Why" value=reason rows=3 hint="Stands in the timeline." error=wrong required=true/>
                <Show when=move || public.get()>
                    <TextArea label="On the status page" value=public_text rows=2 error=attempt.field("public_text")/>
                    <TellSubscribers value=notify components=here.components()/>
                    <PublicLook typed=public_text ask=look test_id="reopen-preview"/>
                </Show>
                <DialogFoot open busy=attempt.busy test_id="reopen-submit" words="Reopen incident".to_owned()/>
            </form>
        </Dialog>
    }
}
