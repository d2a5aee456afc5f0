//! What belongs to the incident besides its story: components, runs, the public side, the report.

use leptos::prelude::*;
use shared::{
    api::live::Topic,
    domain::{incident::IncidentCommand, run::RunState},
};

use super::{Here, affected::Components};
use crate::components::{
    async_view::{AsyncView, Fetched},
    follow_up_list::FollowUpsOf,
    forecast::ForecastNote,
    icon::{Icon, Svg},
    prepared::Prepared,
    state_badge::StateBadge,
    time::Instant,
};
use crate::{live::use_live, transport::api};

#[component]
pub(super) fn Facts(here: Here) -> impl IntoView {
    view! {
        <aside class="area-facts facts" aria-label="Facts">
            <Components here=here/>
            <super::tasks::Tasks here=here/>
            <super::alerts::Alerts here=here/>
            <super::calls::Calls here=here/>
            <Runs here=here/>
            <super::links::Links here=here/>
            <PublicFacts here=here/>
            <super::readers::Readers here=here/>
            <super::scheduled::Scheduled here/>
            <Report here=here/>
            <FollowUpsOf incident=here.number/>
        </aside>
    }
}

#[component]
fn Runs(here: Here) -> impl IntoView {
    let runs = Memo::new(move |_| {
        let mut runs = here.incident.with(|i| i.runs.clone());
        runs.sort_by_key(|run| std::cmp::Reverse(run.number));
        runs
    });
    // How long it will take, and what it took: of the newest, unless nothing came of it.
    let newest = Memo::new(move |_| {
        let newest = runs.with(|runs| runs.first().map(|run| (run.number, run.state)));
        newest.filter(|(_, state)| state.live() || *state == RunState::Succeeded).map(|(number, _)| number)
    });
    view! {
        <section class="panel" aria-labelledby="runs">
            <h2 id="runs">"Recovery runs"</h2>
            <Show
                when=move || runs.with(|runs| !runs.is_empty())
                fallback=|| view! { <p class="muted">"None yet. A recovery button asks for one."</p> }
            >
                <ul class="fact-list">
                    <For
                        each=move || runs.get()
                        key=|run| (run.number, run.state)
                        children=|run| {
                            view! {
                                <li>
                                    <span class="fact-name">
                                        <a href=format!("/console/runs/{}", run.number)>
                                            {format!("Run {} · {}", run.number, run.procedure)}
                                        </a>
                                        <span class="hint">
                                            {run.requested_by} ", " <Instant at=run.requested_at/>
                                        </span>
                                    </span>
                                    <StateBadge state=run.state/>
                                </li>
                            }
                        }
                    />
                </ul>
                {move || newest.get().map(|number| view! { <TimesOf number/> })}
            </Show>
        </section>
    }
}

/// When a run will be over, or what it took: as its own page says it.
#[component]
fn TimesOf(number: i64) -> impl IntoView {
    let heard = use_live().refetch_on(move |topic| matches!(topic, Topic::Run { number: n, .. } if *n == number));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().run(number).await }
    });
    view! { <AsyncView of what=format!("the times of run {number}") content=move |run| view! { <ForecastNote run/> }/> }
}

#[component]
fn PublicFacts(here: Here) -> impl IntoView {
    let shown = Memo::new(move |_| here.incident.with(|i| i.public_title.clone().map(|title| (title, i.public_state))));
    view! {
        <section class="panel" aria-labelledby="public">
            <h2 id="public">"Status page"</h2>
            {move || match shown.get() {
                None => view! { <p class="muted">"Internal: the status page does not mention this incident."</p> }.into_any(),
                Some((title, state)) => {
                    view! {
                        <ul class="fact-list">
                            <li>
                                <span class="fact-name">
                                    <a href=format!("/incidents/{}", here.number) rel="external">
                                        {title}
                                        <Svg icon=Icon::External/>
                                    </a>
                                </span>
                                {state.map(|state| view! { <StateBadge state=state/> })}
                            </li>
                        </ul>
                        <Prepared
                            fetch=move || async move { api().prepared_for_incident(here.number).await }
                            send=move |read| async move { api().hand_on_incident(here.number, &read).await }
                        />
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

#[component]
fn Report(here: Here) -> impl IntoView {
    let report = Memo::new(move |_| here.incident.with(|i| i.report.clone()));
    let refused = here.refused(IncidentCommand::WriteReport);
    let over = Memo::new(move |_| here.incident.with(|i| i.resolved_at.is_some()));
    let address = format!("/console/reports/{}", here.number);
    view! {
        <section class="panel" aria-labelledby="report">
            <h2 id="report">"Report"</h2>
            {move || {
                let address = address.clone();
                match report.get() {
                    Some(report) => {
                        let words = match report.published_version {
                            Some(published) if published == report.version => format!("Version {}, published", report.version),
                            Some(published) => format!("Version {}; version {published} is published", report.version),
                            None => format!("Draft, version {}", report.version),
                        };
                        view! { <p><a href=address>{words}</a></p> }.into_any()
                    }
                    None if refused.with(Option::is_some) => {
                        view! { <p class="muted">"Not written yet. " {refused.get()}</p> }.into_any()
                    }
                    None if over.get() => {
                        view! { <p><a href=address>"Draft it from the timeline"</a></p> }.into_any()
                    }
                    None => {
                        view! {
                            <p class="muted">
                                "Usually written after resolving. " <a href=address>"Start it now"</a>
                            </p>
                        }
                            .into_any()
                    }
                }
            }}
        </section>
    }
}
