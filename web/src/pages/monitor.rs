//! One monitor: how it stands, what it found over time, and what is done with it. What it looks at has a form of its own (`monitor/form`).

mod form;
mod typed;

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_params_map};
use shared::{
    api::{
        live::Topic,
        monitor::{MonitorChangeIn, MonitorHistory, MonitorView},
    },
    domain::{
        access::Action,
        monitor::{Definition, Span, State},
    },
    timestamp::human_seconds,
};
use uuid::Uuid;

use self::form::MonitorForm;
pub(crate) use self::form::NewMonitorPage;
use super::monitors::{percent, ticks};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::{ErrorNote, Missing},
        monitor_plot::MonitorPlot,
        state_badge::StateBadge,
        time::{Instant, Moment},
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn MonitorPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id").and_then(|id| id.parse::<Uuid>().ok())));
    move || match id.get() {
        Some(id) => view! { <OneMonitor id/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn OneMonitor(id: Uuid) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Monitors {}));
    let tick = ticks();
    let of = Fetched::new(move || {
        heard.track();
        tick.get();
        async move { api().monitor(id).await }
    });
    let span = RwSignal::new(Span::Day);
    let history = Fetched::new(move || {
        heard.track();
        tick.get();
        let span = span.get();
        async move { api().monitor_history(id, span).await }
    });
    title(move || of.value.with(|m| m.as_ref().map_or("Monitor".into(), |m| m.definition.name.as_str().to_owned())));
    view! {
        <AsyncView of what="the monitor" content=move |monitor| view! { <Standing monitor of/> }/>
        <section class="monitor-history">
            <div class="tabs" role="group" aria-label="How far back">
                {[(Span::Day, "Day"), (Span::Month, "Month"), (Span::Years, "Two years")]
                    .map(|(one, words)| {
                        view! {
                            <button
                                type="button"
                                class="tab"
                                aria-pressed=move || (span.get() == one).to_string()
                                on:click=move |_| span.set(one)
                            >
                                {words}
                            </button>
                        }
                    })}
            </div>
            <AsyncView
                of=history
                what="what was found"
                content=move |found| view! { <Found found monitor=of/> }
            />
        </section>
    }
}

fn often(definition: &Definition) -> String {
    let checks = if definition.retries == 0 { "check" } else { "checks" };
    let every = human_seconds(i64::from(definition.every_seconds));
    format!("every {every}, down after {} bad {checks}", definition.retries + 1)
}

#[component]
fn Standing(monitor: Signal<MonitorView>, of: Fetched<MonitorView>) -> impl IntoView {
    let state = Memo::new(move |_| monitor.with(|m| m.state));
    let facts = move || {
        let m = monitor.get();
        let d = &m.definition;
        let (often, closely) = (often(d), often(&d.in_force(true)));
        view! {
            <dl class="monitor-facts">
                <div>
                    <dt>"Looks at"</dt>
                    <dd>
                        {format!("{}: {}", d.check.words(), d.check.target())}
                        {d.check.leads_outside().then_some(" (outside of the project)")}
                    </dd>
                </div>
                <div><dt>"How often"</dt><dd>{often}</dd></div>
                {m.closely_until.map(|until| view! { <div><dt>"Watched closely"</dt><dd>{closely} " until " <Moment at=until/></dd></div> })}
                {d.component.clone().map(|id| view! { <div><dt>"Component"</dt><dd>{id}</dd></div> })}
                {d.impact.map(|impact| view! { <div><dt>"Status page while down"</dt><dd>{impact.words()}</dd></div> })}
                {d.objective.clone().map(|data| view! { <div><dt>"Measures the recovery point of"</dt><dd>{data}</dd></div> })}
                {(d.check.unit() == Some("days"))
                    .then(|| m.last.as_ref().and_then(|last| last.value))
                    .flatten()
                    .map(|days| view! { <div><dt>"Days left"</dt><dd data-testid="monitor-days">{days.to_string()}</dd></div> })}
                {m.last.map(|last| view! { <div><dt>"Last check"</dt><dd>{last.text} ", " <Instant at=last.at/></dd></div> })}
            </dl>
        }
    };
    let since = move || {
        monitor.with(|m| {
            (m.state != State::Unknown).then(|| view! { <span class="muted">"since " <Moment at=m.since/></span> })
        })
    };
    let troubles = move || {
        let m = monitor.get();
        let nobody = m.overdue.then(|| "Nobody makes its checks: no worker looks at this project.".to_owned());
        nobody.into_iter().chain(m.stale).map(|why| view! { <p class="field-error">{why}</p> }).collect_view()
    };
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/monitors">"Monitors"</a></p>
                <h1>{move || monitor.with(|m| m.definition.name.as_str().to_owned())}</h1>
            </div>
            <span class="state-since"><StateBadge state test_id="monitor-state"/> {since}</span>
        </header>
        {troubles}
        {facts}
        <Commands monitor of/>
    }
}

#[component]
fn Commands(monitor: Signal<MonitorView>, of: Fetched<MonitorView>) -> impl IntoView {
    let manages = may(Action::ManageMonitors);
    let id = monitor.with_untracked(|m| m.id);
    let (attempt, removing, editing) = (Attempt::new(), RwSignal::new(false), RwSignal::new(false));
    let paused = Memo::new(move |_| monitor.with(|m| m.definition.paused));
    let navigate = use_navigate();
    let check = move |()| attempt.run(async move { api().check_monitor_now(id).await }, move |()| of.refetch());
    let pause = move |()| {
        let m = monitor.get_untracked();
        let definition = Definition { paused: !m.definition.paused, ..m.definition };
        let body = MonitorChangeIn { version: m.version, definition };
        attempt.run(async move { api().change_monitor(id, &body).await }, move |view| of.put(view));
    };
    let remove = move |()| {
        let navigate = navigate.clone();
        attempt.run(async move { api().remove_monitor(id).await }, move |()| {
            navigate("/console/monitors", Default::default());
        });
    };
    let remove = StoredValue::new(remove);
    view! {
        <Show when=move || manages.get()>
            <ErrorNote error=attempt.error/>
            <div class="button-row monitor-commands">
                <Show when=move || !paused.get()>
                    <Button busy=attempt.busy on_press=check test_id="monitor-check">"Check now"</Button>
                </Show>
                <Button busy=attempt.busy on_press=pause test_id="monitor-pause">
                    {move || if paused.get() { "Go on" } else { "Pause" }}
                </Button>
                <Button on_press=move |()| editing.update(|on| *on = !*on) test_id="monitor-edit">
                    {move || if editing.get() { "Leave it as it is" } else { "Change" }}
                </Button>
                <Button kind=ButtonKind::Quiet on_press=move |()| removing.set(true) test_id="monitor-remove">"Remove"</Button>
            </div>
            <Show when=move || editing.get()>
                <MonitorForm
                    system=monitor.with_untracked(|m| m.system.clone())
                    known=Some(monitor.get_untracked())
                    objective=None
                    done=move |view| {
                        editing.set(false);
                        of.put(view);
                    }
                />
            </Show>
            <Dialog open=removing title=format!("Remove {}?", monitor.with_untracked(|m| m.definition.name.as_str().to_owned()))>
                <p>"It looks at nothing any more, an alert of its that fires is over, and the status page forgets what it said."</p>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| removing.set(false)>"Keep it"</Button>
                    <Button kind=ButtonKind::Danger busy=attempt.busy on_press=move |()| remove.with_value(|remove| remove(())) test_id="monitor-remove-send">
                        "Remove it"
                    </Button>
                </div>
            </Dialog>
        </Show>
    }
}

#[component]
fn Found(found: Signal<MonitorHistory>, monitor: Fetched<MonitorView>) -> impl IntoView {
    let plot = move || {
        let found = found.get();
        let check = monitor.value.with(|m| m.as_ref().map(|m| m.definition.check.clone()))?;
        if found.buckets.is_empty() {
            return Some(view! { <p class="muted">"Nothing was checked in this time."</p> }.into_any());
        }
        let uptime = found.uptime.map(percent).unwrap_or_default();
        Some(
            view! {
                <p><strong>{uptime}</strong> " of its checks were not bad"</p>
                <MonitorPlot check span=found.span buckets=found.buckets baseline=found.baseline/>
            }
            .into_any(),
        )
    };
    view! {
        {plot}
        <Show when=move || found.with(|f| !f.changes.is_empty())>
            <h2>"What changed"</h2>
            <ul class="rows">
                <For
                    each=move || found.get().changes
                    key=|change| change.number
                    children=|change| {
                        view! {
                            <li class="row">
                                <StateBadge state=change.state/>
                                <span class="row-main">{change.text}</span>
                                <span class="row-side"><Moment at=change.at/></span>
                            </li>
                        }
                    }
                />
            </ul>
        </Show>
    }
}
