//! Who may send alerts: each source with when it was last heard. What they lead to is said on a source's own page.

use leptos::{context::Provider, prelude::*};
use shared::{
    api::{
        List,
        alert::{SourceChangeIn, SourceView},
        live::Topic,
    },
    domain::{access::Action, alert::SourceKind},
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        empty::Empty,
        error_note::ErrorNote,
        hold::Hold,
        secret_once::SecretOnce,
        state_badge::{StateShape, Tone},
        time::{Instant, now},
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn AlertSourcesPage() -> impl IntoView {
    title(|| "Sources of alerts".into());
    let allowed = may(Action::ViewAlertSources);
    view! {
        <Show
            when=move || allowed.get()
            fallback=|| {
                view! {
                    <h1>"Sources of alerts"</h1>
                    <p class="muted">{Action::ViewAlertSources.needs()}</p>
                }
            }
        >
            <Sources/>
        </Show>
    }
}

#[component]
fn Sources() -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Alerts {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().alert_sources().await }
    });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/alerts">"Alerts"</a></p>
                <h1>"Sources of alerts"</h1>
            </div>
            <a class="button primary" href="/console/alerts/sources/new" data-testid="source-new">"Add a source"</a>
        </header>
        <AsyncView of what="the sources" content=move |list| view! { <SourceList list of/> }/>
    }
}

#[component]
fn SourceList(list: Signal<List<SourceView>>, of: Fetched<List<SourceView>>) -> impl IntoView {
    let hold = Hold::new();
    let rows = hold.list(move || list.get().items);
    view! {
        <Provider value=hold>
            <Show
                when=move || rows.with(|rows| !rows.is_empty())
                fallback=|| {
                    view! {
                        <Empty
                            title="No source yet"
                            text="A source is an address that one program sends to, with rules that say which of its alerts declare an incident."
                        />
                    }
                }
            >
                <ul class="rows" data-testid="sources">
                    <For
                        each=move || rows.get()
                        key=|source| (source.id, source.version, source.heard_at, source.silent)
                        children=move |source| view! { <Source source of/> }
                    />
                </ul>
            </Show>
        </Provider>
    }
}

#[component]
fn Source(source: SourceView, of: Fetched<List<SourceView>>) -> impl IntoView {
    let (id, kind) = (source.id, source.kind);
    let name = source.settings.name.as_str().to_owned();
    let n_rules = match source.settings.rules.len() {
        0 => "no rules".to_owned(),
        1 => "1 rule".to_owned(),
        n => format!("{n} rules"),
    };
    let muted = source.settings.muted_until;
    let (tone, state) = match (source.silent, muted, source.heard_at) {
        (true, _, _) => (Tone::Critical, "Silent"),
        (_, Some(_), _) => (Tone::Notice, "Muted"),
        (_, _, Some(_)) => (Tone::Good, "Heard"),
        (_, _, None) if source.kind == SourceKind::Monitors => (Tone::Good, "Watching"),
        (_, _, None) => (Tone::Neutral, "Not heard yet"),
    };
    let renewing = RwSignal::new(false);
    let retiring = RwSignal::new(false);
    let address = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let renew = move |()| {
        attempt.run(async move { api().renew_alert_source_key(id).await }, move |made| address.set(Some(made.address)));
    };
    let retire = move |()| {
        attempt.run(async move { api().retire_alert_source(id).await }, move |()| {
            retiring.set(false);
            of.refetch();
        });
    };
    let settings = StoredValue::new((source.version, source.settings.clone()));
    let mute = move |hours: Option<u64>| {
        let (version, mut settings) = settings.get_value();
        settings.muted_until = hours.map(|hours| now().plus_seconds(hours * 3600));
        attempt.run(
            async move { api().change_alert_source(id, &SourceChangeIn { version, settings }).await },
            move |_| of.refetch(),
        );
    };
    let done = move |()| {
        renewing.set(false);
        address.set(None);
    };
    view! {
        <li class="row">
            <span class="badge" data-tone=tone.name()><StateShape tone/> {state}</span>
            <span class="row-main">
                <a class="row-link" href=format!("/console/alerts/sources/{id}")>{name.clone()}</a>
                <span class="row-meta">{format!("{} for {} · {n_rules}", source.kind.words(), source.system)}</span>
                {(!source.unknown.is_empty())
                    .then(|| view! { <span class="row-meta field-error">{format!("The plan has no {} any more.", source.unknown.join(", "))}</span> })}
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side">
                {match source.heard_at {
                    Some(at) => view! { <span>"heard " <Instant at/></span> }.into_any(),
                    None if source.kind == SourceKind::Heartbeat => {
                        view! { <span class="muted">"watched from its first beat on"</span> }.into_any()
                    }
                    None if source.kind == SourceKind::Monitors => {
                        view! { <a href="/console/monitors">"the monitors"</a> }.into_any()
                    }
                    None => view! { <span class="muted">"never heard"</span> }.into_any(),
                }}
                {muted.map(|until| view! { <span class="row-meta">"muted until " <Instant at=until/></span> })}
                <span class="button-row">
                    {if muted.is_some() {
                        view! { <Button busy=attempt.busy on_press=move |()| mute(None)>"Unmute"</Button> }.into_any()
                    } else {
                        view! { <Button busy=attempt.busy on_press=move |()| mute(Some(1))>"Mute for an hour"</Button> }.into_any()
                    }}
                    <Show when=move || kind != SourceKind::Monitors>
                        <Button kind=ButtonKind::Quiet on_press=move |()| renewing.set(true)>"New address"</Button>
                        <Button kind=ButtonKind::Quiet on_press=move |()| retiring.set(true)>"Retire"</Button>
                    </Show>
                </span>
            </span>
            <Dialog open=renewing title=format!("A new address for {name}")>
                <Show
                    when=move || address.with(Option::is_none)
                    fallback=move || {
                        view! {
                            <p>"Give it to the program, and to nobody else. It is not shown again."</p>
                            <SecretOnce text=address.get().unwrap_or_default() verb="Copy the address"/>
                            <div class="form-actions"><Button kind=ButtonKind::Primary on_press=done>"Done"</Button></div>
                        }
                    }
                >
                    <p>"The old address takes nothing from that moment on: alerts that are sent there are lost until the program knows the new one."</p>
                    <ErrorNote error=attempt.error/>
                    <div class="form-actions">
                        <Button on_press=move |()| renewing.set(false)>"Keep the old one"</Button>
                        <Button kind=ButtonKind::Danger busy=attempt.busy on_press=renew>"Replace the address"</Button>
                    </div>
                </Show>
            </Dialog>
            <Dialog open=retiring title=format!("Retire {name}?")>
                <p>"Its address takes nothing any more, and what fires of it counts as ended. Incidents that it led to stay as they are."</p>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| retiring.set(false)>"Keep it"</Button>
                    <Button kind=ButtonKind::Danger busy=attempt.busy on_press=retire test_id="source-retire">"Retire it"</Button>
                </div>
            </Dialog>
        </li>
    }
}
