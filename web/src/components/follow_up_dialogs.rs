//! Adding a follow-up, changing it, ending it. What is typed stays if the server says no.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::follow_up::{FollowUpChangeIn, FollowUpEndIn, FollowUpIn, FollowUpView},
    domain::{
        follow_up::{FollowUpState, Priority},
        text::{Message, TaskText},
    },
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextArea, TextField},
        time::{from_local, to_local},
    },
    transport::{api, fresh_key},
};

/// Who may have one, asked for when the dialog opens.
fn owners(incident: Signal<Option<i64>>, open: RwSignal<bool>) -> Signal<Vec<(String, String)>> {
    let people = Fetched::new(move || {
        let wanted = incident.get().filter(|_| open.get());
        async move {
            match wanted {
                Some(incident) => Ok(api().incident_people(incident).await?.items),
                None => Ok(vec![]),
            }
        }
    });
    Signal::derive(move || {
        let nobody = (String::new(), "Nobody yet".to_owned());
        let people = people.value.get().unwrap_or_default();
        [nobody].into_iter().chain(people.into_iter().map(|p| (p.id.to_string(), p.name))).collect::<Vec<_>>()
    })
}

/// Adds one to the incident, or changes `one`.
#[component]
pub(crate) fn FollowUpDialog(
    incident: Signal<Option<i64>>,
    one: Signal<Option<FollowUpView>>,
    open: RwSignal<bool>,
    of: Fetched<Vec<FollowUpView>>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let (title, owner, due) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let priority = RwSignal::new(Priority::Normal.to_string());
    let wrong = RwSignal::new(None::<String>);
    let key = RwSignal::new(fresh_key());
    Effect::new(move |_| {
        if open.get()
            && let Some(one) = one.get_untracked()
        {
            title.set(one.title);
            owner.set(one.owner.map(|owner| owner.id.to_string()).unwrap_or_default());
            due.set(one.due_at.map(to_local).unwrap_or_default());
            priority.set(one.priority.to_string());
        }
    });
    let choices = owners(incident, open);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(incident) = incident.get_untracked() else { return };
        let parsed = TaskText::parse(&title.get_untracked());
        wrong.set(parsed.as_ref().err().cloned());
        let Ok(title_in) = parsed else { return };
        let to = FollowUpIn {
            title: title_in,
            owner: owner.get_untracked().parse().ok(),
            due_at: from_local(&due.get_untracked()),
            priority: priority.get_untracked().parse().unwrap_or(Priority::Normal),
        };
        let (once, changed) = (key.get_untracked(), one.get_untracked());
        let call = async move {
            match changed {
                None => api().add_follow_up(incident, &to, &once).await,
                Some(one) => api().change_follow_up(one.number, &FollowUpChangeIn { version: one.version, to }).await,
            }
        };
        attempt.run(call, move |_| {
            open.set(false);
            key.try_set(fresh_key());
            for field in [title, owner, due] {
                field.try_set(String::new());
            }
            of.refetch();
        });
    };
    // Another text is another follow-up.
    Effect::new(move |_| {
        for field in [title, owner, due, priority] {
            field.track();
        }
        key.set(fresh_key());
    });
    let refused = attempt.field("title");
    let heading = move || match (one.get(), incident.get()) {
        (Some(one), _) => format!("Change follow-up {}", one.number),
        (None, Some(incident)) => format!("Add a follow-up to incident {incident}"),
        (None, None) => "Add a follow-up".to_owned(),
    };
    let priorities: Vec<_> = Priority::ALL.iter().map(|p| (p.to_string(), p.words().to_owned())).collect();
    view! {
        <Dialog open title=Signal::derive(heading)>
            <form class="form" on:submit=submit novalidate>
                <ErrorNote error=attempt.error/>
                <TextField
                    label="What is to be done"
                    value=title
                    error=Signal::derive(move || wrong.get().or_else(|| refused.get()))
                    required=true
                    autofocus=true
                />
                <SelectField label="Who" choices value=owner error=attempt.field("owner")/>
                <TextField
                    label="Until"
                    value=due
                    kind="datetime-local"
                    hint="Whoever has it is reminded a day before, and when it is overdue."
                    error=attempt.field("due_at")
                />
                <SelectField label="Priority" choices=priorities.clone() value=priority/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="follow-up-send">
                        {move || if one.with(Option::is_some) { "Save" } else { "Add follow-up" }}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
pub(crate) fn EndFollowUpDialog(
    one: Signal<Option<FollowUpView>>,
    open: RwSignal<bool>,
    of: Fetched<Vec<FollowUpView>>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let (note, link) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let wrong = RwSignal::new(None::<String>);
    let is_open = Memo::new(move |_| one.with(|one| one.as_ref().is_some_and(|one| one.state == FollowUpState::Open)));
    let send = move |state: FollowUpState| {
        let Some(one) = one.get_untracked() else { return };
        let typed = note.get_untracked();
        let said = if typed.trim().is_empty() { None } else { Some(Message::parse(&typed)) };
        let said = match said.transpose() {
            Ok(None) if state != FollowUpState::Done => return wrong.set(Some("Say why, in a few words.".into())),
            Ok(said) => said,
            Err(why) => return wrong.set(Some(why)),
        };
        wrong.set(None);
        let link_in = Some(link.get_untracked()).filter(|link| !link.trim().is_empty());
        let body = FollowUpEndIn { version: one.version, state, note: said, link: link_in };
        attempt.run(async move { api().settle_follow_up(one.number, &body).await }, move |_| {
            open.set(false);
            note.try_set(String::new());
            link.try_set(String::new());
            of.refetch();
        });
    };
    let refused = attempt.field("note");
    let heading = move || {
        one.with(|one| match one {
            Some(one) if one.state == FollowUpState::Open => format!("End follow-up {}: {}", one.number, one.title),
            Some(one) => format!("Open follow-up {} again: {}", one.number, one.title),
            None => String::new(),
        })
    };
    view! {
        <Dialog open title=Signal::derive(heading)>
            <div class="form">
                <ErrorNote error=attempt.error/>
                <TextArea
                    label="What came of it"
                    value=note
                    hint="Needed to drop it or to open it again."
                    error=Signal::derive(move || wrong.get().or_else(|| refused.get()))
                />
                <Show when=move || is_open.get()>
                    <TextField label="Where it can be seen (address)" value=link error=attempt.field("link")/>
                </Show>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Show
                        when=move || is_open.get()
                        fallback=move || view! {
                            <Button kind=ButtonKind::Primary busy=attempt.busy on_press=move |()| send(FollowUpState::Open)>"Open again"</Button>
                        }
                    >
                        <Button busy=attempt.busy on_press=move |()| send(FollowUpState::Dropped)>"Drop it"</Button>
                        <Button kind=ButtonKind::Primary busy=attempt.busy test_id="follow-up-done" on_press=move |()| send(FollowUpState::Done)>
                            "It is done"
                        </Button>
                    </Show>
                </div>
            </div>
        </Dialog>
    }
}
