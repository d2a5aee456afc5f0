//! When a run will probably be over, and what it took in the end, against what the plan promises. Reckons nothing: the server says it.

use leptos::prelude::*;
use shared::{
    api::run::{ForecastView, RunView, TimesView},
    domain::forecast::FEWEST,
    timestamp::human_seconds,
};

use crate::components::{
    state_badge::{StateShape, Tone},
    time::Instant,
};

#[component]
pub(crate) fn ForecastNote(run: Signal<RunView>) -> impl IntoView {
    let shown = Memo::new(move |_| run.with(|r| r.forecast.clone()));
    let times = Memo::new(move |_| run.with(|r| r.times.clone()));
    view! {
        {move || shown.get().map(|view| view! { <Ahead view/> })}
        {move || times.get().map(|view| view! { <Taken view/> })}
    }
}

fn runs(n: u32) -> String {
    if n == 1 { "1 past run".into() } else { format!("{n} past runs") }
}

#[component]
fn Ahead(view: ForecastView) -> impl IntoView {
    let forecast = view.forecast;
    let tone = if view.late { Tone::Warning } else { Tone::Active };
    let begins = if view.begun { "Expected to end " } else { "If it began now, it would probably end " };
    let known = forecast.expected_at.zip(forecast.latest_at);
    view! {
        <div class="forecast" data-testid="forecast" data-tone=tone.name() data-late=view.late.to_string()>
            <StateShape tone/>
            <p>
                {match known {
                    Some((expected, latest)) => {
                        view! {
                            {begins} <Instant at=expected/> ", at the latest " <Instant at=latest/>
                            {format!(", by {}.", runs(forecast.runs))}
                            {forecast.slower.then_some(" This step has taken longer than in any of them.")}
                        }
                            .into_any()
                    }
                    None => {
                        format!(
                            "When it will end nobody can say yet: {} of this procedure, and it takes {FEWEST} to tell.",
                            if forecast.runs == 0 { "there is no past run".to_owned() } else { format!("there is only {}", runs(forecast.runs)) },
                        )
                            .into_any()
                    }
                }}
                {view
                    .promise
                    .map(|promise| {
                        let within = human_seconds(i64::try_from(promise.seconds).unwrap_or(i64::MAX));
                        view! {
                            " " {format!("{} was promised back within {within}: ", promise.component)} <Instant at=promise.due_at/> "."
                            {view.late.then_some(" That will probably be missed.")}
                        }
                    })}
            </p>
        </div>
    }
}

#[component]
fn Taken(view: TimesView) -> impl IntoView {
    let from_request = human_seconds(view.from_request_seconds);
    view! {
        <dl class="run-times" data-testid="run-times">
            <dt>"From the request to verified"</dt>
            <dd>{from_request}</dd>
            {view
                .components
                .into_iter()
                .map(|one| {
                    let took = human_seconds(one.from_start_seconds);
                    let (tone, words) = match one.promised_seconds {
                        None => (Tone::Neutral, "nothing was promised".to_owned()),
                        Some(promised) => {
                            let within = human_seconds(i64::try_from(promised).unwrap_or(i64::MAX));
                            if one.from_start_seconds.unsigned_abs() <= promised {
                                (Tone::Good, format!("promised within {within}: met"))
                            } else {
                                (Tone::Critical, format!("promised within {within}: missed"))
                            }
                        }
                    };
                    view! {
                        <dt>{format!("{}, from when it went down", one.component)}</dt>
                        <dd>{took} " " <span class="badge" data-tone=tone.name()><StateShape tone/> {words}</span></dd>
                    }
                })
                .collect_view()}
        </dl>
    }
}
