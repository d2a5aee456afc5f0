//! What another text of a plan changes, in words: buttons step by step, clocks, people, gaps. What changed was found by `shared`.

use leptos::prelude::*;
use shared::domain::plan_change::{Area, ChangeKind, PlanChange, StepChange, StepMark};

use crate::components::state_badge::{StateShape, Tone};

#[component]
pub(crate) fn PlanChanges(
    changes: Vec<PlanChange>,
    /// Goes to a line of the new text.
    on_line: Callback<u32>,
) -> impl IntoView {
    if changes.is_empty() {
        return view! { <p class="muted">"No button, no clock, nobody and no gap changes."</p> }.into_any();
    }
    let mut changes = changes;
    Area::ALL
        .into_iter()
        .filter_map(|area| {
            let (here, rest): (Vec<_>, Vec<_>) = changes.drain(..).partition(|change| change.area == area);
            changes = rest;
            let id = format!("changes-{}", area.words().to_lowercase().replace(' ', "-"));
            (!here.is_empty()).then(|| {
                view! {
                    <section class="changes" aria-labelledby=id.clone()>
                        <h3 id=id.clone()>{area.words()} " " <span class="count">{here.len()}</span></h3>
                        <ul>{here.into_iter().map(|change| view! { <OneChange change on_line/> }).collect_view()}</ul>
                    </section>
                }
            })
        })
        .collect_view()
        .into_any()
}

/// "2 buttons, 1 clock": for a heading or a dialog.
pub(crate) fn summary(changes: &[PlanChange]) -> String {
    let parts = Area::ALL.into_iter().filter_map(|area| {
        let n = changes.iter().filter(|change| change.area == area).count();
        let words = match area {
            Area::Buttons => ("button", "buttons"),
            Area::Clocks => ("clock", "clocks"),
            Area::People => ("person", "people"),
            Area::Components => ("component", "components"),
            Area::Gaps => ("gap", "gaps"),
            Area::Rest => ("other thing", "other things"),
        };
        (n > 0).then(|| format!("{n} {}", if n == 1 { words.0 } else { words.1 }))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// A closed gap is good news, a torn one is not.
fn look(area: Area, kind: ChangeKind) -> (Tone, &'static str) {
    match (area, kind) {
        (Area::Gaps, ChangeKind::Added) => (Tone::Warning, "Torn open"),
        (Area::Gaps, _) => (Tone::Good, "Closed"),
        (_, ChangeKind::Added) => (Tone::Good, kind.words()),
        (_, ChangeKind::Removed) => (Tone::Warning, kind.words()),
        (_, ChangeKind::Changed) => (Tone::Notice, kind.words()),
    }
}

#[component]
fn OneChange(change: PlanChange, on_line: Callback<u32>) -> impl IntoView {
    let (tone, word) = look(change.area, change.kind);
    let area = (change.area == Area::Gaps).then_some("gaps");
    let line = change.line.filter(|_| change.kind != ChangeKind::Removed);
    view! {
        <li class="change" data-area=area>
            <StateShape tone/>
            <div class="change-body">
                <p>
                    <span class="change-word">{word}</span> " " <b>{change.what}</b> " "
                    {line.map(|line| view! { <ToLine line on_line/> })}
                </p>
                {change.details.into_iter().map(|said| view! { <p class="change-detail">{said}</p> }).collect_view()}
                {(!change.steps.is_empty())
                    .then(|| view! { <ol class="change-steps">{change.steps.into_iter().map(|step| view! { <OneStep step on_line/> }).collect_view()}</ol> })}
            </div>
        </li>
    }
}

#[component]
fn OneStep(step: StepChange, on_line: Callback<u32>) -> impl IntoView {
    let number = step.after.as_ref().or(step.before.as_ref()).map_or(0, |mark| mark.number);
    let line = step.after.as_ref().map(|mark| mark.line);
    let destructive = step.after.as_ref().is_some_and(|mark| mark.destructive);
    let source = |mark: Option<StepMark>, kind: &'static str| {
        mark.map(|mark| view! { <pre class="change-source" data-kind=kind title=mark.digest.to_string()>{mark.source}</pre> })
    };
    view! {
        <li>
            <p>
                {format!("Step {number}: {} ", step.kind.words().to_lowercase())}
                {destructive.then(|| view! { <span class="mark-final"><StateShape tone=Tone::Critical/> "Cannot be undone"</span> })} " "
                {line.map(|line| view! { <ToLine line on_line/> })}
            </p>
            {source(step.before, "removed")}
            {source(step.after, "added")}
        </li>
    }
}

/// Moves to a line of the text beside or below.
#[component]
pub(crate) fn ToLine(line: u32, on_line: Callback<u32>) -> impl IntoView {
    view! {
        <button type="button" class="link line-link" on:click=move |_| on_line.run(line)>
            {format!("line {line}")}
        </button>
    }
}
