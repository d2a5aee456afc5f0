//! Every incident, newest first. What burns is on the overview.

use leptos::prelude::*;
use shared::{
    api::{List, incident::IncidentRowView, live::Topic},
    domain::access::Action,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::Button,
        clock::NextClock,
        empty::Empty,
        error_note::ErrorNote,
        icon::{Icon, Svg},
        state_badge::StateBadge,
        time::Instant,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn IncidentsPage() -> impl IntoView {
    title(|| "Incidents".into());
    let tick = use_live().refetch_on(|topic| matches!(topic, Topic::Incident { .. } | Topic::Incidents {}));
    let first = Fetched::new(move || {
        tick.track();
        async { api().incidents(None).await }
    });
    let declares = may(Action::DeclareIncident);
    view! {
        <header class="page-head">
            <h1>"Incidents"</h1>
            <span class="button-row">
                <a class="button" href="/console/statistics">"Statistics"</a>
                <a class="button" href="/console/follow-ups">"Follow-ups"</a>
                <a class="button" href="/console/alerts">"Alerts"</a>
                <Show when=move || declares.get()>
                    <a class="button primary" href="/console/incidents/new">
                        <Svg icon=Icon::Plus/>
                        "Declare incident"
                    </a>
                </Show>
            </span>
        </header>
        <AsyncView of=first what="the incidents" content=|list| view! { <Pages first=list/> }/>
    }
}

/// The first page stays live; later pages are fetched on demand and follow it.
#[component]
fn Pages(first: Signal<List<IncidentRowView>>) -> impl IntoView {
    let older = RwSignal::new(Vec::<IncidentRowView>::new());
    // Where the older pages go on; `None` as long as none was fetched.
    let cursor = RwSignal::new(None::<Option<String>>);
    let attempt = Attempt::new();
    let rows = Memo::new(move |_| {
        let mut rows = first.with(|list| list.items.clone());
        let oldest = rows.iter().map(|row| row.number).min().unwrap_or(i64::MAX);
        rows.extend(older.with(|older| older.iter().filter(|row| row.number < oldest).cloned().collect::<Vec<_>>()));
        rows
    });
    let next = move || cursor.get().unwrap_or_else(|| first.with(|list| list.next.clone()));
    let more = move |()| {
        let Some(before) = next() else { return };
        attempt.run(async move { api().incidents(Some(&before)).await }, move |list| {
            older.update(|older| older.extend(list.items));
            cursor.set(Some(list.next));
        });
    };
    view! {
        <Show
            when=move || rows.with(|rows| !rows.is_empty())
            fallback=|| {
                view! {
                    <Empty
                        title="No incident yet"
                        text="When something breaks, declare it: clocks start, the team sees it, and the status page can say so."
                    />
                }
            }
        >
            <IncidentRows rows=rows/>
            <Show when=move || next().is_some()>
                <div class="more">
                    <Button on_press=more busy=attempt.busy>
                        "Show older incidents"
                    </Button>
                </div>
            </Show>
            <ErrorNote error=attempt.error/>
        </Show>
    }
}

/// Incidents as rows; also used by the overview.
#[component]
pub(crate) fn IncidentRows(#[prop(into)] rows: Signal<Vec<IncidentRowView>>) -> impl IntoView {
    view! {
        <ul class="rows">
            <For
                each=move || rows.get()
                key=|row| (row.number, row.state, row.level, row.title.clone(), row.clocks.clone().len(), row.resolved_at, row.restricted)
                children=|row| view! { <IncidentRow row=row/> }
            />
        </ul>
    }
}

#[component]
fn IncidentRow(row: IncidentRowView) -> impl IntoView {
    let names = row.affected.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ");
    let resolved = !row.state.open();
    view! {
        <li class="row">
            <span class="row-state">
                <StateBadge state=row.state/>
            </span>
            <span class="row-main">
                <a class="row-link" href=format!("/console/incidents/{}", row.number)>
                    {row.title}
                </a>
                <span class="row-meta">
                    {row.restricted.then(|| view! { <Restricted/> })}
                    {format!("#{} · level {}", row.number, row.level)} " · " {names}
                    {row.merged_into.map(|into| format!(" · merged into #{into}"))}
                </span>
            </span>
            <span class="row-side">
                {(!resolved).then(|| view! { <NextClock clocks=row.clocks/> })}
                <span class="muted">
                    {if resolved { "Resolved " } else { "Declared " }}
                    <Instant at=row.resolved_at.unwrap_or(row.declared_at)/>
                </span>
            </span>
        </li>
    }
}

/// That only some people see it, beside its number.
#[component]
pub(crate) fn Restricted() -> impl IntoView {
    view! {
        <span class="restricted-mark">
            <Svg icon=Icon::Lock/>
            "Restricted"
        </span>
    }
}
