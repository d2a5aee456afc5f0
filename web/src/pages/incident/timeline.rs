//! The story so far, newest first, live; and the box for notes. What one entry shows is `entry`'s.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::incident::NoteIn,
    domain::{
        incident::IncidentCommand,
        story::{Pen, Told, story},
        text::Message,
    },
};

use super::{Here, entry::Entry};
use crate::{
    components::{attempt::Attempt, button::Button, error_note::ErrorNote, field::TextArea},
    transport::api,
};

const FILTERS: [(Option<Pen>, &str); 4] =
    [(None, "All"), (Some(Pen::Written), "Written"), (Some(Pen::Automatic), "Automatic"), (Some(Pen::Run), "Runs")];

#[component]
pub(super) fn Timeline(here: Here) -> impl IntoView {
    let all = Memo::new(move |_| {
        let mut told = here.incident.with(|i| story(&i.timeline));
        told.reverse();
        told
    });
    let filter = RwSignal::new(None::<Pen>);
    let shown = Memo::new(move |_| {
        all.with(|all| {
            let fits = |told: &&Told| filter.get().is_none_or(|pen| pen == told.pen());
            all.iter().filter(fits).cloned().collect::<Vec<_>>()
        })
    });
    let pinned = Memo::new(move |_| all.with(|all| all.iter().filter(|told| told.pinned).cloned().collect::<Vec<_>>()));
    let notes = here.open(IncidentCommand::Note);
    let none = move || shown.with(Vec::is_empty);
    view! {
        <section class="area-timeline" aria-labelledby="timeline">
            <div class="panel-head">
                <h2 id="timeline">"Timeline"</h2>
                <Filter filter/>
            </div>
            <Show
                when=move || notes.get()
                fallback=move || {
                    view! { <p class="reason">{move || here.refused(IncidentCommand::Note).get()}</p> }
                }
            >
                <NoteBox here=here/>
            </Show>
            <Show when=move || pinned.with(|pinned| !pinned.is_empty())>
                <section class="pinned" aria-labelledby="pinned">
                    <h3 id="pinned">"Pinned"</h3>
                    <Entries here list=pinned/>
                </section>
            </Show>
            <div role="log" aria-live="polite" aria-labelledby="timeline">
                <Entries here list=shown/>
            </div>
            <Show when=none>
                <p class="muted">"Nothing of that kind yet."</p>
            </Show>
        </section>
    }
}

#[component]
fn Filter(filter: RwSignal<Option<Pen>>) -> impl IntoView {
    view! {
        <div class="segments" role="radiogroup" aria-label="Entries shown">
            {FILTERS
                .map(|(pen, words)| {
                    view! {
                        <label class="segment">
                            <input
                                type="radio"
                                name="timeline-filter"
                                prop:checked=move || filter.get() == pen
                                on:change=move |_| filter.set(pen)
                            />
                            <span>{words}</span>
                        </label>
                    }
                })
                .collect_view()}
        </div>
    }
}

#[component]
fn Entries(here: Here, list: Memo<Vec<Told>>) -> impl IntoView {
    view! {
        <ol class="timeline">
            <For
                each=move || list.get()
                key=|told| (told.entry.seq, told.pinned, told.corrections.len())
                children=move |told| view! { <Entry here told/> }
            />
        </ol>
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
