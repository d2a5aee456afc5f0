//! Breaking the glass: which rule and why, with a fresh proof; and the review that somebody else owes afterwards.

use leptos::prelude::*;
use shared::{
    api::run::{GlassIn, ReviewIn, RunCommand, RunView},
    domain::text::Message,
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
        reason_dialog::ReasonDialog,
        time::Instant,
    },
    transport::api,
};

#[component]
pub(crate) fn BreakGlass(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let open = RwSignal::new(false);
    let offered = move || run.with(|r| r.offers.iter().any(|o| o.command == RunCommand::BreakGlass && o.open()));
    view! {
        <Show when=offered>
            <Button kind=ButtonKind::Quiet test_id="break-glass" on_press=move |()| open.set(true)>
                "Break the glass…"
            </Button>
        </Show>
        <GlassDialog open run of/>
    }
}

#[component]
fn GlassDialog(open: RwSignal<bool>, run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let reason = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let submit = move || {
        let Some(content) = run.with_untracked(|r| r.content) else { return of.refetch() };
        let parsed = Message::parse(&reason.get_untracked());
        wrong.set(parsed.as_ref().err().map(|_| "Say why nobody can be waited for: it is read in the review.".into()));
        let Ok(reason_text) = parsed else { return };
        let body = GlassIn { reason: reason_text, content };
        attempt.run(async move { api().break_glass(number, &body).await }, move |run| {
            open.set(false);
            reason.set(String::new());
            of.put(run);
            focus::to_heading();
        });
    };
    let rule = move || run.with(|r| r.policy.words());
    view! {
        <Dialog open title=Signal::derive(move || format!("Break the glass for run {number}?"))>
            <form class="form" data-testid="glass-form" on:submit=move |event| {
                event.prevent_default();
                submit();
            }>
                <p>"This breaks a rule of the plan: " <b>{rule}</b> "."</p>
                <ul class="glass-means">
                    <li>"The run begins at once, on your word alone."</li>
                    <li>"Everybody is told, with your name and your reason."</li>
                    <li>"Somebody else must review it; until then the incident cannot be closed."</li>
                </ul>
                <TextArea label="Why nobody can be waited for" value=reason rows=3 error=wrong/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Danger submit=true busy=attempt.busy test_id="glass-send">
                        {format!("Break the glass for run {number}")}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}

/// Who broke the glass, which rule, and what somebody else said about it.
#[component]
pub(crate) fn GlassNote(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let glass = Memo::new(move |_| run.with(|r| r.glass.clone()));
    let review = Memo::new(move |_| run.with(|r| r.review.clone()));
    let reviewing = RwSignal::new(false);
    let send = move |text: Message| async move { api().review(number, &ReviewIn { text }).await };
    let said = move || {
        match review.get() {
        Some(review) => view! {
            <p><b>{review.by.to_string()}</b> " reviewed it " <Instant at=review.at/> ": " {review.text}</p>
        }
        .into_any(),
        None => view! {
            <p>"A review is owed: until somebody else has made it, the incident cannot be closed."</p>
            <Button refused=refused(run, RunCommand::Review) test_id="review-glass" on_press=move |()| reviewing.set(true)>
                "Review it…"
            </Button>
        }
        .into_any(),
    }
    };
    view! {
        {move || {
            glass
                .get()
                .map(|glass| {
                    view! {
                        <section class="panel glass" data-testid="glass" aria-labelledby="glass-heading">
                            <h2 id="glass-heading">
                                <Svg icon=Icon::Alert/>
                                {format!("{} broke the glass", glass.name)}
                            </h2>
                            <p>
                                "Instead of: " {glass.rule} ". " <Instant at=glass.at/>
                            </p>
                            <p class="outcome-reason">{glass.reason}</p>
                            {said}
                        </section>
                    }
                })
        }}
        <ReasonDialog
            open=reviewing
            title=Signal::derive(move || format!("Review the broken glass of run {number}"))
            text="Was it right, and what follows from it? Your words stand in the timeline, the report and the audit log."
            verb="Send the review"
            label="Review"
            test_id="review-send"
            of
            send
        />
    }
}
