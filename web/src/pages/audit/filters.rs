//! What is looked for: fields that write themselves into the address, and follow it when it changes. The address is the truth.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use shared::api::audit::{AuditChoices, AuditQuery};

use super::PAGE;
use crate::{
    components::{
        async_view::Fetched,
        field::{Checkbox, SelectField, TextField},
        time::{from_local, to_local},
    },
    transport::api,
};

/// So long after the last key the search begins.
const CALM: Duration = Duration::from_millis(300);

/// What the address asks for.
pub(super) fn from_address() -> Memo<AuditQuery> {
    let map = use_query_map();
    Memo::new(move |_| {
        map.with(|map| {
            let get = |name: &str| map.get(name).filter(|value| !value.is_empty());
            let instant =
                |name: &str| get(name).and_then(|value| serde_json::from_value(serde_json::Value::String(value)).ok());
            AuditQuery {
                text: get("text"),
                person: get("person"),
                object: get("object"),
                action: get("action"),
                denied: get("denied").is_some_and(|value| value == "true"),
                from: instant("from"),
                to: instant("to"),
                before: None,
            }
        })
    })
}

#[derive(Clone, Copy)]
struct Fields {
    text: RwSignal<String>,
    person: RwSignal<String>,
    object: RwSignal<String>,
    action: RwSignal<String>,
    denied: RwSignal<bool>,
    from: RwSignal<String>,
    to: RwSignal<String>,
}

impl Fields {
    fn of(query: &AuditQuery) -> Self {
        let this = Self {
            text: RwSignal::default(),
            person: RwSignal::default(),
            object: RwSignal::default(),
            action: RwSignal::default(),
            denied: RwSignal::default(),
            from: RwSignal::default(),
            to: RwSignal::default(),
        };
        this.set(query);
        this
    }

    fn set(self, query: &AuditQuery) {
        let pairs = [
            (self.text, query.text.clone()),
            (self.person, query.person.clone()),
            (self.object, query.object.clone()),
            (self.action, query.action.clone()),
            (self.from, query.from.map(to_local)),
            (self.to, query.to.map(to_local)),
        ];
        for (field, value) in pairs {
            field.set(value.unwrap_or_default());
        }
        self.denied.set(query.denied);
    }

    fn query(self) -> AuditQuery {
        let some = |field: RwSignal<String>| Some(field.get().trim().to_owned()).filter(|text| !text.is_empty());
        AuditQuery {
            text: some(self.text),
            person: some(self.person),
            object: some(self.object),
            action: some(self.action),
            denied: self.denied.get(),
            from: from_local(&self.from.get()),
            to: from_local(&self.to.get()),
            before: None,
        }
    }
}

#[component]
pub(super) fn Filters(query: Memo<AuditQuery>) -> impl IntoView {
    let fields = Fields::of(&query.get_untracked());
    let navigate = use_navigate();
    let turn = StoredValue::new(0_u32);
    // Fields to address, once they have come to rest.
    Effect::new(move |before: Option<AuditQuery>| {
        let wanted = fields.query();
        if before.is_some_and(|before| before != wanted) && query.get_untracked() != wanted {
            let mine = turn.get_value() + 1;
            turn.set_value(mine);
            let (navigate, address) = (navigate.clone(), format!("{PAGE}{}", wanted.to_query()));
            set_timeout(
                move || {
                    if turn.try_get_value() == Some(mine) {
                        navigate(&address, NavigateOptions { replace: true, scroll: false, ..Default::default() });
                    }
                },
                CALM,
            );
        }
        wanted
    });
    // Address to fields: a link was followed, or one went back.
    Effect::new(move |_| {
        let asked = query.get();
        if untrack(|| fields.query()) != asked {
            turn.update_value(|turn| *turn += 1);
            fields.set(&asked);
        }
    });
    let choices = Fetched::new(|| async { api().audit_choices().await });
    let people = Signal::derive(move || people(choices.value.get().as_ref(), &fields.person.get_untracked()));
    let actions = Signal::derive(move || actions(choices.value.get().as_ref(), &fields.action.get_untracked()));
    view! {
        <form class="audit-filters" role="search" aria-label="Audit entries" on:submit=|event| event.prevent_default()>
            <TextField label="Search" kind="search" value=fields.text autocomplete="off"/>
            <SelectField label="Person" choices=people value=fields.person/>
            <SelectField label="Action" choices=actions value=fields.action/>
            <TextField label="On" value=fields.object autocomplete="off"/>
            <TextField label="From" kind="datetime-local" value=fields.from/>
            <TextField label="To" kind="datetime-local" value=fields.to/>
            <Checkbox label="Refused only" value=fields.denied/>
            <Show when=move || !query.get().is_all()>
                <a class="button quiet" href=PAGE data-testid="audit-clear">"Clear filters"</a>
            </Show>
        </form>
        <Export query/>
    }
}

#[component]
fn Export(query: Memo<AuditQuery>) -> impl IntoView {
    let address = |query: &AuditQuery| format!("/api/v1/audit/export{}", query.to_query());
    view! {
        <p class="audit-export">
            <a class="button" href=address(&AuditQuery::default()) rel="external" download="" data-testid="audit-export">
                "Export the chain"
            </a>
            <Show when=move || !query.get().is_all()>
                <a class="button" href=move || query.with(address) rel="external" download="" data-testid="audit-export-part">
                    "Export what is found"
                </a>
                <span class="muted">"Only the whole chain can be verified."</span>
            </Show>
        </p>
    }
}

/// `chosen` is offered even if nobody knows it: the address may have named it.
fn people(choices: Option<&AuditChoices>, chosen: &str) -> Vec<(String, String)> {
    let known = choices.into_iter().flat_map(|choices| &choices.people).map(|by| (by.key(), by.to_string()));
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|(_, name)| name.to_lowercase());
    with_all("Everybody", known, chosen)
}

fn actions(choices: Option<&AuditChoices>, chosen: &str) -> Vec<(String, String)> {
    let known = choices.into_iter().flat_map(|choices| &choices.actions).map(|name| (name.clone(), name.clone()));
    with_all("Every action", known.collect(), chosen)
}

fn with_all(words: &str, known: Vec<(String, String)>, chosen: &str) -> Vec<(String, String)> {
    let mut all = vec![(String::new(), words.to_owned())];
    if !chosen.is_empty() && known.iter().all(|(key, _)| key != chosen) {
        all.push((chosen.to_owned(), chosen.to_owned()));
    }
    all.extend(known);
    all
}
