//! The steps of a run as it goes: state, attempts, time, evidence. Picking one shows its output; nothing is decided here.

use leptos::prelude::*;
use shared::{
    api::run::RunView,
    domain::run::{StepRun, StepState},
    plan::Step,
    timestamp::{Timestamp, human_seconds},
};

use crate::components::{
    state_badge::{Look, StateShape},
    step_words::kind_word,
    time::use_now,
};

#[component]
pub(crate) fn StepList(
    run: Signal<RunView>,
    /// Asked for a step's output.
    pick: Callback<u32>,
) -> impl IntoView {
    // The procedure is pinned: its steps never change while the run is shown.
    let all = run.with_untracked(|r| r.procedure.steps.clone());
    // What a person checks stands in a panel of its own.
    let machine = Memo::new(move |_| {
        let by_hand = run.with(|r| r.checks_by_hand.clone());
        all.iter().filter(|s| !by_hand.contains(&s.number)).cloned().collect::<Vec<_>>()
    });
    let done = move || {
        run.with(|r| {
            let done = |s: &StepRun| matches!(s.state, StepState::Succeeded { .. } | StepState::Skipped { .. });
            let shown = r.steps.iter().filter(|s| !r.checks_by_hand.contains(&s.number));
            shown.fold((0, 0), |(n, all), s| (n + usize::from(done(s)), all + 1))
        })
    };
    let rows = move || {
        let (checks, steps): (Vec<_>, Vec<_>) = machine.get().into_iter().partition(|s| s.check);
        let heading = (!checks.is_empty()).then(|| view! { <li class="steps-part">"Final checks"</li> });
        let rows = |steps: Vec<Step>| steps.into_iter().map(|step| view! { <StepRow run step pick/> }).collect_view();
        (rows(steps), heading, rows(checks))
    };
    view! {
        <section class="steps" aria-labelledby="steps-heading">
            <h2 id="steps-heading" class="steps-title">
                "Steps"
                <span class="muted">
                    {move || {
                        let (done, all) = done();
                        format!("{done} of {all} done")
                    }}
                </span>
            </h2>
            <ol class="steps-list">
                {rows}
            </ol>
        </section>
    }
}

#[component]
fn StepRow(run: Signal<RunView>, step: Step, pick: Callback<u32>) -> impl IntoView {
    let number = step.number;
    let state = Memo::new(move |_| run.with(|r| r.steps.iter().find(|s| s.number == number).cloned()));
    let tone = Signal::derive(move || state.with(|s| s.as_ref().map_or(&StepState::Pending, |s| &s.state).tone()));
    let word = move || state.with(|s| s.as_ref().map_or(&StepState::Pending, |s| &s.state).word());
    let now = use_now();
    let lasted = move || state.with(|s| s.as_ref().and_then(|s| duration(s, now)));
    let attempts = move || state.with(|s| s.as_ref().map_or(0, |s| s.attempts));
    // An ended step tells its attempts with its time.
    let again = move || state.with(|s| s.as_ref().is_some_and(|s| s.attempts > 1 && s.ended_at.is_none()));
    // What a question asks about stands in the question.
    let asked = Memo::new(move |_| run.with(|r| r.question.as_ref().is_some_and(|q| q.step == number)));
    let said = move || state.with(|s| s.as_ref().and_then(|s| said(&s.state))).filter(|_| !asked.get());
    let name = move || state.with(|s| s.as_ref().map_or("pending", |s| state_name(&s.state)));
    // Of the version the run keeps, whatever the plan says by now.
    let place =
        run.with_untracked(|r| format!("/console/plan/{}/versions/{}#line-{}", r.system, r.plan_version, step.line));
    view! {
        <li class="step" data-state=name aria-current=move || (name() == "running").then_some("step")>
            <span class="step-shape">
                <StateShape tone/>
            </span>
            <div class="step-body">
                <p class="step-head">
                    <button type="button" class="step-title" title="Show this step's output" on:click=move |_| pick.run(number)>
                        <span class="step-number">{number}</span>
                        {step.title.clone()}
                    </button>
                    <span class="step-time">{lasted}</span>
                </p>
                <p class="step-facts">
                    <span class="step-word">{word}</span>
                    <span class="chip">{kind_word(&step.kind)}</span>
                    <Show when=again>
                        <span>{move || format!("attempt {}", attempts())}</span>
                    </Show>
                    <a href=place title=format!("Digest of the step: {}", step.digest)>{format!("line {}", step.line)}</a>
                </p>
                {move || said().map(|text| view! { <p class="step-said">{text}</p> })}
            </div>
        </li>
    }
}

/// What it showed, or why it ended as it did.
pub(crate) fn said(state: &StepState) -> Option<String> {
    match state {
        StepState::Pending | StepState::Running => None,
        StepState::Succeeded { evidence } => Some(evidence.clone()).filter(|e| !e.is_empty()),
        StepState::Failed { reason } | StepState::Unknown { reason } => Some(reason.clone()),
        StepState::Skipped { reason } => Some(format!("Skipped: {reason}")),
    }
}

fn state_name(state: &StepState) -> &'static str {
    match state {
        StepState::Pending => "pending",
        StepState::Running => "running",
        StepState::Succeeded { .. } => "succeeded",
        StepState::Failed { .. } => "failed",
        StepState::Unknown { .. } => "unknown",
        StepState::Skipped { .. } => "skipped",
    }
}

/// How long it took, or has been taking.
fn duration(step: &StepRun, now: Signal<Timestamp>) -> Option<String> {
    let started = step.started_at?;
    if step.ended_at.is_none() {
        return (step.state == StepState::Running).then(|| human_seconds(now.get().seconds_since(started).max(0)));
    }
    took(step)
}

/// From the first attempt's begin to the last one's end; between them it waited for an answer, so the attempts are told.
pub(crate) fn took(step: &StepRun) -> Option<String> {
    let whole = span(step.started_at?, step.ended_at?);
    Some(if step.attempts > 1 { format!("{whole} in {} attempts", step.attempts) } else { whole })
}

/// Tenths of a second below ten: a restart takes less than one.
pub(crate) fn span(from: Timestamp, to: Timestamp) -> String {
    let ms = (to.unix_ms() - from.unix_ms()).max(0);
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => human_seconds(ms / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_spans_have_tenths() {
        let at = Timestamp::from_unix_ms;
        assert_eq!(span(at(0), at(1_260)), "1.2 s");
        assert_eq!(span(at(0), at(75_000)), "1 min 15 s");
        assert_eq!(span(at(10), at(0)), "0.0 s");
    }

    #[test]
    fn several_attempts_are_told() {
        let at = Timestamp::from_unix_ms;
        let step = |attempts, ended_at| StepRun {
            number: 1,
            state: StepState::Running,
            attempts,
            started_at: Some(at(0)),
            ended_at,
            before: Default::default(),
            retry: false,
        };
        assert_eq!(took(&step(1, Some(at(243_000)))).as_deref(), Some("4 min 3 s"));
        assert_eq!(took(&step(2, Some(at(243_000)))).as_deref(), Some("4 min 3 s in 2 attempts"));
        assert_eq!(took(&step(2, None)), None);
    }
}
