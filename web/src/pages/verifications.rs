//! Backups restored on trial: when, what came of it, and the button that asks for one now. One trial has a page of its own; how they are made
//! has a form (`verifications/form`). Judges nothing.

mod form;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    api::{
        List,
        live::Topic,
        system::SystemView,
        verification::{BackupPlace, VerificationSettingsIn, VerificationView, VerificationsView},
    },
    domain::{
        access::Action,
        verification::{Settings, State},
    },
    timestamp::human_seconds,
};

use self::form::SettingsForm;
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        empty::Empty,
        error_note::ErrorNote,
        state_badge::StateBadge,
        time::{Instant, Moment},
        title::title,
        verification_plot::VerificationPlot,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn VerificationsPage() -> impl IntoView {
    title(|| "Verifications".into());
    let systems = Fetched::new(|| async { api().systems().await });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/monitors">"Monitors"</a></p>
                <h1>"Verifications"</h1>
            </div>
        </header>
        <p class="muted">
            "The newest backup of each place is restored on trial, into a database and a directory of its own on the worker's host, and compared with production. Only that makes a backup verified."
        </p>
        <AsyncView of=systems what="the systems" content=move |list| view! { <Systems list/> }/>
    }
}

#[component]
fn Systems(list: Signal<List<SystemView>>) -> impl IntoView {
    let asked = use_query_map().with_untracked(|query| query.get("system"));
    let shown = Memo::new(move |_| {
        let all = list.get().items;
        let of = |system: &SystemView| asked.as_ref().is_none_or(|slug| *slug == system.slug);
        all.into_iter().filter(of).map(|system| (system.slug, system.name)).collect::<Vec<_>>()
    });
    view! {
        <Show
            when=move || shown.with(|shown| !shown.is_empty())
            fallback=|| {
                view! { <Empty title="No plan yet" text="Import a recovery plan that says where backups lie; then they can be restored on trial."/> }
            }
        >
            <For
                each=move || shown.get()
                key=|(slug, _)| slug.clone()
                children=|(slug, name)| view! { <OfSystem slug name/> }
            />
        </Show>
    }
}

#[component]
fn OfSystem(slug: String, name: String) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Monitors {} | Topic::Plan { .. }));
    let asked = slug.clone();
    let of = Fetched::new(move || {
        heard.track();
        let slug = asked.clone();
        async move { api().verifications(&slug).await }
    });
    view! {
        <section class="verifications" data-testid="verifications">
            <h2>{name}</h2>
            <AsyncView of what="the verifications" content=move |view| view! { <Shown view of slug=slug.clone()/> }/>
        </section>
    }
}

/// What a trial may take of the worker's host.
fn costs(settings: &Settings) -> String {
    format!(
        "One takes up to {} MB of memory and {} GB of disk on the worker's host, for at most {} min. Production is only read.",
        settings.memory_mb, settings.most_gb, settings.limit_minutes
    )
}

#[component]
fn Shown(view: Signal<VerificationsView>, of: Fetched<VerificationsView>, slug: String) -> impl IntoView {
    let places = Memo::new(move |_| view.with(|v| v.places.clone()));
    let any = Memo::new(move |_| view.with(|v| !v.items.is_empty()));
    let schedule = move || {
        view.with(|v| match (v.version, v.settings.paused, v.due_at) {
            (0, ..) => view! { <span>"No schedule yet: nothing is restored by itself."</span> }.into_any(),
            (_, false, Some(due)) => {
                let often = human_seconds(i64::from(v.settings.every_hours) * 3600);
                view! { <span>"Every " {often} ", next " <Instant at=due/></span> }.into_any()
            }
            _ => view! { <span>"Paused: only when somebody asks for it."</span> }.into_any(),
        })
    };
    view! {
        <Show
            when=move || places.with(|places| !places.is_empty())
            fallback=|| {
                view! {
                    <Empty
                        title="The plan names no place of backups"
                        text="Write their directories into the plan, in a list under a heading with the word backup in it."
                    />
                }
            }
        >
            <p>{schedule}</p>
            <p class="muted">{move || view.with(|v| costs(&v.settings))}</p>
            <Commands view of slug=slug.clone()/>
            <Show
                when=move || any.get()
                fallback=move || {
                    let named = |place: BackupPlace| format!("{} in {}", place.label, place.path);
                    let text = places.get().into_iter().map(named).collect::<Vec<_>>().join(" · ");
                    view! { <Empty title="Nothing was restored yet" text/> }
                }
            >
                {move || view! { <VerificationPlot items=view.get().items/> }}
                <ul class="rows">
                    <For
                        each=move || view.get().items
                        key=|one| (one.id, one.state, one.doing.clone(), one.cancelled_by.is_some())
                        children=|one| view! { <Row one/> }
                    />
                </ul>
            </Show>
        </Show>
    }
}

#[component]
fn Commands(view: Signal<VerificationsView>, of: Fetched<VerificationsView>, slug: String) -> impl IntoView {
    let manages = may(Action::ManageMonitors);
    let attempt = Attempt::new();
    let editing = RwSignal::new(false);
    let busy = Memo::new(move |_| view.with(|v| v.items.iter().any(|one| !one.state.is_over())));
    let unset = Memo::new(move |_| view.with(|v| v.version == 0));
    let slug = StoredValue::new(slug);
    let ask = move |()| {
        let slug = slug.get_value();
        attempt.run(async move { api().verify_now(&slug).await }, move |_| of.refetch());
    };
    let daily = move |()| {
        let slug = slug.get_value();
        let body = VerificationSettingsIn { version: 0, settings: view.get_untracked().settings };
        attempt.run(async move { api().set_verifications(&slug, &body).await }, move |view| of.put(view));
    };
    view! {
        <Show when=move || manages.get()>
            <ErrorNote error=attempt.error/>
            <div class="button-row monitor-commands">
                <Show when=move || !busy.get()>
                    <Button kind=ButtonKind::Primary busy=attempt.busy on_press=ask test_id="verify-now">"Verify now"</Button>
                </Show>
                <Show when=move || unset.get()>
                    <Button busy=attempt.busy on_press=daily test_id="verify-daily">"Verify every day"</Button>
                </Show>
                <Button on_press=move |()| editing.update(|on| *on = !*on) test_id="verify-change">
                    {move || if editing.get() { "Leave it as it is" } else { "Change" }}
                </Button>
            </div>
            <Show when=move || editing.get()>
                <SettingsForm
                    slug=slug.get_value()
                    known=view.get_untracked()
                    done=move |view| {
                        editing.set(false);
                        of.put(view);
                    }
                />
            </Show>
        </Show>
    }
}

#[component]
fn Row(one: VerificationView) -> impl IntoView {
    let asked = one.asked_by.as_ref().map_or_else(|| "By the schedule".to_owned(), |by| format!("Asked for by {by}"));
    let said = match one.state {
        _ if !one.state.is_over() && one.cancelled_by.is_some() => Some("Being cancelled".to_owned()),
        State::Waiting => Some("No worker has begun it yet.".to_owned()),
        State::Running => one.doing.clone().filter(|doing| !doing.is_empty()),
        _ => one.why.clone(),
    };
    let restored: u64 = one.found.iter().filter_map(|found| found.restored_ms).sum();
    let restored = (restored > 0).then(|| format!("restored in {}", took(restored)));
    view! {
        <li class="row" data-testid="verification" data-state=one.state.name()>
            <StateBadge state=one.state/>
            <span class="row-main">
                <a class="row-link" href=format!("/console/verifications/{}", one.id)>
                    <Moment at=one.begun_at.unwrap_or(one.asked_at)/>
                </a>
                {said.map(|said| view! { <span class="row-meta">{said}</span> })}
                <span class="row-meta">{asked}</span>
            </span>
            <span class="row-side">{restored.map(|text| view! { <span>{text}</span> })}</span>
        </li>
    }
}

/// Milliseconds, as people say them.
pub(super) fn took(ms: u64) -> String {
    if ms < 10_000 {
        #[expect(clippy::cast_precision_loss, reason = "below ten thousand")]
        return format!("{:.1} s", ms as f64 / 1000.0);
    }
    human_seconds(i64::try_from(ms / 1000).unwrap_or(i64::MAX))
}
