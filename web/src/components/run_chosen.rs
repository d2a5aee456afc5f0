//! What a run was told beyond the plan's text: the values somebody chose, and whether the plan has moved on since. No command.

use leptos::prelude::*;
use shared::api::run::{RunView, Standing};

use crate::components::state_badge::{StateShape, Tone};

/// Each question of the procedure with its answer, who gave it, and what the plan's text says.
#[component]
pub(crate) fn Chosen(run: Signal<RunView>) -> impl IntoView {
    // They never change; who chose is who asked.
    let (parameters, values, by) =
        run.with_untracked(|r| (r.procedure.parameters.clone(), r.parameters.clone(), r.requested_by.clone()));
    if parameters.is_empty() {
        return ().into_any();
    }
    let rows = parameters.into_iter().map(|parameter| {
        let (value, why) = match values.get(&parameter.name) {
            Some(value) => (value.clone(), format!(", chosen by {by}; the plan’s text says {}", parameter.default)),
            None => (parameter.default, ", as the plan’s text says".to_owned()),
        };
        view! { <div class="chosen-row"><dt>{parameter.label}</dt> <dd><b class="name">{value}</b> {why}</dd></div> }
    });
    view! { <dl class="chosen" data-testid="chosen">{rows.collect_view()}</dl> }.into_any()
}

/// A run keeps the version it began with; whoever decides about it should know that there is another one.
#[component]
pub(crate) fn OtherPlan(run: Signal<RunView>) -> impl IntoView {
    let now = Memo::new(move |_| run.with(|r| r.plan_now));
    move || {
        now.get().map(|now| {
            let (system, began) = run.with_untracked(|r| (r.system.clone(), r.plan_version));
            let version = now.version;
            let (tone, said) = match now.procedure {
                Standing::Same => (Tone::Notice, "This procedure is the same in it."),
                Standing::Changed => (Tone::Warning, "This procedure is another one there."),
                Standing::Gone => (Tone::Warning, "This procedure is not in it any more."),
            };
            view! {
                <p class="other-plan" data-testid="other-plan" data-tone=tone.name()>
                    <StateShape tone/>
                    <span>
                        {format!("Version {version} of the plan is in force now; this run keeps version {began}, which it began with. {said} ")}
                        <a href=format!("/console/plan/{system}/versions/{version}?from={began}")>"What changed"</a>
                    </span>
                </p>
            }
        })
    }
}
