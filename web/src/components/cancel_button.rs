//! The button that ends a run which goes on. What the step in hand leaves behind is told by the run, not here.

use leptos::prelude::*;
use shared::{
    api::run::{CancelIn, RunCommand, RunView},
    domain::{run::StepState, text::Message},
};

use crate::{
    components::{
        approval_panel::refused, async_view::Fetched, button::Button, icon::Icon, icon::Svg,
        reason_dialog::ReasonDialog,
    },
    transport::api,
};

#[component]
pub(crate) fn CancelButton(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let open = RwSignal::new(false);
    let send = move |reason: Message| {
        let body = CancelIn { reason };
        async move { api().cancel(number, &body).await }
    };
    let going = Signal::derive(move || {
        let step = run.with(|r| {
            let going = r.steps.iter().find(|s| s.state == StepState::Running)?.number;
            r.procedure.steps.iter().find(|s| s.number == going).map(|s| format!("step {going}, {}", s.title))
        });
        step.map_or_else(|| format!("Cancel run {number}?"), |step| format!("Cancel run {number} in {step}?"))
    });
    view! {
        <div class="object-actions">
            <Button refused=refused(run, RunCommand::Cancel) test_id="cancel" on_press=move |()| open.set(true)>
                <Svg icon=Icon::Stop/>
                "Cancel run"
            </Button>
        </div>
        <ReasonDialog
            open
            title=going
            text="Nothing more is begun. A script or Compose command is ended with all its processes; a container or a command inside one is waited for. What was done stays done."
            verb="Cancel this run"
            dismiss="Let it go on"
            danger=true
            test_id="cancel-send"
            of
            send
        />
    }
}
