//! The story so far, newest first, live. What one entry shows is `entry`'s; the box for notes is `note_box`'s.

use leptos::{context::Provider, prelude::*};
use shared::domain::{
    incident::IncidentCommand,
    story::{Pen, Told, story},
};

use super::{Here, entry::Entry, note_box::NoteBox};
use crate::components::hold::Hold;

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
    to_named_entry();
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
                    <Entries here list=pinned named=false/>
                </section>
            </Show>
            <div role="log" aria-live="polite" aria-labelledby="timeline">
                <Entries here list=shown named=true/>
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
fn Entries(here: Here, list: Memo<Vec<Told>>, named: bool) -> impl IntoView {
    let hold = Hold::new();
    let rows = hold.list(move || list.get());
    view! {
        <Provider value=hold>
            <ol class="timeline">
                <For
                    each=move || rows.get()
                    key=|told| (told.entry.seq, told.pinned, told.corrections.len())
                    children=move |told| view! { <Entry here told named/> }
                />
            </ol>
        </Provider>
    }
}

/// Whoever followed a link to one entry sees that one first.
fn to_named_entry() {
    Effect::new(move |_| {
        request_animation_frame(|| {
            let hash = window().location().hash().unwrap_or_default();
            let entry = hash.strip_prefix('#').filter(|id| id.starts_with("entry-"));
            if let Some(entry) = entry.and_then(|id| document().get_element_by_id(id)) {
                entry.scroll_into_view();
            }
        });
    });
}
