//! What steps have told the person who looks: loud until acknowledged, then quiet with who has read it. Fetches nothing itself.

use leptos::prelude::*;
use shared::api::notice::{NoticeAck, NoticeView};

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
pub(crate) fn NoticeList(
    #[prop(into)] notices: Signal<Vec<NoticeView>>,
    of: Fetched<Vec<NoticeView>>,
) -> impl IntoView {
    view! {
        <ul class="notices">
            <For
                each=move || notices.get()
                key=|notice| (notice.number, notice.yours, notice.acknowledged.len())
                children=move |notice| view! { <Notice notice of/> }
            />
        </ul>
    }
}

#[component]
fn Notice(notice: NoticeView, of: Fetched<Vec<NoticeView>>) -> impl IntoView {
    let NoticeView { number, incident, incident_title, run, procedure, step, audience, text, at, acknowledged, yours } =
        notice;
    let attempt = Attempt::new();
    let acknowledge = move |()| {
        attempt.run(async move { api().acknowledge_notice(number).await }, move |seen| {
            let mut all = of.value.get_untracked().unwrap_or_default();
            all.iter_mut().filter(|other| other.number == seen.number).for_each(|other| *other = seen.clone());
            of.put(all);
        });
    };
    let tone = if yours { Tone::Neutral } else { Tone::Warning };
    view! {
        <li class="notice-card" class:loud=!yours data-tone=tone.name() data-testid="notice">
            <StateShape tone/>
            <div class="notice-body">
                <p class="notice-text">{text}</p>
                <p class="row-meta">
                    {format!("For {} · ", audience.words())}
                    <a href=format!("/console/incidents/{incident}")>{format!("#{incident} {incident_title}")}</a>
                    " · "
                    <a href=format!("/console/runs/{run}")>{if step == 0 { format!("Run {run}") } else { format!("Run {run}, step {step}") }}</a>
                    {format!(" of {procedure} · ")}
                    <Instant at/>
                </p>
                <Readers acknowledged/>
                <ErrorNote error=attempt.error/>
            </div>
            <Show when=move || !yours>
                <Button busy=attempt.busy test_id="notice-acknowledge" on_press=acknowledge>
                    "Acknowledge"
                </Button>
            </Show>
        </li>
    }
}

#[component]
fn Readers(acknowledged: Vec<NoticeAck>) -> impl IntoView {
    if acknowledged.is_empty() {
        return view! { <p class="row-meta">"Nobody has acknowledged it yet"</p> }.into_any();
    }
    let last = acknowledged.len() - 1;
    let people = acknowledged.into_iter().enumerate().map(|(n, NoticeAck { name, at })| {
        view! {
            <span>{name} " " <Instant at/></span>
            {(n < last).then_some(", ")}
        }
    });
    view! { <p class="row-meta">"Acknowledged by " {people.collect_view()}</p> }.into_any()
}
