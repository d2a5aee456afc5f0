//! Drills of a system: what is next, what goes on, the month, what each showed. Whether one can be begun, the server says.

mod begin;
mod blocked;
mod calendar;
mod history;
mod inspections;
mod schedule;
mod schedule_change;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    api::{List, drill::DrillsView, live::Topic, system::SystemView},
    domain::{access::Action, drill::Kind},
};

pub(super) use self::inspections::standing;
use self::{
    begin::Begin,
    blocked::Blocked,
    calendar::Month,
    history::History,
    inspections::Inspections,
    schedule::{NewSchedule, Schedules, Wish},
};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        button::{Button, ButtonKind},
        empty::Empty,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn DrillsPage() -> impl IntoView {
    title(|| "Drills".into());
    let systems = Fetched::new(|| async { api().systems().await });
    view! { <AsyncView of=systems what="the systems" content=move |list| view! { <Systems list/> }/> }
}

#[component]
fn Systems(list: Signal<List<SystemView>>) -> impl IntoView {
    let query = use_query_map();
    let wanted = query.with_untracked(|q| q.get("system"));
    // One system at a time: the one that was asked for, else all of them below each other.
    let shown = move || {
        let all = list.get().items;
        let one: Vec<_> = all.iter().filter(|s| Some(&s.slug) == wanted.as_ref()).cloned().collect();
        if one.is_empty() { all } else { one }
    };
    let empty = Memo::new(move |_| list.with(|l| l.items.is_empty()));
    view! {
        <Show
            when=move || !empty.get()
            fallback=|| {
                view! {
                    <header class="page-head"><h1>"Drills"</h1></header>
                    <Empty title="No plan yet" text="Import a recovery plan; then its procedures can be rehearsed."/>
                }
            }
        >
            <For each=shown.clone() key=|system| system.slug.clone() children=|system| view! { <OfSystem slug=system.slug/> }/>
        </Show>
    }
}

#[component]
fn OfSystem(slug: String) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| {
        matches!(
            topic,
            Topic::Drills {} | Topic::Run { .. } | Topic::Plan { .. } | Topic::Freeze {} | Topic::Monitors {}
        )
    });
    let of = Fetched::new(move || {
        heard.track();
        let slug = slug.clone();
        async move { api().drills(&slug).await }
    });
    view! { <AsyncView of what="the drills" content=move |view| view! { <Shown view of/> }/> }
}

#[component]
fn Shown(view: Signal<DrillsView>, of: Fetched<DrillsView>) -> impl IntoView {
    let asked = use_query_map().with_untracked(|q| q.get("procedure"));
    let (beginning, planning) = (RwSignal::new(asked.is_some()), RwSignal::new(None::<Wish>));
    let begin_refused = Memo::new(move |_| view.with(|v| v.begin_refused.clone()));
    let plan_refused = Memo::new(move |_| view.with(|v| v.plan_refused.clone()));
    let (plans, inspects) = (may(Action::PlanDrills), may(Action::ViewInspections));
    let slug = StoredValue::new(view.with_untracked(|v| v.system.clone()));
    let asked = StoredValue::new(asked);
    let name = view.with_untracked(|v| v.name.clone());
    let feed = view.with_untracked(|v| format!("/api/v1/systems/{}/drills.ics", v.system));
    view! {
        <header class="page-head">
            <div>
                <p class="kicker">{name}</p>
                <h1>"Drills"</h1>
            </div>
            <div class="button-row">
                <Button
                    on_press=move |()| planning.set(Some(Wish { kind: Kind::Procedure, procedure: None, every: None }))
                    refused=Signal::derive(move || plan_refused.get())
                    test_id="drill-plan"
                >
                    "Plan a drill"
                </Button>
                <Button
                    kind=ButtonKind::Primary
                    on_press=move |()| beginning.set(true)
                    refused=Signal::derive(move || begin_refused.get())
                    test_id="drill-begin-open"
                >
                    "Begin a drill"
                </Button>
            </div>
        </header>
        <div class="stack" data-testid="drills">
            {move || begin_refused.get().map(|why| view! { <p class="reason">{why}</p> })}
            <Show when=move || beginning.get() && begin_refused.with(Option::is_none)>
                <Begin view of open=beginning asked=asked.get_value()/>
            </Show>
            {move || {
                let wish = planning.get().filter(|_| plans.get());
                wish.map(|wish| view! { <NewSchedule view of open=planning wish/> })
            }}
            <Schedules view of planning/>
            <Show when=move || inspects.get()>
                <Inspections slug=slug.get_value()/>
            </Show>
            <Month view/>
            <Blocked view of/>
            <History view of/>
            <p class="hint">
                "Programs with a token read these dates as a calendar at " <code>{feed}</code> "."
            </p>
        </div>
    }
}
