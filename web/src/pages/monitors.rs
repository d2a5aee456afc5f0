//! What is watched between incidents, how it stands, and what the plan says is worth watching. A monitor has a page of its own.

use leptos::prelude::*;
use shared::{
    api::{
        List,
        live::Topic,
        monitor::{MonitorView, MonitorsIn, SuggestedView},
        system::SystemView,
    },
    domain::{
        access::Action,
        monitor::{State, recovery_point},
    },
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        empty::Empty,
        error_note::ErrorNote,
        icon::{Icon, Svg},
        state_badge::{StateBadge, StateShape, Tone},
        time::{Instant, Moment, use_now},
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

/// What was found lately is fetched as often, besides when something changes.
const FRESH_SECONDS: i64 = 15;

/// Counts up every so often, for what the live stream does not tell: a check that found the same again.
pub(super) fn ticks() -> Memo<i64> {
    let clock = use_now();
    Memo::new(move |_| clock.get().unix_ms() / (FRESH_SECONDS * 1000))
}

#[component]
pub(crate) fn MonitorsPage() -> impl IntoView {
    title(|| "Monitors".into());
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Monitors {} | Topic::Plan { .. }));
    let tick = ticks();
    let of = Fetched::new(move || {
        heard.track();
        tick.get();
        async move { api().monitors().await }
    });
    let systems = Fetched::new(|| async { api().systems().await });
    let manages = may(Action::ManageMonitors);
    let sees_rules = may(Action::ViewAlertSources);
    view! {
        <header class="page-head">
            <h1>"Monitors"</h1>
            <div class="button-row">
                <a class="button" href="/console/verifications">"Verifications of backups"</a>
                <a class="button" href="/console/standing-orders">"What happens by itself"</a>
                <Show when=move || sees_rules.get()>
                    <a class="button" href="/console/alerts/sources">"What they lead to"</a>
                </Show>
                <Show when=move || manages.get()>
                    <a class="button primary" href="/console/monitors/new" data-testid="monitor-new">
                        <Svg icon=Icon::Plus/>
                        "Add a monitor"
                    </a>
                </Show>
            </div>
        </header>
        <div class="stack">
            <AsyncView of what="the monitors" content=move |list| view! { <MonitorList list/> }/>
            <AsyncView
                of=systems
                what="the systems"
                content=move |list| {
                    view! {
                        <For
                            each=move || list.get().items
                            key=|system| system.slug.clone()
                            children=move |system| view! { <FromThePlan system of/> }
                        />
                    }
                }
            />
        </div>
    }
}

#[component]
fn MonitorList(list: Signal<List<MonitorView>>) -> impl IntoView {
    let empty = Memo::new(move |_| list.with(|l| l.items.is_empty()));
    let count = move |state: State| list.with(|l| l.items.iter().filter(|m| m.state == state).count());
    let summary = move || {
        let states = [State::Down, State::Warning, State::Up, State::Unknown];
        let words = states.map(|state| (count(state), state.words().to_lowercase()));
        words
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, words)| format!("{n} {words}"))
            .collect::<Vec<_>>()
            .join(" · ")
    };
    let rows = move || {
        let mut rows = list.get().items;
        // What needs somebody comes first.
        rows.sort_by_key(|m| (!m.overdue, std::cmp::Reverse(rank(m.state)), m.definition.name.as_str().to_owned()));
        rows
    };
    view! {
        <Show
            when=move || !empty.get()
            fallback=|| {
                view! {
                    <Empty
                        title="Nothing is watched yet"
                        text="A monitor looks at one thing again and again: a container, an address, a number, a backup. What goes down becomes an alert, and by your rules an incident."
                    />
                }
            }
        >
            <p class="muted" data-testid="monitors-summary">{summary}</p>
            <ul class="rows" data-testid="monitors">
                <For
                    each=rows
                    key=|m| (m.id, m.version, m.state, m.overdue, m.closely_until, m.last.as_ref().map(|last| last.at))
                    children=|monitor| view! { <MonitorRow monitor/> }
                />
            </ul>
        </Show>
    }
}

fn rank(state: State) -> u8 {
    match state {
        State::Down => 3,
        State::Warning => 2,
        State::Unknown => 1,
        State::Up => 0,
    }
}

/// As people read a share: never 100 % if anything was bad.
pub(super) fn percent(share: f64) -> String {
    if share >= 1.0 {
        return "100 %".into();
    }
    format!("{:.2} %", (share * 10_000.0).floor() / 100.0)
}

#[component]
fn MonitorRow(monitor: MonitorView) -> impl IntoView {
    let definition = &monitor.definition;
    let said = match (&monitor.last, definition.paused) {
        (_, true) => "Paused".to_owned(),
        (Some(last), _) => last.text.clone(),
        (None, _) => "Nothing was found yet".to_owned(),
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of checks fit")]
    let day = (monitor.day_checks > 0)
        .then(|| percent((monitor.day_checks - monitor.day_bad) as f64 / monitor.day_checks as f64));
    view! {
        <li class="row" data-testid="monitor" data-state=monitor.state.name()>
            {if definition.paused {
                view! { <span class="badge" data-tone="neutral"><StateShape tone=Tone::Neutral/> "Paused"</span> }.into_any()
            } else {
                view! { <StateBadge state=monitor.state/> }.into_any()
            }}
            <span class="row-main">
                <a class="row-link" href=format!("/console/monitors/{}", monitor.id)>{definition.name.as_str().to_owned()}</a>
                <span class="row-meta">{format!("{} · {}", definition.check.words(), definition.check.target())}</span>
                <span class="row-meta">{said}</span>
                {monitor.closely_until.map(|until| view! { <span class="row-meta">"Watched closely until " <Moment at=until/></span> })}
                {monitor
                    .overdue
                    .then(|| view! { <span class="row-meta field-error">"Nobody makes its checks: no worker looks at this project."</span> })}
                {monitor.stale.clone().map(|why| view! { <span class="row-meta field-error">{why}</span> })}
            </span>
            <span class="row-side">
                {monitor.last.as_ref().map(|last| view! { <span>"checked " <Instant at=last.at/></span> })}
                {day.map(|day| view! { <span class="row-meta">{day} " in 24 h"</span> })}
            </span>
        </li>
    }
}

#[component]
fn FromThePlan(system: SystemView, of: Fetched<List<MonitorView>>) -> impl IntoView {
    let slug = system.slug.clone();
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Monitors {} | Topic::Plan { .. }));
    let offered = Fetched::new(move || {
        heard.track();
        let slug = slug.clone();
        async move { api().monitors_suggested(&slug).await }
    });
    let manages = may(Action::ManageMonitors);
    let slug = StoredValue::new(system.slug);
    let heading = StoredValue::new(format!("What the plan of {} says is worth watching", system.name));
    let attempt = Attempt::new();
    let watch = move |offers: SuggestedView| {
        let slug = slug.get_value();
        attempt.run(
            async move { api().make_monitors(&slug, &MonitorsIn { monitors: offers.monitors }).await },
            move |_| {
                of.refetch();
                offered.refetch();
            },
        );
    };
    let content = move |offers: Signal<SuggestedView>| {
        let any = Memo::new(move |_| offers.with(|o| !o.monitors.is_empty()));
        let open = Memo::new(move |_| offers.with(|o| !o.unmeasured.is_empty()));
        let label = move || match offers.with(|o| o.monitors.len()) {
            1 => "Watch it".to_owned(),
            n => format!("Watch all {n}"),
        };
        view! {
            <Show when=move || any.get()>
                <section data-testid="monitors-offered">
                    <h2>{heading.get_value()}</h2>
                    <ul class="offer-list">
                        <For
                            each=move || offers.get().monitors
                            key=|one| one.name.as_str().to_owned()
                            children=|one| {
                                view! {
                                    <li>
                                        <strong>{one.name.as_str().to_owned()}</strong>
                                        <span class="muted">{format!(" · {} · {}", one.check.words(), one.check.target())}</span>
                                    </li>
                                }
                            }
                        />
                    </ul>
                    <ErrorNote error=attempt.error/>
                    <Show when=move || manages.get()>
                        <Button
                            kind=ButtonKind::Primary
                            busy=attempt.busy
                            on_press=move |()| watch(offers.get_untracked())
                            test_id="monitors-watch"
                        >
                            {label}
                        </Button>
                    </Show>
                </section>
            </Show>
            <Show when=move || open.get()>
                <section data-testid="points-unmeasured">
                    <h2>"Recovery points that nothing measures"</h2>
                    <ul class="offer-list">
                        <For
                            each=move || offers.get().unmeasured
                            key=|point| point.data.clone()
                            children=move |point| {
                                #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
                                let promised = recovery_point(point.amount as f64, &point.unit);
                                let address = format!(
                                    "/console/monitors/new?system={}&objective={}",
                                    slug.get_value(),
                                    js_sys::encode_uri_component(&point.data),
                                );
                                view! {
                                    <li>
                                        <strong>{point.data.clone()}</strong>
                                        <span class="muted">{format!(" · the plan promises {promised}")}</span>
                                        " "
                                        <Show when=move || manages.get()>
                                            <a href=address.clone()>"Measure it"</a>
                                        </Show>
                                    </li>
                                }
                            }
                        />
                    </ul>
                </section>
            </Show>
        }
    };
    view! { <AsyncView of=offered what="what the plan offers" content/> }
}
