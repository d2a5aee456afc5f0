//! How a run ended, in words: what was done, what was not, how long it took, who allowed it, and what comes next.

use leptos::prelude::*;
use shared::{
    api::run::RunView,
    domain::{
        approval::Choice,
        run::{RunState, StepState},
    },
};

use crate::components::{
    final_checks::open_checks,
    state_badge::{Look, StateShape},
    step_list::span,
    step_words::count,
    time::Instant,
};

#[component]
pub(crate) fn RunOutcome(run: RunView) -> impl IntoView {
    let began = run.steps.iter().filter_map(|s| s.started_at).min();
    let took = began.zip(run.ended_at).map(|(from, to)| span(from, to));
    let waited = began.map(|began| span(run.requested_at, began));
    let tone = run.state.tone();
    let decisions = run
        .decisions
        .iter()
        .map(|d| {
            let choice = match &d.choice {
                Choice::Approve => "approved".to_owned(),
                Choice::Refuse { reason } => format!("refused: {reason}"),
            };
            view! { <li><b>{d.name.clone()}</b> " " {choice} " " <Instant at=d.at/></li> }
        })
        .collect_view();
    let fact =
        |name: &'static str, value: Option<String>| value.map(|v| view! { <div><dt>{name}</dt><dd>{v}</dd></div> });
    view! {
        <section class="panel outcome" data-tone=tone.name() aria-labelledby="outcome-heading">
            <h2 id="outcome-heading">
                <StateShape tone/>
                {headline(&run)}
            </h2>
            {run.reason.clone().map(|reason| view! { <p class="outcome-reason">{reason}</p> })}
            {done_words(&run).map(|words| view! { <p>{words}</p> })}
            <dl class="outcome-facts">
                {fact("Ran for", took)} {fact("From request to first step", waited)}
                {run.ended_at.map(|at| view! { <div><dt>"Ended"</dt><dd><Instant at/></dd></div> })}
                {(!run.decisions.is_empty()).then(|| view! { <div><dt>"Decided by"</dt><dd><ul class="plain">{decisions}</ul></dd></div> })}
            </dl>
            <p>{next_words(&run)} " " <a href=format!("/console/incidents/{}", run.incident)>{format!("Incident {}", run.incident)}</a></p>
        </section>
    }
}

fn headline(run: &RunView) -> String {
    match run.state {
        RunState::Succeeded if open_checks(run) > 0 => {
            format!("The steps are done; {} open", count(open_checks(run), "final check is", "final checks are"))
        }
        RunState::Succeeded if run.steps.iter().any(|s| matches!(s.state, StepState::Skipped { .. })) => {
            "The run came to its end, with steps skipped".into()
        }
        RunState::Succeeded => match run.steps.len() {
            1 => "The step is done".into(),
            n => format!("All {n} steps are done"),
        },
        RunState::Stopped => "The run was stopped".into(),
        RunState::Cancelled => "The run was cancelled".into(),
        RunState::DryRun => "Dry run: everything was found, nothing was done".into(),
        RunState::Refused => {
            let by = run.decisions.iter().find(|d| d.choice != Choice::Approve).map(|d| d.name.clone());
            by.map_or_else(|| "Refused".into(), |name| format!("{name} refused this run"))
        }
        RunState::Expired => "Nobody approved in time".into(),
        RunState::Withdrawn => "The request was withdrawn".into(),
        RunState::Unresolvable => "The steps cannot run on this host now".into(),
        live => live.words().into(),
    }
}

/// What was and was not done, unless the headline has said it.
fn done_words(run: &RunView) -> Option<String> {
    let by_machine = || run.steps.iter().filter(|s| !run.checks_by_hand.contains(&s.number));
    let of = |wanted: fn(&StepState) -> bool| by_machine().filter(|s| wanted(&s.state)).count();
    let done = of(|s| matches!(s, StepState::Succeeded { .. }));
    let skipped = of(|s| matches!(s, StepState::Skipped { .. }));
    let left = of(|s| matches!(s, StepState::Pending));
    let wrong = of(|s| matches!(s, StepState::Failed { .. } | StepState::Unknown { .. } | StepState::Running));
    if run.steps.iter().all(|s| s.attempts == 0 && s.state == StepState::Pending) {
        return Some("Nothing was done on the host.".into());
    }
    if done == by_machine().count() {
        return None;
    }
    let mut parts = vec![format!("{} succeeded", count(done, "step", "steps"))];
    for (n, words) in [(skipped, "skipped"), (wrong, "failed or unclear"), (left, "not carried out")] {
        if n > 0 {
            parts.push(format!("{n} {words}"));
        }
    }
    Some(format!("{}.", parts.join(", ")))
}

fn next_words(run: &RunView) -> &'static str {
    match run.state {
        RunState::Succeeded if open_checks(run) > 0 => "Make the final checks below, then resolve the incident:",
        RunState::Succeeded => "Check that the users see it too, then resolve the incident:",
        RunState::Cancelled => {
            "Look what became of the step that went on, then choose what to do next on the incident:"
        }
        RunState::DryRun => "Request it without \"dry\" from the incident if this is what should happen:",
        RunState::Expired => "Request the procedure again from the incident if it is still needed:",
        RunState::Unresolvable => "Look at the host, then request the procedure again from the incident:",
        _ => "Choose what to do next on the incident:",
    }
}
