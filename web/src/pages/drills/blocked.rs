//! The days on which no drill comes due.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    api::drill::{DrillWindowIn, DrillWindowView, DrillsView},
    domain::text::Message,
};

use super::schedule::ahead;
use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::TextField,
        local_moment::{LocalMoment, MomentField},
        time::Moment,
    },
    transport::api,
};

/// Freezes and holidays.
#[component]
pub(super) fn Blocked(view: Signal<DrillsView>, of: Fetched<DrillsView>) -> impl IntoView {
    let rows = Memo::new(move |_| view.with(|v| v.windows.clone()));
    let may_plan = Memo::new(move |_| view.with(|v| v.plan_refused.is_none()));
    let open = RwSignal::new(false);
    view! {
        <section aria-labelledby="drills-blocked">
            <h2 id="drills-blocked">"Days without drills"</h2>
            <Show when=move || rows.with(Vec::is_empty)>
                <p class="muted">"None. A freeze or holidays move what would come due in them."</p>
            </Show>
            <ul class="rows" data-testid="drill-windows">
                <For each=move || rows.get() key=|one| one.id children=move |one| view! { <Window one of may_plan/> }/>
            </ul>
            <Show when=move || may_plan.get() && !open.get()>
                <Button on_press=move |()| open.set(true) test_id="drill-block">"Block days"</Button>
            </Show>
            <Show when=move || may_plan.get() && open.get()>
                <NewWindow view of open/>
            </Show>
        </section>
    }
}

#[component]
fn Window(one: DrillWindowView, of: Fetched<DrillsView>, may_plan: Memo<bool>) -> impl IntoView {
    let attempt = Attempt::new();
    let id = one.id;
    let remove = move |()| attempt.run(async move { api().unblock_drills(id).await }, move |()| of.refetch());
    view! {
        <li class="row">
            <span class="row-main">
                <strong>{one.reason}</strong>
                <span class="row-meta"><Moment at=one.from_at/> " to " <Moment at=one.until_at/></span>
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side">
                <Show when=move || may_plan.get()>
                    <Button on_press=remove busy=attempt.busy>"Remove"</Button>
                </Show>
            </span>
        </li>
    }
}

#[component]
fn NewWindow(view: Signal<DrillsView>, of: Fetched<DrillsView>, open: RwSignal<bool>) -> impl IntoView {
    let slug = view.with_untracked(|v| v.system.clone());
    let (from, until) = (LocalMoment::new(ahead(1)), LocalMoment::new(ahead(8)));
    let (reason, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let said = reason.with_untracked(|text| Message::parse(text));
        wrong.set(said.as_ref().err().cloned());
        let (Some(from_at), Some(until_at), Ok(reason)) = (from.read(), until.read(), said) else { return };
        let (slug, body) = (slug.clone(), DrillWindowIn { from_at, until_at, reason });
        attempt.run(async move { api().block_drills(&slug, &body).await }, move |()| {
            open.set(false);
            of.refetch();
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <div class="pair">
                <MomentField label="From" moment=from refused=attempt.field("from_at")/>
                <MomentField label="To" moment=until refused=attempt.field("until_at")/>
            </div>
            <TextField label="Why" value=reason error=wrong required=true/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="drill-block-send">"Block these days"</Button>
            </div>
        </form>
    }
}
