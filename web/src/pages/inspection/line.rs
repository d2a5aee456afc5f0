//! One line of an inspection: what it is about, what stands out or was found, and what is decided about it.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::inspection::{DecideIn, InspectionLineView, InspectionView},
    domain::{
        inspection::{Decision, Kind, Subject, hardening::State},
        text::Remark,
    },
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextArea,
        state_badge::{StateShape, Tone},
        time::Instant,
    },
    transport::api,
};

fn standing(one: &InspectionLineView) -> (Tone, &'static str) {
    let decision = one.said.as_ref().map(|said| said.decision);
    match (decision, one.found.as_ref().map(|found| found.state)) {
        (Some(decision @ (Decision::Keep | Decision::Holds)), _) => (Tone::Good, decision.words()),
        (Some(decision @ Decision::NotApplicable), _) => (Tone::Neutral, decision.words()),
        (Some(decision), _) => (Tone::Warning, decision.words()),
        (None, Some(State::Holds)) => (Tone::Good, State::Holds.words()),
        (None, Some(State::DoesNotHold)) => (Tone::Critical, State::DoesNotHold.words()),
        (None, Some(state)) => (Tone::Notice, state.words()),
        (None, None) if one.marks.is_empty() => (Tone::Neutral, "Undecided"),
        (None, None) => (Tone::Notice, "Stands out"),
    }
}

#[component]
pub(super) fn Line(number: i64, kind: Kind, one: InspectionLineView, of: Fetched<InspectionView>) -> impl IntoView {
    let (tone, word) = standing(&one);
    let account = one.subject.account();
    let title = one.subject.title().to_owned();
    let carried = match one.said.as_ref().map(|said| said.decision) {
        Some(Decision::Change | Decision::Remove) if one.since.is_empty() => Some("Still as it was.".to_owned()),
        _ if one.since.is_empty() => None,
        _ => Some(format!("Since then: {}", one.since.join(" "))),
    };
    let found = one.found.as_ref().map(|found| found.text.clone());
    let said = one.said.clone();
    let settled = one.settled.to_string();
    let asked = match &one.subject {
        Subject::Question { line, .. } => Some(format!("Asked by the plan, line {line}")),
        _ => None,
    };
    view! {
        <li class="row inspection-line" data-testid="inspection-line" data-settled=settled>
            <span class="badge" data-tone=tone.name()><StateShape tone/> {word}</span>
            <span class="row-main">
                <strong>{title}</strong>
                {one.marks.iter().map(|mark| view! { <span class="row-meta inspection-mark">{mark.clone()}</span> }).collect_view()}
                {found.map(|text| view! { <span class="row-meta">{text}</span> })}
                {asked.map(|text| view! { <span class="row-meta">{text}</span> })}
                {said
                    .map(|said| {
                        view! {
                            <span class="row-meta">
                                {format!("{}, says {}", said.decision.words(), said.by)} " " <Instant at=said.at/>
                                {(!said.note.is_empty()).then(|| format!(": {}", said.note))}
                            </span>
                        }
                    })}
                {carried.map(|text| view! { <span class="row-meta" data-testid="inspection-since">{text}</span> })}
                <About subject=one.subject.clone()/>
            </span>
            <span class="row-side">
                {account.map(|id| view! { <a href=format!("/console/people/{id}")>"Open the account"</a> })}
                <Decide number kind one of/>
            </span>
        </li>
    }
}

/// An account, part by part.
#[component]
fn About(subject: Subject) -> impl IntoView {
    let Subject::Account(access) = subject else { return ().into_any() };
    let last = access.signed_in_at;
    view! {
        <details>
            <summary>{format!("{}, last signed in ", access.role)} {last.map_or_else(|| "never".into_any(), |at| view! { <Instant at/> }.into_any())}</summary>
            <dl class="monitor-facts">
                {access.facts().into_iter().map(|(head, text)| view! { <div><dt>{head}</dt><dd>{text}</dd></div> }).collect_view()}
            </dl>
        </details>
    }
    .into_any()
}

/// What needs no note is decided by one press.
#[component]
fn Decide(number: i64, kind: Kind, one: InspectionLineView, of: Fetched<InspectionView>) -> impl IntoView {
    if let Some(why) = one.refused {
        return view! { <span class="row-meta">{why}</span> }.into_any();
    }
    if one.settled && one.said.is_none() {
        return ().into_any();
    }
    let attempt = Attempt::new();
    let chosen = RwSignal::new(None::<Decision>);
    let open = RwSignal::new(false);
    let (place, seen_at) = (one.place, one.said.as_ref().map(|said| said.at));
    let stands_out = !one.marks.is_empty() || one.found.is_some();
    let contradicted = one.found.as_ref().is_some_and(|found| found.state == State::DoesNotHold);
    let send = move |decision: Decision, note: Remark| {
        let body = DecideIn { decision, note, seen_at };
        attempt.run(async move { api().decide_inspection(number, place, &body).await }, move |view| {
            open.set(false);
            of.put(view);
        });
    };
    let press = move |decision: Decision| {
        let plain = matches!(decision, Decision::Keep | Decision::Holds) && !stands_out;
        match Remark::parse("") {
            Ok(none) if plain => send(decision, none),
            _ => {
                chosen.set(Some(decision));
                open.set(true);
            }
        }
    };
    let offered = kind.decisions().into_iter().filter(move |d| !(contradicted && *d == Decision::Holds));
    let button = move |decision: Decision| {
        view! {
            <Button on_press=move |()| press(decision) busy=attempt.busy test_id=format!("inspection-{decision}")>{decision.words()}</Button>
        }
    };
    let title = one.subject.title().to_owned();
    let heading = Signal::derive(move || chosen.get().map_or_else(String::new, |d| format!("{}: {title}", d.words())));
    view! {
        <span class="button-row">{offered.map(button).collect_view()}</span>
        // While it is open the dialog says what was refused.
        <Show when=move || !open.get()>
            <ErrorNote error=attempt.error/>
        </Show>
        <Dialog open title=heading>
            <Note chosen open attempt send/>
        </Dialog>
    }
    .into_any()
}

#[component]
fn Note(
    chosen: RwSignal<Option<Decision>>,
    open: RwSignal<bool>,
    attempt: Attempt,
    send: impl Fn(Decision, Remark) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let (note, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let said = note.with_untracked(|text| Remark::parse(text));
        wrong.set(said.as_ref().err().cloned());
        if let (Ok(note), Some(decision)) = (said, chosen.get_untracked()) {
            send(decision, note);
        }
    };
    let error = Signal::derive(move || wrong.get().or_else(|| attempt.field("note").get()));
    view! {
        <form class="form" on:submit=submit>
            <TextArea label="Why, and what is to be done" value=note rows=3 error/>
            <Show when=move || error.with(Option::is_none)>
                <ErrorNote error=attempt.error/>
            </Show>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="inspection-note-send">"Write it down"</Button>
            </div>
        </form>
    }
}
