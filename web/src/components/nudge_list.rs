//! What is about the person who looks: mentioned, asked, given a task, late with one. Loud until put away. Fetches nothing itself.

use leptos::prelude::*;
use shared::{
    api::task::NudgeView,
    domain::{
        incident::{IncidentEvent, PostDeed},
        report::task_words,
    },
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::Button,
        error_note::ErrorNote,
        state_badge::{StateShape, Tone},
        time::Instant,
    },
    transport::api,
};

#[component]
pub(crate) fn NudgeList(of: Fetched<Vec<NudgeView>>) -> impl IntoView {
    view! {
        <ul class="notices">
            <For
                each=move || of.value.get().unwrap_or_default()
                key=|nudge| nudge.number
                children=move |nudge| view! { <Nudge nudge of/> }
            />
        </ul>
    }
}

#[component]
fn Nudge(nudge: NudgeView, of: Fetched<Vec<NudgeView>>) -> impl IntoView {
    let NudgeView { number, incident, incident_title, entry } = nudge;
    let attempt = Attempt::new();
    let away = move |()| {
        attempt.run(async move { api().put_nudge_away(number).await }, move |()| {
            let mut left = of.value.get_untracked().unwrap_or_default();
            left.retain(|other| other.number != number);
            of.put(left);
        });
    };
    let by = entry.by.to_string();
    view! {
        <li class="notice-card loud" data-tone=Tone::Warning.name() data-testid="nudge">
            <StateShape tone=Tone::Warning/>
            <div class="notice-body">
                <p class="notice-text">{words(&by, &entry.event)}</p>
                <p class="row-meta">
                    <a href=format!("/console/incidents/{incident}#entry-{}", entry.seq)>
                        {format!("#{incident} {incident_title}")}
                    </a>
                    " · "
                    <Instant at=entry.at/>
                </p>
                <ErrorNote error=attempt.error/>
            </div>
            <Button busy=attempt.busy test_id="nudge-away" on_press=away>
                "Got it"
            </Button>
        </li>
    }
}

fn words(by: &str, event: &IncidentEvent) -> String {
    match event {
        IncidentEvent::Noted { text, .. } => format!("{by} mentions you: {text}"),
        IncidentEvent::TaskAdded { .. } | IncidentEvent::TaskGiven { .. } => format!("{by} {}", task_words(event)),
        IncidentEvent::Overdue { clock, .. } => format!("{clock} which is yours, is overdue"),
        IncidentEvent::DutyOffered { duty, .. } => format!("{by} asks you to become the {duty}"),
        IncidentEvent::Scheduled { post, deed: PostDeed::Skipped { why, .. }, .. } => {
            format!("Your scheduled update {post} was not posted. {why}")
        }
        _ => format!("{by} means you"),
    }
}
