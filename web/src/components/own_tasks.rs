//! Open tasks of the person who looks, over all incidents: what is due first comes first. Fetches nothing itself.

use leptos::prelude::*;
use shared::{
    api::task::{OwnTaskView, TaskDeedIn, TaskVerb},
    domain::incident::Task,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::Button,
        error_note::ErrorNote,
        state_badge::{StateShape, Tone},
        time::{Instant, use_now},
    },
    transport::api,
};

#[component]
pub(crate) fn OwnTasks(of: Fetched<Vec<OwnTaskView>>) -> impl IntoView {
    view! {
        <Show when=move || of.value.with(|tasks| tasks.as_ref().is_some_and(|tasks| !tasks.is_empty()))>
            <section class="for-you" aria-labelledby="own-tasks">
                <h2 id="own-tasks">"Your tasks"</h2>
                <ul class="notices own-tasks">
                    <For
                        each=move || of.value.get().unwrap_or_default()
                        key=|own| (own.incident, own.task.number, own.task.version)
                        children=move |own| view! { <One own of/> }
                    />
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn One(own: OwnTaskView, of: Fetched<Vec<OwnTaskView>>) -> impl IntoView {
    let OwnTaskView { incident, incident_title, task: Task { number, text, due_at, version, .. } } = own;
    let now = use_now();
    let attempt = Attempt::new();
    let late = Memo::new(move |_| due_at.is_some_and(|due| due <= now.get()));
    let tone = Signal::derive(move || if late.get() { Tone::Critical } else { Tone::Active });
    let done = move |()| {
        let body = TaskDeedIn::plain(version, TaskVerb::Done);
        attempt.run(async move { api().task(incident, number, &body).await }, move |_| {
            let mut left = of.value.get_untracked().unwrap_or_default();
            left.retain(|other| (other.incident, other.task.number) != (incident, number));
            of.put(left);
        });
    };
    view! {
        <li class="notice-card" class:loud=move || late.get() data-tone=move || tone.get().name() data-testid="own-task">
            <StateShape tone/>
            <div class="notice-body">
                <p class="notice-text">{text}</p>
                <p class="row-meta">
                    <a href=format!("/console/incidents/{incident}")>{format!("#{incident} {incident_title}")}</a>
                    {format!(" · task {number}")}
                    {due_at.map(|due| view! {
                        {move || if late.get() { " · overdue, was due " } else { " · due " }}
                        <Instant at=due/>
                    })}
                </p>
                <ErrorNote error=attempt.error/>
            </div>
            <Button busy=attempt.busy test_id="own-task-done" on_press=done>
                "Done"
            </Button>
        </li>
    }
}
