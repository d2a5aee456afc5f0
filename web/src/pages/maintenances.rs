//! Announced maintenance: what is to come, under way and over. What one is and what is done with it has a page of its own.

use leptos::prelude::*;
use shared::{
    api::{List, live::Topic, maintenance::MaintenanceView},
    domain::access::Action,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        empty::Empty,
        icon::{Icon, Svg},
        state_badge::StateBadge,
        time::Moment,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn MaintenancesPage() -> impl IntoView {
    title(|| "Maintenance".into());
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Maintenance { .. }));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().maintenances().await }
    });
    let plans = may(Action::PlanMaintenance);
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/status-page">"Status page"</a></p>
                <h1>"Maintenance"</h1>
            </div>
            <Show when=move || plans.get()>
                <a class="button primary" href="/console/maintenance/new" data-testid="maintenance-new">
                    <Svg icon=Icon::Plus/>
                    "Plan maintenance"
                </a>
            </Show>
        </header>
        <AsyncView of what="the maintenance" content=|list| view! { <div class="stack"><Lists list/></div> }/>
    }
}

#[component]
fn Lists(list: Signal<List<MaintenanceView>>) -> impl IntoView {
    let part = move |over: bool| {
        Memo::new(move |_| {
            list.with(|l| l.items.iter().filter(|one| one.state.over() == over).cloned().collect::<Vec<_>>())
        })
    };
    let (ahead, past) = (part(false), part(true));
    view! {
        <Show
            when=move || ahead.with(|rows| !rows.is_empty())
            fallback=|| {
                view! {
                    <Empty
                        title="No maintenance is planned"
                        text="Work that is announced opens and closes by itself, is said on the status page, and does not count as down."
                    />
                }
            }
        >
            <Rows rows=ahead/>
        </Show>
        <Show when=move || past.with(|rows| !rows.is_empty())>
            <section>
                <h2>"Over"</h2>
                <Rows rows=past/>
            </section>
        </Show>
    }
}

#[component]
fn Rows(rows: Memo<Vec<MaintenanceView>>) -> impl IntoView {
    view! {
        <ul class="rows">
            <For
                each=move || rows.get()
                key=|one| (one.number, one.state, one.from_at, one.to_at, one.log.len())
                children=|one| view! { <Row one/> }
            />
        </ul>
    }
}

#[component]
fn Row(one: MaintenanceView) -> impl IntoView {
    let names = one.covers.iter().map(|covered| covered.name.as_str()).collect::<Vec<_>>().join(", ");
    let until = one.ended_at.filter(|_| one.begun_at.is_some()).unwrap_or(one.to_at);
    view! {
        <li class="row">
            <span class="row-state"><StateBadge state=one.state/></span>
            <span class="row-main">
                <a class="row-link" href=format!("/console/maintenance/{}", one.number)>{one.title}</a>
                <span class="row-meta">{names}</span>
            </span>
            <span class="row-side">
                <span><Moment at=one.from_at/></span>
                <span class="muted">"to " <Moment at=until/></span>
            </span>
        </li>
    }
}
