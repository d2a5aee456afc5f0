//! A run that waits in line: behind which, before which, and who goes first. What it will do is looked up when it is called.

use leptos::prelude::*;
use shared::{
    api::run::{PriorityIn, RunCommand, RunView, WithdrawIn},
    domain::{run::Priority, text::Message},
};

use crate::{
    components::{
        approval_panel::refused, async_view::Fetched, attempt::Attempt, button::Button, error_note::ErrorNote,
        field::SelectField, reason_dialog::ReasonDialog,
    },
    transport::api,
};

#[component]
pub(crate) fn LinePanel(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let place = Memo::new(move |_| run.with(|r| r.place.clone()));
    let withdrawing = RwSignal::new(false);
    let withdraw = move |reason: Message| async move { api().withdraw(number, &WithdrawIn { reason }).await };
    let link = |number: i64| view! { <a href=format!("/console/runs/{number}")>{format!("run {number}")}</a> };
    view! {
        <section class="panel looking in-line" aria-live="polite" data-testid="in-line">
            <h2>"Waiting in line"</h2>
            <p>
                "Only one run at a time may act on this system. "
                {move || place.get().and_then(|p| p.behind).map(|behind| view! { "Now it is " {link(behind)} ". " })}
                {move || {
                    let before = place.get().map(|p| p.before).unwrap_or_default();
                    (!before.is_empty()).then(|| view! { "Called before this one: " {before.into_iter().map(|run| view! { {link(run)} " " }).collect_view()} })
                }}
            </p>
            <p>"When its turn comes, the worker looks at the host, and then people are asked for consent."</p>
            <PrioritySelect run of/>
            <div class="form-actions">
                <Button refused=refused(run, RunCommand::Withdraw) test_id="withdraw" on_press=move |()| withdrawing.set(true)>
                    "Leave the line…"
                </Button>
            </div>
        </section>
        <ReasonDialog
            open=withdrawing
            title=Signal::derive(move || format!("Withdraw run {number}"))
            text="Nothing will be done on the host. The procedure can be requested again."
            verb="Withdraw this run"
            danger=true
            test_id="withdraw-send"
            of
            send=withdraw
        />
    }
}

/// The greater goes first, of those that wait for the same system and of those that wait for the same worker.
#[component]
fn PrioritySelect(run: Signal<RunView>, of: Fetched<RunView>) -> impl IntoView {
    let number = run.with_untracked(|r| r.number);
    let now = Memo::new(move |_| run.with(|r| r.priority));
    let value = RwSignal::new(now.get_untracked().name().to_owned());
    let attempt = Attempt::new();
    Effect::new(move |_| value.set(now.get().name().to_owned()));
    Effect::new(move |before: Option<String>| {
        let wanted = value.get();
        if before.is_some_and(|before| before != wanted)
            && let Some(priority) = Priority::ALL.into_iter().find(|p| p.name() == wanted && *p != now.get_untracked())
        {
            attempt
                .run(async move { api().prioritise(number, &PriorityIn { priority }).await }, move |run| of.put(run));
        }
        wanted
    });
    let off = refused(run, RunCommand::Prioritise);
    let choices = Priority::ALL.map(|p| {
        let words = match p {
            Priority::High => "First",
            Priority::Normal => "In turn",
            Priority::Low => "Last",
        };
        (p.name().to_owned(), words.to_owned())
    });
    view! {
        <Show when=move || off.with(Option::is_none)>
            <SelectField label="Its turn" choices=choices.to_vec() value/>
        </Show>
        <ErrorNote error=attempt.error/>
    }
}
