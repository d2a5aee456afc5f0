//! All runs, newest first, a page at a time. Nothing can be done to a run from here.

use leptos::prelude::*;
use shared::api::{List, incident::RunRowView, live::Topic};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::Button,
        empty::Empty,
        error_note::ErrorNote,
        freeze::FreezeButton,
        state_badge::StateBadge,
        step_list::span,
        step_words::open_checks_words,
        time::Instant,
        title::title,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(crate) fn RunsPage() -> impl IntoView {
    title(|| "Runs".into());
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Run { .. } | Topic::Incidents {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().runs(None).await }
    });
    view! {
        <header class="page-head">
            <h1>"Runs"</h1>
            <FreezeButton/>
        </header>
        <AsyncView of what="the runs" content=move |list| view! { <Runs list/> }/>
    }
}

/// The first page is live; the older ones are fetched once and stay.
#[component]
fn Runs(list: Signal<List<RunRowView>>) -> impl IntoView {
    let older = RwSignal::new(Vec::<RunRowView>::new());
    let next = RwSignal::new(None::<Option<String>>);
    let attempt = Attempt::new();
    let key = move || next.get().unwrap_or_else(|| list.with(|l| l.next.clone()));
    let more = move |()| {
        let Some(before) = key() else { return };
        attempt.run(async move { api().runs(Some(&before)).await }, move |page| {
            older.update(|all| all.extend(page.items));
            next.set(Some(page.next));
        });
    };
    let rows = move || {
        let mut rows = list.with(|l| l.items.clone());
        older.with(|older| {
            let known: Vec<_> = rows.iter().map(|r| r.number).collect();
            rows.extend(older.iter().filter(|r| !known.contains(&r.number)).cloned());
        });
        rows.sort_by_key(|r| std::cmp::Reverse(r.number));
        rows
    };
    let empty = Memo::new(move |_| list.with(|l| l.items.is_empty()));
    view! {
        <Show
            when=move || !empty.get()
            fallback=|| {
                view! {
                    <Empty
                        title="No run yet"
                        text="A run is a procedure of the plan, carried out for an incident: declare one, open it and press a recovery button there."
                    >
                        <a class="button primary" href="/console/incidents">"Open the incidents"</a>
                    </Empty>
                }
            }
        >
            <ul class="rows run-rows">
                <For each=rows key=|row| (row.number, row.state) children=|row| view! { <Row row/> }/>
            </ul>
            <ErrorNote error=attempt.error/>
            <Show when=move || key().is_some()>
                <p class="more">
                    <Button busy=attempt.busy on_press=more>"Show older runs"</Button>
                </p>
            </Show>
        </Show>
    }
}

#[component]
fn Row(row: RunRowView) -> impl IntoView {
    let drill = if row.drill { "DRILL: " } else { "" };
    let lasted = row.ended_at.map(|ended| format!("ended after {}", span(row.requested_at, ended)));
    view! {
        <li class="row">
            <span><StateBadge state=row.state/></span>
            <span class="row-main">
                <a class="row-link" href=format!("/console/runs/{}", row.number)>{format!("{drill}{} · run {}", row.procedure, row.number)}</a>
                {open_checks_words(row.open_checks).map(|words| view! { <span class="row-meta">{words}</span> })}
                <span class="row-meta">{if row.automatic {
                    format!("For incident {}, AUTOMATIC by a standing order that {} proposed", row.incident, row.requested_by)
                } else {
                    format!("For incident {}, asked for by {}", row.incident, row.requested_by)
                }}</span>
            </span>
            <span class="row-side">
                <Instant at=row.requested_at/>
                <span class="row-meta">{lasted}</span>
            </span>
        </li>
    }
}
