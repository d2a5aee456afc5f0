//! What incidents were like over time: how many, how soon answered and over, what was promised and missed. Draws what the server added up.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::{
    api::{
        follow_up::FollowUpStatistics,
        live::Topic,
        statistics::{ComponentStatistics, LevelStatistics, MonthStatistics, RecoveryView, Spread, StatisticsView},
    },
    timestamp::human_seconds,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        empty::Empty,
        recovery_plot::RecoveryPlot,
        title::title,
    },
    live::use_live,
    transport::api,
};

const SPANS: [(u32, &str); 3] = [(12, "Twelve months"), (24, "Two years"), (60, "Five years")];

#[component]
pub(crate) fn StatisticsPage() -> impl IntoView {
    title(|| "Statistics".into());
    let months = RwSignal::new(12);
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Incident { .. } | Topic::Incidents {}));
    let of = Fetched::new(move || {
        heard.track();
        let months = months.get();
        async move { api().statistics(months).await }
    });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/incidents">"Incidents"</a></p>
                <h1>"Statistics"</h1>
            </div>
        </header>
        <div class="tabs" role="group" aria-label="How far back">
            {SPANS
                .map(|(n, words)| {
                    view! {
                        <button
                            type="button"
                            class="tab"
                            aria-pressed=move || (months.get() == n).to_string()
                            on:click=move |_| months.set(n)
                        >
                            {words}
                        </button>
                    }
                })}
        </div>
        <AsyncView of what="the statistics" content=move |view| view! { <Shown view/> }/>
    }
}

#[component]
fn Shown(view: Signal<StatisticsView>) -> impl IntoView {
    let empty = Memo::new(move |_| view.with(|v| v.months.is_empty()));
    view! {
        {move || view.with(|v| view! { <FollowUps figures=v.follow_ups.clone()/> })}
        <Show
            when=move || !empty.get()
            fallback=|| view! { <Empty title="No incident in this time" text="Nothing was declared, so there is nothing to count."/> }
        >
            <div class="stack" data-testid="statistics">
                {move || view.with(|v| view! { <Months months=v.months.clone()/> })}
                {move || view.with(|v| view! { <Levels levels=v.levels.clone()/> })}
                {move || {
                    view.with(|v| {
                        (!v.components.is_empty()).then(|| view! { <Components components=v.components.clone()/> })
                    })
                }}
                {move || view.with(|v| (!v.recoveries.is_empty()).then(|| view! { <Recoveries all=v.recoveries.clone()/> }))}
            </div>
        </Show>
    }
}

/// Open at each month's end, as bars with their figures.
#[component]
fn FollowUps(figures: FollowUpStatistics) -> impl IntoView {
    if figures.months.is_empty() {
        return None;
    }
    let now = match (figures.open, figures.overdue) {
        (0, _) => "None is open.".to_owned(),
        (open, 0) => format!("{open} open, none overdue. The oldest is open for {}.", span(figures.oldest)),
        (open, late) => format!("{open} open, {late} overdue. The oldest is open for {}.", span(figures.oldest)),
    };
    let most = figures.months.iter().map(|m| m.open).max().unwrap_or(1).max(1);
    let rows = figures.months.into_iter().map(move |m| {
        let month = m.month.utc_text().chars().take(7).collect::<String>();
        view! {
            <tr>
                <th scope="row">{month}</th>
                <td data-label="Open at its end" class="bar-cell">
                    <meter class="bar" min="0" max=most.to_string() value=m.open.to_string()>{m.open}</meter>
                    <span class="number">{m.open}</span>
                </td>
                <td data-label="Added" class="number">{m.added}</td>
                <td data-label="Ended" class="number">{m.ended}</td>
                <td data-label="Took, half within" class="number">{span(m.half)}</td>
            </tr>
        }
    });
    Some(view! {
        <section class="follow-up-figures" aria-labelledby="follow-up-months" data-testid="follow-up-statistics">
            <h2 id="follow-up-months">"Follow-ups"</h2>
            <p class:field-error=figures.overdue.is_positive()>{now} " " <a href="/console/follow-ups">"See them"</a></p>
            <table class="stacking statistics">
                <thead>
                    <tr>
                        <th scope="col">"Month"</th>
                        <th scope="col">"Open at its end"</th>
                        <th scope="col" class="number">"Added"</th>
                        <th scope="col" class="number">"Ended"</th>
                        <th scope="col" class="number">"Took, half within"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    })
}

/// One plot for each component that came back, in the order of their names.
#[component]
fn Recoveries(all: Vec<RecoveryView>) -> impl IntoView {
    let mut by_component: BTreeMap<String, Vec<RecoveryView>> = BTreeMap::new();
    for one in all {
        by_component.entry(one.component.clone()).or_default().push(one);
    }
    let plots = by_component.into_values().map(|times| {
        let name = times.last().map(|one| one.name.clone()).unwrap_or_default();
        view! { <RecoveryPlot name times/> }
    });
    view! {
        <section aria-labelledby="recoveries">
            <h2 id="recoveries">"How long it took to come back"</h2>
            <p class="muted">"Each bar is one incident, oldest first; the dashed line is what the plan promises."</p>
            {plots.collect_view()}
        </section>
    }
}

fn span(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), human_seconds)
}

/// Bars for what a table says, one row each.
#[component]
fn Months(months: Vec<MonthStatistics>) -> impl IntoView {
    let most = months.iter().map(|m| m.incidents.n).max().unwrap_or(1).max(1);
    let rows = months.into_iter().map(move |m| {
        let Spread { n, answered_late, .. } = m.incidents;
        // Months are whole in UTC; in another zone their first instant may be the month before.
        let month = m.month.utc_text().chars().take(7).collect::<String>();
        let late = if answered_late == 0 { String::new() } else { format!("{answered_late} late") };
        view! {
            <tr>
                <th scope="row">{month}</th>
                <td data-label="Incidents" class="bar-cell">
                    <meter class="bar" min="0" max=most.to_string() value=n.to_string()>{n}</meter>
                    <span class="number">{n}</span>
                </td>
                <td data-label="Answered, half within" class="number">{span(m.incidents.answered_half)} " " <span class="muted">{late}</span></td>
                <td data-label="Over, half within" class="number">{span(m.incidents.over_half)}</td>
            </tr>
        }
    });
    view! {
        <section aria-labelledby="by-month">
            <h2 id="by-month">"By month"</h2>
            <table class="stacking statistics">
                <thead>
                    <tr>
                        <th scope="col">"Month"</th>
                        <th scope="col">"Incidents"</th>
                        <th scope="col" class="number">"Answered, half within"</th>
                        <th scope="col" class="number">"Over, half within"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

#[component]
fn Levels(levels: Vec<LevelStatistics>) -> impl IntoView {
    let rows = levels.into_iter().map(|one| {
        let s = one.incidents;
        view! {
            <tr>
                <th scope="row">{format!("Level {}", one.level)}</th>
                <td data-label="Incidents" class="number">{s.n}</td>
                <td data-label="Answered, half / nine of ten within" class="number">
                    {span(s.answered_half)} " / " {span(s.answered_most)}
                </td>
                <td data-label="Answered late" class="number" class:field-error=s.answered_late.is_positive()>{s.answered_late}</td>
                <td data-label="Over, half / nine of ten within" class="number">{span(s.over_half)} " / " {span(s.over_most)}</td>
            </tr>
        }
    });
    view! {
        <section aria-labelledby="by-level">
            <h2 id="by-level">"By level"</h2>
            <table class="stacking statistics">
                <thead>
                    <tr>
                        <th scope="col">"Level"</th>
                        <th scope="col" class="number">"Incidents"</th>
                        <th scope="col" class="number">"Answered, half / nine of ten within"</th>
                        <th scope="col" class="number">"Answered late"</th>
                        <th scope="col" class="number">"Over, half / nine of ten within"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

#[component]
fn Components(components: Vec<ComponentStatistics>) -> impl IntoView {
    let rows = components.into_iter().map(|one| {
        let kept = match (one.n_measured, one.missed) {
            (0, _) => "not measured".to_owned(),
            (n, 0) => format!("kept {n} of {n} times"),
            (n, missed) => format!("missed {missed} of {n} times"),
        };
        view! {
            <tr>
                <th scope="row">{one.name}</th>
                <td data-label="Incidents" class="number">{one.n}</td>
                <td data-label="Back, half / nine of ten within" class="number">{span(one.half)} " / " {span(one.most)}</td>
                <td data-label="Recovery time objective" class:field-error=one.missed.is_positive()>{kept}</td>
            </tr>
        }
    });
    view! {
        <section aria-labelledby="by-component">
            <h2 id="by-component">"By component"</h2>
            <table class="stacking statistics">
                <thead>
                    <tr>
                        <th scope="col">"Component"</th>
                        <th scope="col" class="number">"Incidents"</th>
                        <th scope="col" class="number">"Back, half / nine of ten within"</th>
                        <th scope="col">"Recovery time objective"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}
