//! The answers to a question: happened, retry, done, skip, stop, each with its dialog. Why it is asked is `question_panel`'s.

use leptos::prelude::*;
use shared::{
    api::run::{AnswerIn, RunCommand, RunView},
    domain::{run::Answer, text::Message},
};

use crate::{
    components::{
        approval_panel::refused,
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        done_button::{DoneButton, is_by_hand},
        error_note::ErrorNote,
        focus,
        icon::{Icon, Svg},
        reason_dialog::ReasonDialog,
    },
    transport::api,
};

/// An answer with the words that go with it; stays in its dialog until it was taken.
#[component]
fn AnswerDialog(
    open: RwSignal<bool>,
    run: Signal<RunView>,
    of: Fetched<RunView>,
    step: Memo<u32>,
    #[prop(into)] title: Signal<String>,
    text: &'static str,
    verb: &'static str,
    #[prop(default = "Reason")] label: &'static str,
    #[prop(optional)] danger: bool,
    test_id: &'static str,
    answer: fn(String) -> Answer,
) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let send = move |words: Message| {
        let body = AnswerIn { step: step.get_untracked(), answer: answer(words.into_inner()) };
        async move { api().answer(number, &body).await }
    };
    view! { <ReasonDialog open title text verb label danger test_id of send/> }
}

#[component]
pub(crate) fn AnswerButtons(
    run: Signal<RunView>,
    of: Fetched<RunView>,
    step: Memo<u32>,
    title: Memo<String>,
) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let named = move || format!("step {}, {}", step.get(), title.get());
    let destructive = move || run.with(|r| r.procedure.steps.iter().any(|s| s.number == step.get() && s.destructive));
    let by_hand = move || run.with(|r| is_by_hand(r, step.get()));
    let unclear = move || run.with(|r| r.question.as_ref().is_some_and(|q| q.unclear)) && !by_hand();
    let (happening, retrying) = (RwSignal::new(false), RwSignal::new(false));
    let (skipping, stopping) = (RwSignal::new(false), RwSignal::new(false));
    view! {
        <div class="question-actions">
            <Show when=unclear>
                <Button refused=refused(run, RunCommand::Happened) test_id="answer-happened" on_press=move |()| happening.set(true)>
                    <Svg icon=Icon::Done/>
                    {move || format!("Step {} did take effect", step.get())}
                </Button>
            </Show>
            <Show
                when=by_hand
                fallback=move || view! { <RetryButton run step on_press=Callback::new(move |()| retrying.set(true))/> }
            >
                <DoneButton run of step title/>
            </Show>
            <Button refused=refused(run, RunCommand::Skip) test_id="answer-skip" on_press=move |()| skipping.set(true)>
                <Svg icon=Icon::Skip/>
                {move || format!("Skip step {}", step.get())}
            </Button>
            <Button refused=refused(run, RunCommand::Stop) test_id="answer-stop" on_press=move |()| stopping.set(true)>
                <Svg icon=Icon::Stop/>
                "Stop the run"
            </Button>
        </div>
        <RetryDialog open=retrying run of step named=Signal::derive(named) destructive=Signal::derive(destructive)/>
        <AnswerDialog
            open=happening
            run
            of
            step
            title=Signal::derive(move || format!("Did {} take effect?", named()))
            text="Say what you have seen. The step counts as done and the run goes on with the next one; where it takes two people, as soon as the second one says the same."
            verb="It did take effect"
            label="What you have seen"
            test_id="answer-happened-send"
            answer=|note| Answer::Happened { note }
        />
        <AnswerDialog
            open=skipping
            run
            of
            step
            title=Signal::derive(move || format!("Skip {}?", named()))
            text="The step counts as not done, and the run goes on with the next one. Your reason goes into the timeline and the report."
            verb="Skip this step"
            test_id="answer-skip-send"
            answer=|reason| Answer::Skip { reason }
        />
        <AnswerDialog
            open=stopping
            run
            of
            step
            title=Signal::derive(move || format!("Stop run {number} at {}?", named()))
            text="No further step is carried out. What was done stays done; a new run can go on from here."
            verb="Stop this run"
            danger=true
            test_id="answer-stop-send"
            answer=|reason| Answer::Stop { reason }
        />
    }
}

#[component]
fn RetryButton(run: Signal<RunView>, step: Memo<u32>, on_press: Callback<()>) -> impl IntoView {
    // Where nobody knows whether it happened, nothing is suggested.
    let kind = Signal::derive(move || {
        if run.with(|r| r.question.as_ref().is_some_and(|q| q.unclear)) {
            ButtonKind::Plain
        } else {
            ButtonKind::Primary
        }
    });
    view! {
        <Button
            kind=kind
            refused=refused(run, RunCommand::Retry)
            test_id="answer-retry"
            on_press=on_press
        >
            <Svg icon=Icon::Retry/>
            {move || format!("Retry step {}", step.get())}
        </Button>
    }
}

#[component]
fn RetryDialog(
    open: RwSignal<bool>,
    run: Signal<RunView>,
    of: Fetched<RunView>,
    step: Memo<u32>,
    named: Signal<String>,
    destructive: Signal<bool>,
) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let attempt = Attempt::new();
    let send = move |()| {
        let body = AnswerIn { step: step.get_untracked(), answer: Answer::Retry };
        attempt.run(async move { api().answer(number, &body).await }, move |run| {
            open.set(false);
            of.put(run);
            focus::to_heading();
        });
    };
    view! {
        <Dialog open title=Signal::derive(move || format!("Retry {}?", named.get()))>
            <p>"The step is carried out again on the objects that were approved."</p>
            <Show when=move || destructive.get()>
                <p class="blast-danger">
                    "This step cannot be undone, and it may already have happened. Look at the host before you retry."
                </p>
            </Show>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary busy=attempt.busy test_id="answer-retry-send" on_press=send>
                    "Retry this step"
                </Button>
            </div>
        </Dialog>
    }
}
