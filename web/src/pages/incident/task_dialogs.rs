//! Adding a task, changing it, handing it over. What is typed stays if the server says no, and who was too slow sees what the task is
//! now before they try again.

use std::time::Duration;

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::task::{TaskDeedIn, TaskIn, TaskVerb},
    domain::{
        incident::{Person, Task},
        text::TaskText,
    },
    timestamp::Timestamp,
};

use super::{Here, commands::DialogFoot};
use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextField},
        focus, time,
    },
    session::use_me,
    transport::{api, fresh_key},
};

const TIMES: [(&str, u64); 6] = [
    ("In 15 minutes", 15 * 60),
    ("In 30 minutes", 30 * 60),
    ("In 1 hour", 3600),
    ("In 2 hours", 2 * 3600),
    ("In 8 hours", 8 * 3600),
    ("In 24 hours", 24 * 3600),
];
/// Stays as it is.
const AS_IT_IS: &str = "as-it-is";

/// What can be chosen as the time; `now` is what it is now.
fn times(now: Option<Timestamp>) -> Vec<(String, String)> {
    let kept = now.map(|due| (AS_IT_IS.to_owned(), format!("As it is: {}", time::exact(due))));
    let none = (String::new(), "No time".to_owned());
    let later = TIMES.iter().map(|(words, seconds)| (seconds.to_string(), (*words).to_owned()));
    kept.into_iter().chain([none]).chain(later).collect()
}

fn due(chosen: &str, now: Option<Timestamp>) -> Option<Timestamp> {
    if chosen == AS_IT_IS { now } else { chosen.parse().ok().map(|seconds| time::now().plus_seconds(seconds)) }
}

/// Who may have a task, oneself first.
fn owners(here: Here, open: Signal<bool>) -> Signal<Vec<Person>> {
    let me = use_me();
    let people = Fetched::new(move || {
        let wanted = open.get();
        async move { if wanted { Ok(api().incident_people(here.number).await?.items) } else { Ok(vec![]) } }
    });
    Signal::derive(move || {
        let mut people = people.value.get().unwrap_or_default();
        let my_id = me.with(|me| me.as_ref().map(|me| me.id));
        people.sort_by_key(|person| Some(person.id) != my_id);
        people
    })
}

fn parse(text: RwSignal<String>, wrong: RwSignal<Option<String>>) -> Option<TaskText> {
    let parsed = TaskText::parse(&text.get_untracked());
    wrong.set(parsed.as_ref().err().cloned());
    parsed.ok()
}

#[component]
pub(super) fn AddTaskDialog(here: Here, open: RwSignal<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let (text, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let (owner, when) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let key = RwSignal::new(fresh_key());
    let people = owners(here, open.into());
    let choices = Signal::derive(move || {
        let nobody = (String::new(), "Nobody yet".to_owned());
        [nobody].into_iter().chain(people.get().into_iter().map(|p| (p.id.to_string(), p.name))).collect::<Vec<_>>()
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(said) = parse(text, wrong) else { return };
        let body =
            TaskIn { text: said, owner: owner.get_untracked().parse().ok(), due_at: due(&when.get_untracked(), None) };
        let once = key.get_untracked();
        attempt.run(async move { api().add_task(here.number, &body, &once).await }, move |view| {
            here.fetched.put(view);
            open.try_set(false);
            for field in [text, owner, when] {
                field.try_set(String::new());
            }
            key.try_set(fresh_key());
        });
    };
    // Another text is another task.
    Effect::new(move |_| {
        text.track();
        owner.track();
        when.track();
        key.set(fresh_key());
    });
    let error = attempt.field("text");
    view! {
        <Dialog open title=format!("Add a task to incident {}", here.number)>
            <form class="form" on:submit=submit novalidate>
                <ErrorNote error=attempt.error/>
                <TextField
                    label="What is to be done"
                    value=text
                    error=Signal::derive(move || wrong.get().or_else(|| error.get()))
                    required=true
                    autofocus=true
                />
                <SelectField label="Who" choices value=owner error=attempt.field("owner")/>
                <SelectField label="Due" choices=times(None) value=when error=attempt.field("due_at")/>
                <DialogFoot open busy=attempt.busy test_id="task-add-submit" words="Add task".to_owned()/>
            </form>
        </Dialog>
    }
}

/// The task that a dialog is about as it is now, and whether the dialog is open.
fn subject(here: Here, number: RwSignal<Option<u32>>) -> (Memo<Option<Task>>, RwSignal<bool>) {
    let task = Memo::new(move |_| {
        let number = number.get()?;
        here.incident.with(|i| i.tasks.iter().find(|task| task.number == number).cloned())
    });
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(number.get().is_some()));
    Effect::new(move |before: Option<bool>| {
        let now = open.get();
        if before == Some(true) && !now {
            number.set(None);
        }
        now
    });
    (task, open)
}

/// The version one has seen: the one from when the dialog was opened, until the server has said that there is another.
fn seen(task: Memo<Option<Task>>, number: RwSignal<Option<u32>>, attempt: Attempt) -> RwSignal<u32> {
    let seen = RwSignal::new(0);
    Effect::new(move |_| {
        if number.get().is_some() {
            attempt.error.set(None);
            seen.set(task.with_untracked(|task| task.as_ref().map_or(0, |task| task.version)));
        }
    });
    Effect::new(move |_| {
        if attempt.error.with(Option::is_some) {
            // What it is now stands in the answer and arrives by the stream; the next try means that.
            set_timeout(
                move || {
                    if let Some(Some(version)) = task.try_with_untracked(|task| task.as_ref().map(|task| task.version))
                    {
                        seen.try_set(version);
                    }
                },
                Duration::from_millis(500),
            );
        }
    });
    seen
}

#[component]
pub(super) fn ChangeTaskDialog(here: Here, task: RwSignal<Option<u32>>) -> impl IntoView {
    let attempt = Attempt::new();
    let (number, (task, open)) = (task, subject(here, task));
    let version = seen(task, number, attempt);
    let (text, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let (when, before) = (RwSignal::new(String::new()), RwSignal::new(None::<Timestamp>));
    // What it says when the dialog opens; what one types is not overwritten by what others do meanwhile.
    Effect::new(move |_| {
        if number.get().is_some()
            && let Some(now) = task.get_untracked()
        {
            text.set(now.text);
            before.set(now.due_at);
            when.set(now.due_at.map_or(String::new(), |_| AS_IT_IS.to_owned()));
            wrong.set(None);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(said), Some(number)) = (parse(text, wrong), number.get_untracked()) else { return };
        let due_at = due(&when.get_untracked(), before.get_untracked());
        let body =
            TaskDeedIn { text: Some(said), due_at, ..TaskDeedIn::plain(version.get_untracked(), TaskVerb::Change) };
        send(here, number, body, attempt, open);
    };
    let error = attempt.field("text");
    view! {
        <Dialog open title=Signal::derive(move || title("Change", number.get()))>
            <form class="form" on:submit=submit novalidate>
                <ErrorNote error=attempt.error/>
                <TextField
                    label="What is to be done"
                    value=text
                    error=Signal::derive(move || wrong.get().or_else(|| error.get()))
                    required=true
                />
                <SelectField
                    label="Due"
                    choices=Signal::derive(move || times(before.get()))
                    value=when
                    error=attempt.field("due_at")
                />
                <DialogFoot open busy=attempt.busy test_id="task-change-submit" words="Change task".to_owned()/>
            </form>
        </Dialog>
    }
}

#[component]
pub(super) fn HandTaskDialog(here: Here, task: RwSignal<Option<u32>>) -> impl IntoView {
    let attempt = Attempt::new();
    let (number, (task, open)) = (task, subject(here, task));
    let version = seen(task, number, attempt);
    let to = RwSignal::new(String::new());
    let people = owners(here, open.into());
    let choices = Signal::derive(move || {
        let owner = task.with(|task| task.as_ref().and_then(|task| task.owner.as_ref().map(|owner| owner.id)));
        let others = people.get().into_iter().filter(|person| Some(person.id) != owner);
        others.map(|person| (person.id.to_string(), person.name)).collect::<Vec<_>>()
    });
    Effect::new(move |_| {
        let choices = choices.get();
        if !choices.iter().any(|(key, _)| *key == to.get_untracked()) {
            to.set(choices.first().map(|(key, _)| key.clone()).unwrap_or_default());
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (Ok(person), Some(number)) = (to.get_untracked().parse(), number.get_untracked()) else { return };
        let body = TaskDeedIn { person: Some(person), ..TaskDeedIn::plain(version.get_untracked(), TaskVerb::HandTo) };
        send(here, number, body, attempt, open);
    };
    view! {
        <Dialog open title=Signal::derive(move || title("Hand over", number.get()))>
            <form class="form" on:submit=submit novalidate>
                <p>{move || task.with(|task| task.as_ref().map(|task| task.text.clone()))}</p>
                <ErrorNote error=attempt.error/>
                <SelectField label="To whom" choices value=to error=attempt.field("person")/>
                <DialogFoot open busy=attempt.busy test_id="task-hand-submit" words="Hand over task".to_owned()/>
            </form>
        </Dialog>
    }
}

fn title(verb: &str, number: Option<u32>) -> String {
    number.map_or_else(|| verb.to_owned(), |number| format!("{verb} task {number}"))
}

fn send(here: Here, number: u32, body: TaskDeedIn, attempt: Attempt, open: RwSignal<bool>) {
    attempt.run(async move { api().task(here.number, number, &body).await }, move |view| {
        here.fetched.put(view);
        open.try_set(false);
        focus::to_heading();
    });
}
