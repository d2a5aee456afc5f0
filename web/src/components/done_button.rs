//! A step that a person does by hand: the button that says it is done, and what was done. All other answers are `question_panel`'s.

use leptos::prelude::*;
use shared::{
    api::run::{AnswerIn, RunCommand, RunView},
    domain::{run::Answer, text::Message},
    plan::StepKind,
};

use crate::{
    components::{
        approval_panel::refused,
        async_view::Fetched,
        button::{Button, ButtonKind},
        reason_dialog::ReasonDialog,
    },
    transport::api,
};

/// Whether a step of the run is one that a person does.
pub(crate) fn is_by_hand(run: &RunView, step: u32) -> bool {
    run.procedure.steps.iter().any(|s| s.number == step && matches!(s.kind, StepKind::Manual {}))
}

/// The answer to such a step; `None` as long as the rules know no such answer.
fn done(note: &str) -> Option<Answer> {
    serde_json::from_value(serde_json::json!({ "answer": "done", "note": note })).ok()
}

#[component]
pub(crate) fn DoneButton(
    run: Signal<RunView>,
    of: Fetched<RunView>,
    step: Memo<u32>,
    title: Memo<String>,
) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let open = RwSignal::new(false);
    let confirm = move |note: Message| {
        let (answer, step) = (done(note.as_str()), step.get_untracked());
        async move {
            // The button is not there without the answer: look again.
            let Some(answer) = answer else { return api().run(number).await };
            api().answer(number, &AnswerIn { step, answer }).await
        }
    };
    view! {
        <Show when=|| done("").is_some()>
            <Button
                kind=ButtonKind::Primary
                // Whoever may retry a step may also say that it is done.
                refused=refused(run, RunCommand::Retry)
                test_id="answer-done"
                on_press=move |()| open.set(true)
            >
                {move || format!("Step {} is done", step.get())}
            </Button>
        </Show>
        <ReasonDialog
            open
            title=Signal::derive(move || format!("{}: done?", title.get()))
            text="The run goes on with the next step. What you write stands in the timeline and the report as proof."
            label="What was done"
            verb="It is done"
            test_id="answer-done-send"
            of
            send=confirm
        />
    }
}
