//! Going on where a run ended half way: asks for a new run that leaves out what is done. Consent is asked for as for any other.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    api::run::{RunCommand, RunRequestIn, RunView},
    domain::run::StepState,
};

use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
    },
    transport::{api, fresh_key},
};

#[component]
pub(crate) fn ResumeButton(run: RunView) -> impl IntoView {
    if !run.offers.iter().any(|offer| offer.command == RunCommand::Resume && offer.open()) {
        return ().into_any();
    }
    let done = |state: &StepState| matches!(state, StepState::Succeeded { .. } | StepState::Skipped { .. });
    let first = run.steps.iter().find(|step| !done(&step.state)).map_or(1, |step| step.number);
    let unclear = run.steps.iter().any(|step| matches!(step.state, StepState::Unknown { .. } | StepState::Running));
    let (open, attempt, key) = (RwSignal::new(false), Attempt::new(), StoredValue::new(fresh_key()));
    let (number, incident) = (run.number, run.incident);
    let procedure = StoredValue::new(run.procedure.id.clone());
    let navigate = use_navigate();
    let send = move |()| {
        let navigate = navigate.clone();
        let body = RunRequestIn { resumes: Some(number), wait: true, ..RunRequestIn::of(procedure.get_value()) };
        attempt.run(async move { api().request_run(incident, &body, &key.get_value()).await }, move |run| {
            key.try_set_value(fresh_key());
            navigate(&format!("/console/runs/{}", run.number), NavigateOptions::default());
        });
    };
    let send = Callback::new(send);
    view! {
        <Button kind=ButtonKind::Primary test_id="resume" on_press=move |()| open.set(true)>
            {format!("Go on from step {first}…")}
        </Button>
        <Dialog open title=format!("Go on from step {first} in a new run?")>
            <p>{format!("What run {number} has done is left out; its other steps and the final checks are requested anew, with consent as ever.")}</p>
            {unclear
                .then(|| {
                    view! {
                        <p class="blast-danger">
                            "What became of a step of this run is not known. Look at the host first: the new run does that step."
                        </p>
                    }
                })}
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy=attempt.busy test_id="resume-send" on_press=send>
                    {format!("Request from step {first}")}
                </Button>
            </div>
        </Dialog>
    }
    .into_any()
}
