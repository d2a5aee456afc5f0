//! One contact role: its people in the order in which they are called, with what one may do about it.

use leptos::prelude::*;
use shared::{
    api::contact::{ContactRoleView, ContactView, ContactsView},
    ids::UserId,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::SelectField,
    },
    transport::api,
};

/// What the parts of one role share.
#[derive(Clone, Copy)]
struct Here {
    system: StoredValue<String>,
    role: StoredValue<String>,
    people: Memo<Vec<ContactView>>,
    may: Memo<bool>,
    attempt: Attempt,
    of: Fetched<ContactsView>,
}

impl Here {
    fn set(self, change: impl FnOnce(&mut Vec<UserId>)) {
        let mut people: Vec<_> = self.people.get_untracked().iter().map(|one| one.id).collect();
        change(&mut people);
        let (system, role) = (self.system.get_value(), self.role.get_value());
        let call = async move { api().set_contacts(&system, &role, &people).await };
        self.attempt.run(call, move |view| self.of.put(view));
    }

    fn test(self, id: UserId) {
        let system = self.system.get_value();
        self.attempt.run(async move { api().test_contact(&system, id).await }, move |view| self.of.put(view));
    }
}

#[component]
pub(super) fn Role(role: String, view: Signal<ContactsView>, of: Fetched<ContactsView>) -> impl IntoView {
    let named = StoredValue::new(role);
    let this =
        Memo::new(move |_| view.with(|v| v.roles.iter().find(|one| named.with_value(|n| *n == one.role)).cloned()));
    let people =
        Memo::new(move |_| this.with(|role| role.iter().flat_map(|role| role.people.clone()).collect::<Vec<_>>()));
    let here = Here {
        system: StoredValue::new(view.with_untracked(|v| v.system.clone())),
        role: named,
        people,
        may: Memo::new(move |_| view.with(|v| v.change_refused.is_none())),
        attempt: Attempt::new(),
        of,
    };
    let words = move || this.with(|role| role.as_ref().map(plan_words));
    let heading = named.with_value(|role| role.replace('-', " "));
    let by_id =
        named.with_value(|role| format!("role-{}", role.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-")));
    view! {
        <section class="panel" aria-labelledby=by_id data-testid="contact-role">
            <h2 id=by_id.clone() class="capital">{heading}</h2>
            <p class="muted">{words}</p>
            <Show
                when=move || people.with(|all| !all.is_empty())
                fallback=|| view! { <p class="reason">"Nobody is called for this role yet."</p> }
            >
                <ol class="rows people-rows">
                    <For
                        each=move || people.get().into_iter().enumerate()
                        key=|(place, person)| (*place, person.id, person.pages_by.len(), person.phones.len(), person.active, person.quiet)
                        children=move |(place, person)| view! { <Person here place person/> }
                    />
                </ol>
            </Show>
            <Show when=move || here.may.get()>
                <Add here view/>
            </Show>
            <ErrorNote error=here.attempt.error/>
        </section>
    }
}

fn plan_words(role: &ContactRoleView) -> String {
    if !role.in_plan {
        return "The plan does not name this role any more; nobody here is called.".into();
    }
    let backup = role.backup.as_ref().map(|backup| format!(", backup {backup}")).unwrap_or_default();
    format!("In the plan: {}, {}{backup}", role.name, role.primary)
}

#[component]
fn Person(here: Here, place: usize, person: ContactView) -> impl IntoView {
    let ContactView { id, name, active, quiet, email, phones, pages_by } = person;
    let place_words = match place {
        0 => "Primary".to_owned(),
        1 => "Backup".to_owned(),
        n => format!("Number {}", n + 1),
    };
    let by = pages_by.iter().map(|channel| channel.words()).collect::<Vec<_>>().join(", ");
    let asleep = if quiet { " · in quiet hours now" } else { "" };
    let paged =
        if active { format!("{place_words} · paged by {by}{asleep}") } else { "Deactivated: not called".to_owned() };
    let called = StoredValue::new(name.clone());
    view! {
        <li class="row" data-testid="contact">
            <span class="row-main">
                <b>{name}</b>
                <span class="row-meta">{paged}</span>
                <span class="button-row">
                    {phones
                        .into_iter()
                        .map(|phone| {
                            let dial: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
                            view! { <a class="button" href=format!("tel:{dial}")>"Call " {phone}</a> }
                        })
                        .collect_view()}
                    <a class="button" href=format!("mailto:{email}")>{email.clone()}</a>
                </span>
            </span>
            <Show when=move || here.may.get()>
                <span class="row-side button-row">
                    {active.then(|| {
                        view! {
                            <Button busy=here.attempt.busy on_press=move |()| here.test(id) test_id="contact-test">
                                "Send a test" <span class="visually-hidden">" to " {called.get_value()}</span>
                            </Button>
                        }
                    })}
                    {(place > 0).then(|| {
                        view! {
                            <Button kind=ButtonKind::Quiet busy=here.attempt.busy on_press=move |()| here.set(|all| all.swap(place, place - 1))>
                                "Call earlier" <span class="visually-hidden">": " {called.get_value()}</span>
                            </Button>
                        }
                    })}
                    <Button kind=ButtonKind::Quiet busy=here.attempt.busy on_press=move |()| here.set(|all| all.retain(|one| *one != id))>
                        "Remove" <span class="visually-hidden">": " {called.get_value()}</span>
                    </Button>
                </span>
            </Show>
        </li>
    }
}

#[component]
fn Add(here: Here, view: Signal<ContactsView>) -> impl IntoView {
    let chosen = RwSignal::new(String::new());
    let choices = Signal::derive(move || {
        let there: Vec<_> = here.people.with(|all| all.iter().map(|one| one.id).collect());
        view.with(|v| {
            let free = v.candidates.iter().filter(|one| !there.contains(&one.id));
            let named = free.map(|one| (one.id.to_string(), format!("{} ({})", one.name, one.email)));
            std::iter::once((String::new(), "Choose a person".to_owned())).chain(named).collect::<Vec<_>>()
        })
    });
    let add = move || {
        if let Ok(id) = chosen.get_untracked().parse::<UserId>() {
            here.set(|all| all.push(id));
            chosen.set(String::new());
        }
    };
    view! {
        <form
            class="contact-add"
            on:submit=move |event| {
                event.prevent_default();
                add();
            }
        >
            <SelectField label="Add a person" choices value=chosen/>
            <Button submit=true busy=here.attempt.busy test_id="contact-add">"Add"</Button>
        </form>
    }
}
