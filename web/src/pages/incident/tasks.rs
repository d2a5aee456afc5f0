//! What somebody is to do in this incident, and by when. Who may follow whom is the server's; the dialogs are beside this.

use leptos::prelude::*;
use shared::{
    api::task::{TaskDeedIn, TaskVerb},
    domain::incident::{IncidentCommand, Task, TaskState},
};

use super::{
    Here,
    task_dialogs::{AddTaskDialog, ChangeTaskDialog, HandTaskDialog},
};
use crate::{
    components::{
        attempt::Attempt,
        error_note::ErrorNote,
        state_badge::{StateShape, Tone},
        time::{Instant, use_now},
    },
    session::use_me,
    transport::api,
};

#[component]
pub(super) fn Tasks(here: Here) -> impl IntoView {
    let attempt = Attempt::new();
    let adding = RwSignal::new(false);
    let (changing, handing) = (RwSignal::new(None::<u32>), RwSignal::new(None::<u32>));
    let may = here.open(IncidentCommand::HandleTask);
    let of = move |open: bool| {
        Memo::new(move |_| {
            let mut tasks = here.incident.with(|i| i.tasks.clone());
            tasks.retain(|task| (task.state == TaskState::Open) == open);
            // What is due first comes first; the rest as it was said.
            tasks.sort_by_key(|task| task.due_at.map_or(i64::MAX, |due| due.unix_ms()));
            tasks
        })
    };
    let (open, ended) = (of(true), of(false));
    let rows = move |list: Memo<Vec<Task>>| {
        view! {
            <ul class="tasks">
                <For
                    each=move || list.get()
                    key=|task| (task.number, task.version)
                    children=move |task| view! { <Row here attempt task may changing handing/> }
                />
            </ul>
        }
    };
    let n_ended = move || ended.with(Vec::len);
    view! {
        <section class="panel" aria-labelledby="tasks">
            <div class="panel-head">
                <h2 id="tasks">"Tasks"</h2>
                <Show when=move || may.get()>
                    <button type="button" class="link-button" data-testid="task-add" on:click=move |_| adding.set(true)>
                        "Add task"
                    </button>
                </Show>
            </div>
            <Show
                when=move || open.with(|open| !open.is_empty())
                fallback=|| view! { <p class="muted">"Nothing is open."</p> }
            >
                {rows(open)}
            </Show>
            <ErrorNote error=attempt.error/>
            <Show when=move || n_ended() != 0>
                <details class="more-procedures">
                    <summary>{move || format!("{} done or dropped", n_ended())}</summary>
                    {rows(ended)}
                </details>
            </Show>
        </section>
        <AddTaskDialog here open=adding/>
        <ChangeTaskDialog here task=changing/>
        <HandTaskDialog here task=handing/>
    }
}

#[component]
fn Row(
    here: Here,
    attempt: Attempt,
    task: Task,
    may: Signal<bool>,
    changing: RwSignal<Option<u32>>,
    handing: RwSignal<Option<u32>>,
) -> impl IntoView {
    let me = use_me();
    let now = use_now();
    let Task { number, text, owner, due_at, state, version, .. } = task;
    let my_id = me.with_untracked(|me| me.as_ref().map(|me| me.id));
    let mine = owner.as_ref().is_some_and(|owner| Some(owner.id) == my_id);
    let open = state == TaskState::Open;
    let late = Memo::new(move |_| open && due_at.is_some_and(|due| due <= now.get()));
    let tone = Signal::derive(move || match (state, late.get()) {
        (TaskState::Open, true) => Tone::Critical,
        (TaskState::Open, false) => Tone::Active,
        (TaskState::Done, _) => Tone::Good,
        (TaskState::Dropped, _) => Tone::Neutral,
    });
    let whose = match &owner {
        Some(owner) if mine => format!("{} (you)", owner.name),
        Some(owner) => owner.name.clone(),
        None => "Nobody has it yet".into(),
    };
    let deed = move |verb: TaskVerb, words: &'static str| {
        let body = TaskDeedIn::plain(version, verb);
        let act = move |_| {
            let body = body.clone();
            attempt
                .run(async move { api().task(here.number, number, &body).await }, move |view| here.fetched.put(view));
        };
        let label = format!("{words}: task {number}");
        view! { <button type="button" class="link-button" aria-label=label on:click=act>{words}</button> }
    };
    let opens = move |dialog: RwSignal<Option<u32>>, words: &'static str| {
        let label = format!("{words}: task {number}");
        view! {
            <button type="button" class="link-button" aria-label=label on:click=move |_| dialog.set(Some(number))>
                {words}
            </button>
        }
    };
    view! {
        <li class="task" data-tone=move || tone.get().name() data-testid=format!("task-{number}")>
            <StateShape tone/>
            <div class="task-body">
                <p class="task-text">{text}</p>
                <p class="hint">
                    {format!("Task {number} · {whose}")}
                    {due_at.filter(|_| open).map(|due| view! {
                        " · "
                        <span class="task-due" class:late=move || late.get()>
                            {move || if late.get() { "overdue, was due " } else { "due " }}
                            <Instant at=due/>
                        </span>
                    })}
                    {(!open).then(|| format!(" · {state}"))}
                </p>
                <Show when=move || may.get()>
                    <p class="task-deeds">
                        {(open && !mine).then(|| deed(TaskVerb::Take, "Take"))}
                        {open.then(|| deed(TaskVerb::Done, "Done"))}
                        {open.then(|| opens(handing, "Hand over"))}
                        {(open && mine).then(|| deed(TaskVerb::LetGo, "Let go"))}
                        {open.then(|| opens(changing, "Change"))}
                        {open.then(|| deed(TaskVerb::Drop, "Drop"))}
                        {(!open).then(|| deed(TaskVerb::Reopen, "Open again"))}
                    </p>
                </Show>
            </div>
        </li>
    }
}
