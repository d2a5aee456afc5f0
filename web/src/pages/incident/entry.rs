//! One entry of the timeline: what it says now, what it said before, and pinning or correcting it. Entries are never taken out.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::incident::{CorrectionIn, PinIn, TimelineEntry},
    domain::{
        incident::{IncidentCommand, IncidentEvent},
        story::Told,
        text::Message,
    },
};

use super::{
    Here,
    commands::DialogFoot,
    files::{AttachedFile, of_event},
    words::{body, headline, tone},
};
use crate::{
    components::{
        attempt::Attempt, dialog::Dialog, error_note::ErrorNote, field::TextArea, state_badge::StateShape,
        time::Instant,
    },
    transport::api,
};

#[component]
pub(super) fn Entry(
    here: Here,
    told: Told,
    /// It can be linked to: a pinned one stands twice in the page.
    named: bool,
) -> impl IntoView {
    let entry = &told.entry;
    let (seq, pinned) = (entry.seq, told.pinned);
    let run = match &entry.event {
        IncidentEvent::Run { number: run, .. }
        | IncidentEvent::Notified { run, .. }
        | IncidentEvent::NoticeAcknowledged { run, .. } => Some(*run),
        _ => None,
    };
    let text = told.note().map(str::to_owned).or_else(|| body(&entry.event));
    let file = of_event(&entry.event);
    let before = before(&told);
    let note = told.note().map(str::to_owned);
    let attempt = Attempt::new();
    let correcting = RwSignal::new(false);
    let may = here.open(IncidentCommand::Note);
    let pin = move |_| {
        let body = PinIn { entry: seq, pinned: !pinned };
        attempt.run(async move { api().pin(here.number, &body).await }, move |view| here.fetched.put(view));
    };
    view! {
        <li class="entry" id=named.then(|| format!("entry-{seq}")) data-tone=tone(&entry.event).name() data-pinned=pinned.then_some("true")>
            <StateShape tone=tone(&entry.event)/>
            <div class="entry-body">
                <p class="entry-head">
                    <strong>{headline(&entry.event)}</strong>
                    <span class="entry-meta">
                        {entry.by.to_string()} " · " <Instant at=entry.at/>
                        {run.map(|n| view! { " · " <a href=format!("/console/runs/{n}")>{format!("run {n}")}</a> })}
                    </span>
                </p>
                {text.map(|text| view! { <p class="entry-text">{text}</p> })}
                {file.map(|file| view! { <AttachedFile incident=here.number file/> })}
                {before}
                <Show when=move || may.get()>
                    <p class="entry-deeds">
                        <button type="button" class="link-button" aria-label=pin_words(seq, pinned) on:click=pin>
                            {if pinned { "Unpin" } else { "Pin" }}
                        </button>
                        {note
                            .is_some()
                            .then(|| {
                                view! {
                                    <button
                                        type="button"
                                        class="link-button"
                                        aria-label=format!("Correct entry {seq}")
                                        on:click=move |_| correcting.set(true)
                                    >
                                        "Correct"
                                    </button>
                                }
                            })}
                    </p>
                </Show>
                <ErrorNote error=attempt.error/>
            </div>
            {told.note().map(|now| view! { <CorrectDialog here seq now=now.to_owned() open=correcting/> })}
        </li>
    }
}

fn pin_words(seq: i32, pinned: bool) -> String {
    format!("{} entry {seq}", if pinned { "Unpin" } else { "Pin" })
}

/// Who corrected it, and every earlier wording.
fn before(told: &Told) -> Option<impl IntoView + use<>> {
    let last = told.corrections.last()?;
    let mut earlier: Vec<TimelineEntry> = vec![told.entry.clone()];
    earlier.extend(told.corrections.iter().take(told.corrections.len() - 1).cloned());
    let said = |entry: TimelineEntry| {
        let text = body(&entry.event).unwrap_or_default();
        view! { <li><span class="entry-meta">{entry.by.to_string()} " · " <Instant at=entry.at/></span><p class="entry-text">{text}</p></li> }
    };
    Some(view! {
        <details class="entry-before">
            <summary>{format!("Corrected by {}", last.by)} ", " <Instant at=last.at/></summary>
            <p class="hint">"It said before:"</p>
            <ul>{earlier.into_iter().rev().map(said).collect_view()}</ul>
        </details>
    })
}

#[component]
fn CorrectDialog(here: Here, seq: i32, now: String, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let text = RwSignal::new(now.clone());
    let wrong = RwSignal::new(None::<String>);
    let now = StoredValue::new(now);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let parsed = Message::parse(&text.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let (Ok(text), Ok(instead_of)) = (parsed, Message::parse(&now.get_value())) else { return };
        let body = CorrectionIn { entry: seq, instead_of, text };
        attempt.run(async move { api().correct(here.number, &body).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
        });
    };
    let error = attempt.field("text");
    view! {
        <Dialog open title=format!("Correct entry {seq}")>
            <form class="form" on:submit=submit novalidate>
                <p>"What it said before stays readable, with your correction."</p>
                <ErrorNote error=attempt.error/>
                <TextArea
                    label="It should say"
                    value=text
                    error=Signal::derive(move || wrong.get().or_else(|| error.get()))
                    required=true
                />
                <DialogFoot open busy=attempt.busy test_id="correct-submit" words="Correct".to_owned()/>
            </form>
        </Dialog>
    }
}
