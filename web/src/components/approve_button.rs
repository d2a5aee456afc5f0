//! Saying yes: the button that names its object, and typed confirmation where there is no way back. Sends the content that is
//! shown, never another.

use leptos::prelude::*;
use shared::api::{
    client::CallError,
    error::ErrorCode,
    run::{DecisionIn, RunCommand, RunView},
};

use crate::{
    components::{
        approval_panel::refused,
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextField,
        focus,
        step_words::approve_words,
    },
    transport::api,
};

#[component]
pub(crate) fn ApproveButton(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let decide = Attempt::new();
    let confirming = RwSignal::new(false);
    let content = Memo::new(move |_| run.with(|r| r.content));
    let words = Memo::new(move |_| {
        run.with(|r| {
            r.resolution.as_ref().map(|resolution| approve_words(resolution, &r.procedure)).unwrap_or_default()
        })
    });
    let destructive =
        Memo::new(move |_| run.with(|r| r.resolution.iter().any(|x| x.steps.iter().any(|s| s.destructive))));
    // What differs from what was shown is fetched at once, so that nobody reads something old.
    Effect::new(move |_| {
        let code = decide.error.with(|e| e.as_ref().and_then(CallError::code));
        if matches!(code, Some(ErrorCode::ContentChanged | ErrorCode::NotNow)) {
            of.refetch();
        }
    });
    let approve = move |()| {
        let Some(content) = content.get_untracked() else { return };
        let body = DecisionIn { approve: true, reason: None, content };
        decide.run(async move { api().decide(number, &body).await }, move |run| {
            confirming.set(false);
            of.put(run);
            focus::to_heading();
        });
    };
    let press = move |()| if destructive.get_untracked() { confirming.set(true) } else { approve(()) };
    view! {
        <div class="object-actions">
            <Button
                kind=ButtonKind::Primary
                busy=decide.busy
                refused=refused(run, RunCommand::Approve)
                test_id="approve"
                on_press=press
            >
                {words}
            </Button>
            <Show when=move || !confirming.get()>
                <ErrorNote error=decide.error/>
            </Show>
            <ConfirmFinal open=confirming run words attempt=decide approve=Callback::new(approve)/>
        </div>
    }
}

/// There is no way back from this one: the project's name is typed before.
#[component]
fn ConfirmFinal(
    open: RwSignal<bool>,
    run: Signal<RunView>,
    words: Memo<String>,
    attempt: Attempt,
    approve: Callback<()>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let project = Memo::new(move |_| run.with(|r| r.project.clone()));
    let missing = move || {
        (typed.with(|t| t.trim() != project.get())).then(|| format!("Type {} above to approve.", project.get()))
    };
    view! {
        <Dialog open title=Signal::derive(move || format!("{}?", words.get()))>
            <p>"At least one step cannot be undone. What it removes is gone for good."</p>
            <TextField label=format!("Type the project's name: {}", project.get_untracked()) value=typed/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button
                    kind=ButtonKind::Danger
                    busy=attempt.busy
                    refused=Signal::derive(missing)
                    test_id="approve-final"
                    on_press=approve
                >
                    {words}
                </Button>
            </div>
        </Dialog>
    }
}
