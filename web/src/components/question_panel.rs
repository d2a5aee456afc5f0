//! A step needs a person: which, why, what it last said, and the three answers. Everything about consent is elsewhere.

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
        log_feed::LogFeed,
        log_pieces::pieces,
        reason_dialog::ReasonDialog,
    },
    transport::api,
};

/// Characters of a long reason shown at first: on a phone the answers must stay in sight.
const WHY_SHORT: usize = 200;

/// Lines shown as evidence.
const TAIL: i64 = 8;

#[component]
pub(crate) fn QuestionPanel(run: Signal<RunView>, of: Fetched<RunView>, feed: LogFeed) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let question = Memo::new(move |_| run.with(|r| r.question.clone()));
    let step = Memo::new(move |_| question.with(|q| q.as_ref().map_or(0, |q| q.step)));
    let title = Memo::new(move |_| {
        run.with(|r| {
            r.procedure.steps.iter().find(|s| s.number == step.get()).map(|s| s.title.clone()).unwrap_or_default()
        })
    });
    let named = move || format!("step {}, {}", step.get(), title.get());
    let destructive = move || run.with(|r| r.procedure.steps.iter().any(|s| s.number == step.get() && s.destructive));
    let said = feed.tail(step, TAIL);
    let tail = move || {
        said.get()
            .into_iter()
            .map(|line| {
                let text: String = pieces(&line.text, "").into_iter().map(|p| p.text).collect();
                view! { <span class="question-line" data-stream=line.stream.name()>{text} "\n"</span> }
            })
            .collect_view()
    };
    let has_tail = move || said.with(|lines| !lines.is_empty());
    let why = Memo::new(move |_| question.with(|q| q.as_ref().map(|q| q.why.clone()).unwrap_or_default()));
    let retrying = RwSignal::new(false);
    let by_hand = move || run.with(|r| is_by_hand(r, step.get()));
    let skipping = RwSignal::new(false);
    let stopping = RwSignal::new(false);
    let skip = move |reason: Message| {
        let body = AnswerIn { step: step.get_untracked(), answer: Answer::Skip { reason: reason.into_inner() } };
        async move { api().answer(number, &body).await }
    };
    let stop = move |reason: Message| {
        let body = AnswerIn { step: step.get_untracked(), answer: Answer::Stop { reason: reason.into_inner() } };
        async move { api().answer(number, &body).await }
    };
    view! {
        <section class="panel question" aria-labelledby="question-heading">
            <h2 id="question-heading">
                <Svg icon=Icon::Alert/>
                {move || {
                    let asks = if by_hand() { "waits to be done by hand" } else { "needs your decision" };
                    format!("Step {} {asks}: {}", step.get(), title.get())
                }}
            </h2>
            <Show when=by_hand fallback=move || view! { <Why why/> }>
                // The heading says what is to be done.
                <p class="question-why" role="alert">"The run goes on as soon as somebody says that it is done."</p>
            </Show>
            <Show when=has_tail>
                <p class="muted">"The last it said:"</p>
                <pre class="question-tail" tabindex="0" role="region" aria-label="Last lines of the step">{tail}</pre>
            </Show>
            <div class="question-actions">
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
            <ReasonDialog
                open=skipping
                title=Signal::derive(move || format!("Skip {}?", named()))
                text="The step counts as not done, and the run goes on with the next one. Your reason goes into the timeline and the report."
                verb="Skip this step"
                test_id="answer-skip-send"
                of
                send=skip
            />
            <ReasonDialog
                open=stopping
                title=Signal::derive(move || format!("Stop run {number} at {}?", named()))
                text="No further step is carried out. What was done stays done; the run cannot be continued, but the procedure can be requested again."
                verb="Stop this run"
                danger=true
                test_id="answer-stop-send"
                of
                send=stop
            />
        </section>
    }
}

/// The reason; a long one is cut until asked for.
#[component]
fn Why(why: Memo<String>) -> impl IntoView {
    let long = Memo::new(move |_| why.with(|why| why.chars().count() > WHY_SHORT));
    let whole = RwSignal::new(false);
    view! {
        <p class="question-why" role="alert">
            {move || if whole.get() || !long.get() { why.get() } else { beginning(&why.get()) }}
        </p>
        <Show when=move || long.get()>
            <button
                type="button"
                class="button quiet question-all"
                aria-expanded=move || whole.get().to_string()
                on:click=move |_| whole.update(|whole| *whole = !*whole)
            >
                {move || if whole.get() { "Show less" } else { "Show all" }}
            </button>
        </Show>
    }
}

fn beginning(why: &str) -> String {
    let mut short: String = why.chars().take(WHY_SHORT).collect();
    short.push('…');
    short
}

#[component]
fn RetryButton(run: Signal<RunView>, step: Memo<u32>, on_press: Callback<()>) -> impl IntoView {
    view! {
        <Button
            kind=ButtonKind::Primary
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
