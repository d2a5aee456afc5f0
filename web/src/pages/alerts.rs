//! What other programs say: what fires now, or everything that was heard, a page at a time. Nothing can be done to an alert.

use leptos::prelude::*;
use shared::{
    api::{List, alert::AlertView, live::Topic},
    domain::access::Action,
};

use crate::{
    components::{
        alert_row::AlertRow,
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::Button,
        empty::Empty,
        error_note::ErrorNote,
        silence::Silences,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn AlertsPage() -> impl IntoView {
    title(|| "Alerts".into());
    let firing = RwSignal::new(true);
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Alerts {} | Topic::Incidents {}));
    let of = Fetched::new(move || {
        heard.track();
        let firing = firing.get();
        async move { api().alerts(firing, None).await }
    });
    let manages = may(Action::ViewAlertSources);
    let tab = move |wanted: bool, words: &'static str| {
        view! {
            <button
                type="button"
                class="tab"
                aria-pressed=move || (firing.get() == wanted).to_string()
                on:click=move |_| firing.set(wanted)
            >
                {words}
            </button>
        }
    };
    view! {
        <header class="page-head">
            <h1>"Alerts"</h1>
            <Show when=move || manages.get()>
                <a class="button" href="/console/alerts/sources">"Sources and rules"</a>
            </Show>
        </header>
        <div class="tabs" role="group" aria-label="Which alerts">
            {tab(true, "Firing now")}
            {tab(false, "All that was heard")}
        </div>
        <Silences/>
        <AsyncView of what="the alerts" content=move |list| view! { <Alerts list firing/> }/>
    }
}

/// The first page is live; the older ones are fetched once and stay.
#[component]
fn Alerts(list: Signal<List<AlertView>>, firing: RwSignal<bool>) -> impl IntoView {
    let older = RwSignal::new(Vec::<AlertView>::new());
    let next = RwSignal::new(None::<Option<String>>);
    Effect::new(move |_| {
        firing.track();
        older.set(vec![]);
        next.set(None);
    });
    let attempt = Attempt::new();
    let key = move || next.get().unwrap_or_else(|| list.with(|l| l.next.clone()));
    let more = move |()| {
        let Some(before) = key() else { return };
        let which = firing.get_untracked();
        attempt.run(async move { api().alerts(which, Some(&before)).await }, move |page| {
            older.update(|all| all.extend(page.items));
            next.set(Some(page.next));
        });
    };
    let rows = move || {
        let mut rows = list.with(|l| l.items.clone());
        let oldest = rows.iter().map(|row| row.number).min().unwrap_or(i64::MAX);
        rows.extend(older.with(|older| older.iter().filter(|row| row.number < oldest).cloned().collect::<Vec<_>>()));
        rows
    };
    let empty = Memo::new(move |_| list.with(|l| l.items.is_empty()));
    view! {
        <Show
            when=move || !empty.get()
            fallback=move || {
                if firing.get() {
                    view! { <Empty title="Nothing fires" text="No program that sends alerts here says that something is wrong."/> }
                } else {
                    view! {
                        <Empty
                            title="No alert yet"
                            text="Let Alertmanager, a sender of PagerDuty events, a script or a heartbeat send to Muster: an administrator makes a source and says what its alerts lead to."
                        />
                    }
                }
            }
        >
            <ul class="rows">
                <For
                    each=rows
                    key=|alert| (alert.number, alert.n_heard, alert.ended_at, alert.incident)
                    children=|alert| view! { <AlertRow alert with_incident=true/> }
                />
            </ul>
            <ErrorNote error=attempt.error/>
            <Show when=move || key().is_some()>
                <p class="more">
                    <Button busy=attempt.busy on_press=more>"Show older alerts"</Button>
                </p>
            </Show>
        </Show>
    }
}
