//! The story so far, newest first, live; and the box for notes. Entries are never changed here.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::incident::{NoteIn, TimelineEntry},
    domain::{
        incident::{IncidentCommand, IncidentEvent},
        text::Message,
    },
};

use super::{
    Here,
    words::{body, headline, tone},
};
use crate::{
    components::{
        attempt::Attempt, button::Button, error_note::ErrorNote, field::TextArea, state_badge::StateShape,
        time::Instant,
    },
    transport::api,
};

#[component]
pub(super) fn Timeline(here: Here) -> impl IntoView {
    let entries = Memo::new(move |_| {
        let mut entries = here.incident.with(|i| i.timeline.clone());
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
        entries
    });
    let notes = here.open(IncidentCommand::Note);
    view! {
        <section class="area-timeline" aria-labelledby="timeline">
            <h2 id="timeline">"Timeline"</h2>
            <Show
                when=move || notes.get()
                fallback=move || {
                    view! { <p class="reason">{move || here.refused(IncidentCommand::Note).get()}</p> }
                }
            >
                <NoteBox here=here/>
            </Show>
            <div role="log" aria-live="polite" aria-labelledby="timeline">
                <ol class="timeline">
                    <For each=move || entries.get() key=|entry| entry.seq children=|entry| view! { <Entry entry=entry/> }/>
                </ol>
            </div>
        </section>
    }
}

#[component]
fn Entry(entry: TimelineEntry) -> impl IntoView {
    let run = match &entry.event {
        IncidentEvent::Run { number: run, .. }
        | IncidentEvent::Notified { run, .. }
        | IncidentEvent::NoticeAcknowledged { run, .. } => Some(*run),
        _ => None,
    };
    view! {
        <li class="entry" data-tone=tone(&entry.event).name()>
            <StateShape tone=tone(&entry.event)/>
            <div class="entry-body">
                <p class="entry-head">
                    <strong>{headline(&entry.event)}</strong>
                    <span class="entry-meta">
                        {entry.by.to_string()} " · " <Instant at=entry.at/>
                        {run.map(|n| view! { " · " <a href=format!("/console/runs/{n}")>{format!("run {n}")}</a> })}
                    </span>
                </p>
                {body(&entry.event).map(|text| view! { <p class="entry-text">{text}</p> })}
            </div>
        </li>
    }
}

#[component]
fn NoteBox(here: Here) -> impl IntoView {
    let attempt = Attempt::new();
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let send = move || {
        let parsed = Message::parse(&text.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let Ok(message) = parsed else { return };
        let body = NoteIn { text: message };
        let sent = text.get_untracked();
        attempt.run(async move { api().note(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            // What was typed while the note travelled is kept.
            if text.try_with_untracked(|now| *now == sent) == Some(true) {
                text.set(String::new());
            }
        });
    };
    let error = attempt.field("text");
    view! {
        <form
            class="note-box"
            novalidate
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                send();
            }
            on:keydown=move |event| {
                if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                    send();
                }
            }
        >
            <TextArea
                label="Note"
                value=text
                rows=2
                error=Signal::derive(move || wrong.get().or_else(|| error.get()))
            />
            <ErrorNote error=attempt.error/>
            <Button submit=true busy=attempt.busy test_id="note-submit">
                "Add note"
            </Button>
        </form>
    }
}
