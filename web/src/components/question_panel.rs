//! A step needs a person: which, why, what it last said and what there is to go by. The answers are `answer_buttons`.

use leptos::prelude::*;
use shared::api::run::RunView;

use crate::components::{
    answer_buttons::AnswerButtons,
    async_view::Fetched,
    done_button::is_by_hand,
    evidence::Evidence,
    icon::{Icon, Svg},
    log_feed::LogFeed,
    log_pieces::pieces,
    second_word::SecondWord,
};

/// Characters of a long reason shown at first: on a phone the answers must stay in sight.
const WHY_SHORT: usize = 200;

/// Lines shown as evidence.
const TAIL: i64 = 8;

#[component]
pub(crate) fn QuestionPanel(run: Signal<RunView>, of: Fetched<RunView>, feed: LogFeed) -> impl IntoView {
    let question = Memo::new(move |_| run.with(|r| r.question.clone()));
    let step = Memo::new(move |_| question.with(|q| q.as_ref().map_or(0, |q| q.step)));
    let title = Memo::new(move |_| {
        run.with(|r| {
            r.procedure.steps.iter().find(|s| s.number == step.get()).map(|s| s.title.clone()).unwrap_or_default()
        })
    });
    let by_hand = move || run.with(|r| is_by_hand(r, step.get()));
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
    let takes_two = move || question.with(|q| q.as_ref().is_some_and(|q| q.takes_two));
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
            <Show when=move || !by_hand()>
                <Evidence run step/>
            </Show>
            <Show when=has_tail>
                <p class="muted">"The last it said:"</p>
                <pre class="question-tail" tabindex="0" role="region" aria-label="Last lines of the step">{tail}</pre>
            </Show>
            <Show when=takes_two>
                <p class="question-two">
                    "This step cannot be undone, and nobody knows whether it happened. Look at the host. What you say counts when a second person says the same; stopping takes one."
                </p>
                <SecondWord run of/>
            </Show>
            <AnswerButtons run of step title/>
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
