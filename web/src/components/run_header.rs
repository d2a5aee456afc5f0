//! The head of a run: what it is, in which state, for which incident, by whom, from which line of the plan. No command but the way on.

use leptos::prelude::*;
use shared::{api::run::RunView, domain::run::RunState};

use crate::components::{
    approve_button::ApproveButton,
    async_view::Fetched,
    cancel_button::CancelButton,
    resume_button::ResumeButton,
    run_chosen::{Chosen, OtherPlan},
    state_badge::StateBadge,
    time::Instant,
};

#[component]
pub(crate) fn RunHeader(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let state = Memo::new(move |_| run.with(|r| r.state));
    let incident = Memo::new(move |_| run.with(|r| r.incident));
    let line = move || {
        run.with(|r| format!("/console/plan/{}/versions/{}#line-{}", r.system, r.plan_version, r.procedure.line))
    };
    view! {
        {run.with_untracked(|r| r.drill_of.clone()).map(|of| {
            view! {
                <p class="drill-banner" data-testid="drill-banner">
                    <strong>"DRILL"</strong>
                    <span>{format!("Nothing has happened. This is done to a copy that was made for it; {of} is not touched.")}</span>
                    <a href="/console/drills">"All drills"</a>
                </p>
            }
        })}
        <header class="object-head">
            <div class="object-head-line">
                <div class="object-name">
                    <p class="kicker">
                        {move || format!("Run {}", run.with(|r| r.number))} " for "
                        <a href=move || format!("/console/incidents/{}", incident.get())>
                            {move || run.with(|r| format!("incident {}: {}", r.incident, r.incident_title))}
                        </a>
                    </p>
                    <h1>{move || run.with(|r| r.procedure.title.clone())}</h1>
                </div>
                {move || match state.get() {
                    RunState::Running => view! { <CancelButton run of/> }.into_any(),
                    RunState::AwaitingApproval => view! { <ApproveButton run of/> }.into_any(),
                    RunState::Succeeded if run.with(|r| r.drill_of.is_none()) => {
                        view! {
                            <div class="object-actions">
                                <a class="button primary" href=move || format!("/console/incidents/{}", incident.get())>
                                    {move || format!("Go on to incident {}", incident.get())}
                                </a>
                            </div>
                        }
                            .into_any()
                    }
                    RunState::Stopped | RunState::Cancelled if run.with(|r| r.drill_of.is_none()) => {
                        view! { <div class="object-actions"><ResumeButton run=run.get_untracked()/></div> }.into_any()
                    }
                    _ => ().into_any(),
                }}
            </div>
            <div class="object-facts">
                <span data-testid="run-state" data-state=move || state.get().name() aria-live="polite">
                    <StateBadge state/>
                </span>
                <span>
                    {move || {
                        run.with(|r| match &r.ordered {
                            Some(ordered) => view! { "Begun by itself: standing order " <b>{ordered.name.clone()}</b> " " }.into_any(),
                            None => view! { "Asked for by " <b>{r.requested_by.clone()}</b> " " }.into_any(),
                        })
                    }}
                    <Instant at=Signal::derive(move || run.with(|r| r.requested_at))/>
                </span>
                <a href=line>
                    {move || run.with(|r| format!("Plan version {}, line {}", r.plan_version, r.procedure.line))}
                </a>
                <span>
                    "Procedure "
                    <code title=move || run.with(|r| r.procedure.digest.to_string())>{move || run.with(|r| r.procedure.digest.short())}</code>
                </span>
                <span>"Target " <b class="name">{move || run.with(target)}</b></span>
            </div>
            {automatic(run)}
            {run
                .with_untracked(|r| r.resumes)
                .map(|before| {
                    view! {
                        <p class="muted" data-testid="resumes">
                            "Goes on where " <a href=format!("/console/runs/{before}")>{format!("run {before}")}</a>
                            " ended: what that one has done is left out."
                        </p>
                    }
                })}
            <Chosen run/>
            <OtherPlan run/>
        </header>
    }
}

/// Who consented beforehand, if nobody was asked.
fn automatic(run: Signal<RunView>) -> impl IntoView {
    run.with_untracked(|r| r.ordered.clone()).map(|ordered| {
        view! {
            <p class="run-automatic" data-testid="run-automatic">
                <strong>"AUTOMATIC"</strong>
                {format!(" Nobody was asked: {} consented beforehand. If it does not help, people are called. ", ordered.givers)}
                <a href="/console/standing-orders">"See the order"</a>
            </p>
        }
    })
}

fn target(run: &RunView) -> String {
    run.resolution.as_ref().map_or_else(|| run.project.clone(), |r| format!("{} on {}", r.project, r.host))
}
