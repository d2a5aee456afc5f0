//! The second person's word: what the first one says became of the step, and the two answers to that.

use leptos::prelude::*;
use shared::{
    api::run::{ConfirmIn, RunCommand, RunView},
    domain::{
        run::{Answer, Proposal},
        text::Message,
    },
};

use crate::{
    components::{
        approval_panel::refused,
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        focus,
        reason_dialog::ReasonDialog,
        time::Instant,
    },
    transport::api,
};

/// "step 2 did take effect".
fn claim(answer: &Answer) -> (&'static str, Option<String>) {
    match answer {
        Answer::Happened { note } => ("it did take effect", Some(note.clone())),
        Answer::Retry => ("it did not take effect: do it again", None),
        Answer::Skip { reason } => ("go on without it", Some(reason.clone())),
        Answer::Done { note } => ("it is done", Some(note.clone())),
        Answer::Stop { reason } => ("stop here", Some(reason.clone())),
    }
}

#[component]
pub(crate) fn SecondWord(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let proposal = Memo::new(move |_| run.with(|r| r.question.as_ref().and_then(|q| q.proposal.clone())));
    let step = Memo::new(move |_| run.with(|r| r.question.as_ref().map_or(0, |q| q.step)));
    let attempt = Attempt::new();
    let objecting = RwSignal::new(false);
    let body = move |agree, reason| {
        let answer = proposal.get_untracked()?.answer;
        Some(ConfirmIn { step: step.get_untracked(), answer, agree, reason })
    };
    let agree = move |()| {
        let Some(body) = body(true, None) else { return of.refetch() };
        attempt.run(async move { api().confirm(number, &body).await }, move |run| {
            of.put(run);
            focus::to_heading();
        });
    };
    let object = move |reason: Message| {
        let body = body(false, Some(reason));
        async move {
            match body {
                Some(body) => api().confirm(number, &body).await,
                // Somebody was faster: look again.
                None => api().run(number).await,
            }
        }
    };
    let off = refused(run, RunCommand::Confirm);
    view! {
        {move || {
            proposal
                .get()
                .map(|Proposal { by, at, answer }| {
                    let (says, why) = claim(&answer);
                    view! {
                        <div class="second-word" data-testid="second-word">
                            <p>
                                <b>{by.to_string()}</b> " says " <Instant at/> ": " <b>{says}</b> "."
                            </p>
                            {why.filter(|why| !why.is_empty()).map(|why| view! { <p class="outcome-reason">{why}</p> })}
                            <div class="question-actions">
                                <Button kind=ButtonKind::Primary refused=off busy=attempt.busy test_id="confirm-answer" on_press=agree>
                                    "I have looked too: it is so"
                                </Button>
                                <Button test_id="object-answer" on_press=move |()| objecting.set(true)>
                                    "Object…"
                                </Button>
                            </div>
                            <ErrorNote error=attempt.error/>
                        </div>
                    }
                })
        }}
        <ReasonDialog
            open=objecting
            title=Signal::derive(move || format!("Object to what was said about step {}", step.get()))
            text="The question stays open, and everybody sees your reason."
            verb="Object"
            test_id="object-send"
            of
            send=object
        />
    }
}
