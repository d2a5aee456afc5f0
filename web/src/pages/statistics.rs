//! What incidents were like over time: how many, how soon answered and over, what was promised and missed. Draws what the server added up.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::{
    api::{
        follow_up::FollowUpStatistics,
        live::Topic,
        statistics::{ComponentStatistics, LevelStatistics, MonthStatistics, RecoveryView, Spread, StatisticsView},
    },
    timestamp::{Timestamp, human_seconds},
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        empty::Empty,
        figures::{Figure, Figures},
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

/// Months are whole in UTC; in another zone their first instant may be the month before.
fn month(at: Timestamp) -> String {
    at.utc_text().chars().take(7).collect()
}

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
    let rows = figures.months.into_iter().map(|m| {
        let figures = [
            Figure::bar(Some(m.open), m.open.to_string()),
            Figure::said(m.added.to_string()),
            Figure::said(m.ended.to_string()),
            took(m.half),
        ];
        (month(m.month), figures)
    });
    let heads = ["Open at its end", "Added", "Ended", "Took, half within"];
    Some(view! {
        <div class="follow-up-figures" data-testid="follow-up-statistics">
            <Figures id="follow-up-months" title="Follow-ups" first="Month" heads rows=rows.collect()>
                <p class:field-error=figures.overdue.is_positive()>{now} " " <a href="/console/follow-ups">"See them"</a></p>
            </Figures>
        </div>
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

fn took(seconds: Option<i64>) -> Figure {
    Figure::bar(seconds, span(seconds))
}

/// Half of them, and nine of ten.
fn spread(half: Option<i64>, most: Option<i64>) -> Figure {
    took(half).note(most.map(|most| format!("nine of ten within {}", human_seconds(most))).unwrap_or_default())
}

#[component]
fn Months(months: Vec<MonthStatistics>) -> impl IntoView {
    let rows = months.into_iter().map(|m| {
        let Spread { n, answered_late, .. } = m.incidents;
        let late = if answered_late == 0 { String::new() } else { format!("{answered_late} late") };
        let answered = took(m.incidents.answered_half).note(late);
        (month(m.month), [Figure::bar(Some(n), n.to_string()), answered, took(m.incidents.over_half)])
    });
    let heads = ["Incidents", "Answered, half within", "Over, half within"];
    view! { <Figures id="by-month" title="By month" first="Month" heads rows=rows.collect()/> }
}

#[component]
fn Levels(levels: Vec<LevelStatistics>) -> impl IntoView {
    let rows = levels.into_iter().map(|one| {
        let s = one.incidents;
        let figures = [
            Figure::bar(Some(s.n), s.n.to_string()),
            spread(s.answered_half, s.answered_most),
            Figure::said(s.answered_late.to_string()).bad(s.answered_late.is_positive()),
            spread(s.over_half, s.over_most),
        ];
        (format!("Level {}", one.level), figures)
    });
    let heads = ["Incidents", "Answered, half within", "Answered late", "Over, half within"];
    view! { <Figures id="by-level" title="By level" first="Level" heads rows=rows.collect()/> }
}

#[component]
fn Components(components: Vec<ComponentStatistics>) -> impl IntoView {
    let rows = components.into_iter().map(|one| {
        let missed = match (one.n_measured, one.missed) {
            (0, _) => Figure::bar(None, "not measured"),
            (n, 0) => Figure::bar(Some(0), format!("kept {n} of {n} times")),
            (n, missed) => Figure::bar(Some(missed), format!("missed {missed} of {n} times")).bad(true),
        };
        (one.name, [Figure::bar(Some(one.n), one.n.to_string()), spread(one.half, one.most), missed])
    });
    let heads = ["Incidents", "Back, half within", "Recovery time objective, missed"];
    view! { <Figures id="by-component" title="By component" first="Component" heads rows=rows.collect()/> }
}
