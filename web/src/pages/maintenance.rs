//! One announced maintenance: what was said about it, what happened, and what can be done. Planning one is `new`.

mod commands;
mod kept;
pub(crate) mod new;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::{
        live::Topic,
        maintenance::{MaintenanceEntry, MaintenanceView},
    },
    domain::maintenance::{MaintenanceCommand, MaintenanceEvent},
    markdown,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        error_note::Missing,
        prepared::Prepared,
        state_badge::StateBadge,
        time::{Instant, Moment},
        title::title,
    },
    live::use_live,
    transport::api,
};

/// What the parts of this page share.
#[derive(Clone, Copy)]
struct Here {
    number: i64,
    one: Signal<MaintenanceView>,
    fetched: Fetched<MaintenanceView>,
}

impl Here {
    fn open(self, command: MaintenanceCommand) -> Signal<bool> {
        Signal::derive(move || self.one.with(|one| one.offer(command).is_some_and(|offer| offer.refused.is_none())))
    }
}

#[component]
pub(crate) fn MaintenancePage() -> impl IntoView {
    let params = use_params_map();
    let number = Memo::new(move |_| params.with(|params| params.get("number").and_then(|n| n.parse::<i64>().ok())));
    move || match number.get() {
        Some(number) => view! { <One number/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn One(number: i64) -> impl IntoView {
    let heard = use_live().refetch_on(move |topic| matches!(topic, Topic::Maintenance { number: n } if *n == number));
    let fetched = Fetched::new(move || {
        heard.track();
        async move { api().maintenance(number).await }
    });
    title(move || {
        let name = fetched.value.with(|one| one.as_ref().map(|one| one.title.clone()));
        name.unwrap_or_else(|| format!("Maintenance {number}"))
    });
    view! {
        <AsyncView
            of=fetched
            what="the maintenance"
            content=move |one| {
                let here = Here { number, one, fetched };
                view! {
                    <Head here/>
                    <div class="stack">
                        <Facts here/>
                        <Log here/>
                    </div>
                }
            }
        />
    }
}

#[component]
fn Head(here: Here) -> impl IntoView {
    let one = here.one;
    let state = Memo::new(move |_| one.with(|one| one.state));
    let refused = Memo::new(move |_| {
        one.with(|one| {
            let open = one.offers.iter().any(|offer| offer.refused.is_none());
            (!open && !one.state.over()).then(|| one.offers.iter().find_map(|offer| offer.refused.clone())).flatten()
        })
    });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/maintenance">"Maintenance"</a></p>
                <h1>{move || one.with(|one| one.title.clone())}</h1>
                <p class="object-facts">
                    <StateBadge state test_id="maintenance-state"/>
                    <a href=format!("/maintenance/{}", here.number) rel="external" target="_blank">"Open the public page"</a>
                </p>
                {move || refused.get().map(|why| view! { <p class="muted">{why}</p> })}
            </div>
            <commands::Commands here/>
        </header>
    }
}

#[component]
fn Facts(here: Here) -> impl IntoView {
    let one = here.one;
    let covers =
        Memo::new(move |_| one.with(|one| one.covers.iter().map(|c| c.name.clone()).collect::<Vec<_>>().join(", ")));
    let times = Memo::new(move |_| one.with(|one| (one.from_at, one.to_at, one.begun_at, one.ended_at)));
    view! {
        <section class="panel">
            <p>"Worked on: " {covers}</p>
            {move || {
                let (from, to, begun, ended) = times.get();
                view! {
                    <p>"From " <Moment at=from/> " to " <Moment at=to/></p>
                    {begun.map(|at| view! { <p class="muted">"Begun " <Moment at/></p> })}
                    {ended.map(|at| view! { <p class="muted">"Ended " <Moment at/></p> })}
                }
            }}
            <Prepared
                fetch=move || async move { api().prepared_for_maintenance(here.number).await }
                send=move |read| async move { api().hand_on_maintenance(here.number, &read).await }
            />
        </section>
    }
}

/// The newest first, as visitors read it, with who did it.
#[component]
fn Log(here: Here) -> impl IntoView {
    let log = Memo::new(move |_| here.one.with(|one| one.log.iter().rev().cloned().collect::<Vec<_>>()));
    view! {
        <section aria-labelledby="log-heading">
            <h2 id="log-heading">"What happened"</h2>
            <ul class="rows" data-testid="maintenance-log">
                <For each=move || log.get() key=|entry| (entry.at, word(&entry.event)) children=|entry| view! { <Entry entry/> }/>
            </ul>
        </section>
    }
}

#[component]
fn Entry(entry: MaintenanceEntry) -> impl IntoView {
    let (text, window) = match &entry.event {
        MaintenanceEvent::Planned { text, window, .. } => (Some(text.clone()), Some(*window)),
        MaintenanceEvent::Moved { text, window } => (text.clone(), Some(*window)),
        MaintenanceEvent::Posted { text } => (Some(text.clone()), None),
        MaintenanceEvent::Finished { text } | MaintenanceEvent::Cancelled { text } => (text.clone(), None),
        MaintenanceEvent::Reminded | MaintenanceEvent::Begun => (None, None),
    };
    view! {
        <li class="row">
            <span class="row-state"><b>{word(&entry.event)}</b></span>
            <span class="row-main">
                {window.map(|w| view! { <span class="row-meta">"From " <Moment at=w.from_at/> " to " <Moment at=w.to_at/></span> })}
                {text.map(|text| view! { <div class="document" inner_html=markdown::to_html(&text)></div> })}
            </span>
            <span class="row-side muted">{entry.by.to_string()} <Instant at=entry.at/></span>
        </li>
    }
}

fn word(event: &MaintenanceEvent) -> &'static str {
    match event {
        MaintenanceEvent::Planned { .. } => "Announced",
        MaintenanceEvent::Posted { .. } => "Update posted",
        MaintenanceEvent::Moved { .. } => "Times changed",
        MaintenanceEvent::Reminded => "Reminded",
        MaintenanceEvent::Begun => "Begun",
        MaintenanceEvent::Finished { .. } => "Completed",
        MaintenanceEvent::Cancelled { .. } => "Cancelled",
    }
}
