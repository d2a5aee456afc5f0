//! The alerts that led to the incident or joined it. Shown only where there are any.

use leptos::prelude::*;
use shared::api::live::Topic;

use super::Here;
use crate::{
    components::{alert_row::AlertRow, async_view::Fetched},
    live::use_live,
    transport::api,
};

#[component]
pub(super) fn Alerts(here: Here) -> impl IntoView {
    let number = here.number;
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Alerts {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().alerts_of(number).await }
    });
    let alerts = Memo::new(move |_| of.value.with(|list| list.as_ref().map(|l| l.items.clone()).unwrap_or_default()));
    let over = move || {
        let open = here.incident.with(|incident| incident.resolved_at.is_none());
        open && alerts.with(|all| all.iter().all(|alert| alert.ended_at.is_some()))
    };
    view! {
        <Show when=move || alerts.with(|all| !all.is_empty())>
            <section class="panel" aria-labelledby="alerts" data-testid="incident-alerts">
                <h2 id="alerts">"Alerts"</h2>
                <Show when=over>
                    <p>"No alert fires any more. If all is well, resolve the incident."</p>
                </Show>
                <ul class="fact-list alert-list">
                    <For
                        each=move || alerts.get()
                        key=|alert| (alert.number, alert.n_heard, alert.ended_at)
                        children=|alert| view! { <AlertRow alert/> }
                    />
                </ul>
            </section>
        </Show>
    }
}
