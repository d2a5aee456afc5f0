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
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextArea,
        focus,
        icon::{Icon, Svg},
    },
    transport::api,
};

/// Whether a step of the run is one that a person does.
pub(crate) fn is_by_hand(run: &RunView, step: u32) -> bool {
    run.procedure.steps.iter().any(|s| s.number == step && matches!(s.kind, StepKind::Manual {}))
}

#[component]
pub(crate) fn DoneButton(
    run: Signal<RunView>,
    of: Fetched<RunView>,
    step: Memo<u32>,
    title: Memo<String>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    view! {
        <Button
            kind=ButtonKind::Primary
            // Whoever may retry a step may also say that it is done.
            refused=refused(run, RunCommand::Retry)
            test_id="answer-done"
            on_press=move |()| open.set(true)
        >
            <Svg icon=Icon::Done/>
            {move || format!("Step {} is done", step.get())}
        </Button>
        <DoneDialog open run of step title/>
    }
}

/// What was done may be left unsaid: that it is done says enough.
#[component]
fn DoneDialog(
    open: RwSignal<bool>,
    run: Signal<RunView>,
    of: Fetched<RunView>,
    step: Memo<u32>,
    title: Memo<String>,
) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let note = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let send = move || {
        let typed = note.get_untracked();
        let parsed =
            if typed.trim().is_empty() { Ok(String::new()) } else { Message::parse(&typed).map(Message::into_inner) };
        wrong.set(parsed.as_ref().err().cloned());
        let Ok(note_text) = parsed else { return };
        let body = AnswerIn { step: step.get_untracked(), answer: Answer::Done { note: note_text } };
        attempt.run(async move { api().answer(number, &body).await }, move |run| {
            open.set(false);
            note.set(String::new());
            of.put(run);
            focus::to_heading();
        });
    };
    view! {
        <Dialog open title=Signal::derive(move || format!("Step {}, {}: done?", step.get(), title.get()))>
            <form class="form" on:submit=move |event| {
                event.prevent_default();
                send();
            }>
                <p>"The run goes on with the next step. What you write stands in the timeline and the report as proof."</p>
                <TextArea
                    label="What was done (optional)"
                    value=note
                    rows=3
                    error=wrong
                />
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="answer-done-send">
                        "It is done"
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}
