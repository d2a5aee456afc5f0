//! The final checks that a person makes: what to look at, and whether it holds. Those made by machine are steps.

use leptos::prelude::*;
use shared::{
    api::run::{CheckIn, RunCommand, RunView},
    domain::{run::StepState, text::Message},
    plan::Step,
};

use crate::{
    components::{
        approval_panel::refused,
        async_view::Fetched,
        attempt::Attempt,
        button::Button,
        error_note::ErrorNote,
        reason_dialog::ReasonDialog,
        state_badge::{StateShape, Tone},
        time::Instant,
    },
    transport::api,
};

#[component]
pub(crate) fn FinalChecks(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let by_hand: Vec<Step> = run.with_untracked(|r| {
        r.procedure.steps.iter().filter(|s| r.checks_by_hand.contains(&s.number)).cloned().collect()
    });
    if by_hand.is_empty() {
        return ().into_any();
    }
    let open = Memo::new(move |_| run.with(open_checks));
    let off = refused(run, RunCommand::Check);
    view! {
        <section class="panel final-checks" aria-labelledby="checks-heading" data-testid="final-checks">
            <h2 id="checks-heading">"Final checks for a person"</h2>
            <p class="muted" role="status">
                {move || match open.get() {
                    0 => "All of them hold.".to_owned(),
                    1 => "One is open.".to_owned(),
                    n => format!("{n} are open."),
                }}
            </p>
            {move || off.get().map(|why| view! { <p class="reason">{why}</p> })}
            <ul class="plain">
                {by_hand.into_iter().map(|step| view! { <Check run of step off/> }).collect_view()}
            </ul>
        </section>
    }
    .into_any()
}

/// How many a person still has to make, or has found not to hold.
pub(crate) fn open_checks(run: &RunView) -> usize {
    let of_person = run.steps.iter().filter(|s| run.checks_by_hand.contains(&s.number));
    of_person.filter(|s| !matches!(s.state, StepState::Succeeded { .. })).count()
}

#[component]
fn Check(run: Signal<RunView>, of: Fetched<RunView>, step: Step, off: Signal<Option<String>>) -> impl IntoView {
    let (id, number) = (run.with_untracked(|r| r.number), step.number);
    let found = Memo::new(move |_| run.with(|r| r.steps.iter().find(|s| s.number == number).cloned()));
    let state = move || found.get().map_or(StepState::Pending, |s| s.state);
    let holds = Memo::new(move |_| matches!(state(), StepState::Succeeded { .. }));
    let fails = Memo::new(move |_| matches!(state(), StepState::Failed { .. }));
    let tone = Signal::derive(move || match state() {
        StepState::Succeeded { .. } => Tone::Good,
        StepState::Failed { .. } => Tone::Critical,
        _ => Tone::Warning,
    });
    // Why no machine does it, if the plan names a command.
    let why = run.with_untracked(|r| {
        let steps = r.resolution.as_ref().map(|resolution| resolution.steps.as_slice()).unwrap_or_default();
        steps.iter().find(|s| s.number == number).and_then(|s| s.by_hand.clone())
    });
    let said = move || {
        let text = match state() {
            StepState::Succeeded { evidence } => evidence,
            StepState::Failed { reason } => reason,
            _ => return None,
        };
        let at = found.get().and_then(|s| s.ended_at);
        Some(view! { <p class="step-said">{text} " " {at.map(|at| view! { <Instant at/> })}</p> })
    };
    let attempt = Attempt::new();
    let yes = move |()| {
        let body = CheckIn { step: number, holds: true, note: None };
        attempt.run(async move { api().check(id, &body).await }, move |run| of.put(run));
    };
    let refusing = RwSignal::new(false);
    let no = move |note: Message| {
        let body = CheckIn { step: number, holds: false, note: Some(note) };
        async move { api().check(id, &body).await }
    };
    let may = move || off.get().is_none();
    let title = step.title.clone();
    view! {
        <li class="final-check">
            <span class="step-shape"><StateShape tone/></span>
            <div class="step-body">
                <p class="final-check-title">{step.title.clone()}</p>
                {why.map(|why| view! { <p class="step-said">"Not checked by machine: " {why}</p> })}
                {said}
                <ErrorNote error=attempt.error/>
                <Show when=may>
                    <div class="final-check-answers">
                        <Show when=move || !holds.get()>
                            <Button busy=attempt.busy test_id=format!("check-{number}-holds") on_press=yes>
                                "It holds"
                            </Button>
                        </Show>
                        <Show when=move || !fails.get()>
                            <Button test_id=format!("check-{number}-fails") on_press=move |()| refusing.set(true)>
                                {move || if holds.get() { "It no longer holds" } else { "It does not" }}
                            </Button>
                        </Show>
                    </div>
                </Show>
                <ReasonDialog
                    open=refusing
                    title=format!("\"{title}\" does not hold?")
                    text="It stands in the timeline for everybody. The run stays as it is; request another procedure if something must be done."
                    label="What you saw"
                    verb="It does not hold"
                    test_id=format!("check-{number}-send")
                    of
                    send=no
                />
            </div>
        </li>
    }
}
