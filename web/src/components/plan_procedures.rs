//! The procedures of a plan with every step as it was compiled, and in words why one cannot run. Nothing is started from here.

use leptos::prelude::*;
use shared::plan::{Condition, Probe, Procedure, Step, StepKind};

use crate::components::{
    plan_overview::{LineLink, promised},
    state_badge::{StateShape, Tone},
    step_words::{kind_word, services},
};

#[component]
pub(crate) fn PlanProcedures(procedures: Vec<Procedure>) -> impl IntoView {
    let (ready, off): (Vec<_>, Vec<_>) = procedures.into_iter().partition(|p| p.unavailable.is_none());
    let none = ready.is_empty() && off.is_empty();
    view! {
        <section aria-labelledby="procedures">
            <h2 id="procedures">"Procedures"</h2>
            {none.then(|| view! { <p class="muted">"The plan has no fenced procedure."</p> })}
            {ready.into_iter().chain(off).map(|procedure| view! { <OneProcedure procedure/> }).collect_view()}
        </section>
    }
}

#[component]
fn OneProcedure(procedure: Procedure) -> impl IntoView {
    let heading = format!("procedure-{}", procedure.id);
    let ready = procedure.unavailable.is_none();
    let tone = if ready { Tone::Good } else { Tone::Notice };
    let section = procedure.section.join(" › ");
    let n = procedure.steps.len();
    view! {
        <article class="sheet plan-procedure" data-ready=ready.to_string() aria-labelledby=heading.clone()>
            <header>
                <h3 id=heading.clone()>{procedure.title}</h3>
                <p class="procedure-state">
                    <StateShape tone/>
                    <b>{if ready { "Can run" } else { "Cannot run yet" }}</b>
                    <LineLink line=procedure.line/>
                    <code class="muted" title=procedure.digest.to_string()>{procedure.digest.short()}</code>
                </p>
                {(!section.is_empty()).then(|| view! { <p class="muted">{section}</p> })}
                {procedure.unavailable.map(|why| view! { <p class="procedure-why">{why}</p> })}
            </header>
            <details open=ready>
                <summary>{if n == 1 { "1 step".to_owned() } else { format!("{n} steps") }}</summary>
                <ol class="plan-steps">{procedure.steps.into_iter().map(|step| view! { <PlanStep step/> }).collect_view()}</ol>
            </details>
        </article>
    }
}

#[component]
fn PlanStep(step: Step) -> impl IntoView {
    let about = about(&step.kind);
    view! {
        <li class="plan-step">
            <p class="plan-step-head">
                <span class="chip">{kind_word(&step.kind)}</span>
                <b>{step.title}</b>
                <LineLink line=step.line/>
                <code class="muted" title=format!("Digest of the step: {}", step.digest)>{step.digest.short()}</code>
                {step
                    .destructive
                    .then(|| {
                        view! {
                            <span class="mark-final">
                                <StateShape tone=Tone::Critical/>
                                "Cannot be undone"
                            </span>
                        }
                    })}
            </p>
            {(!about.is_empty()).then(|| view! { <p class="muted">{about}</p> })}
            <pre class="plan-step-source" tabindex="0">{step.source}</pre>
            {step.unavailable.map(|why| view! { <p class="procedure-why">{why}</p> })}
        </li>
    }
}

/// What the compiler understood, where the source alone does not say it.
fn about(kind: &StepKind) -> String {
    match kind {
        StepKind::WaitUntil {
            probe: Probe::HttpNumber { url, filter },
            condition,
            interval_seconds,
            timeout_seconds,
        } => {
            let number = filter.as_ref().map_or_else(|| "the answer".to_owned(), |f| format!("“{f}”"));
            let holds = match condition {
                Condition::Grows => "grows",
                Condition::Answers => "is answered",
            };
            format!(
                "Asks {url} every {} until {number} {holds}, for at most {}.",
                promised(*interval_seconds),
                promised(*timeout_seconds)
            )
        }
        StepKind::Inspect { services } | StepKind::Logs { services, .. } if services.is_empty() => {
            "All services of the project.".into()
        }
        kind => services(kind).join(", "),
    }
}
