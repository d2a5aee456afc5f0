//! The watch after a recovery: until when, how each round went, what does not hold. Decides nothing and asks nothing.

use leptos::prelude::*;
use shared::{
    api::run::{RunView, WatchView},
    timestamp::human_seconds,
};

use crate::components::{
    state_badge::{StateShape, Tone},
    step_words::count,
    time::{Instant, exact},
};

/// Rounds drawn one by one; more than these stand together in a bar.
const BARS: usize = 60;

#[component]
pub(crate) fn WatchPanel(run: Signal<RunView>) -> impl IntoView {
    let watch = Memo::new(move |_| run.with(|r| r.watch.clone()));
    move || watch.get().map(|watch| view! { <Watched run watch/> })
}

#[component]
fn Watched(run: Signal<RunView>, watch: WatchView) -> impl IntoView {
    let tone = match (watch.bad.is_empty(), watch.ended_at) {
        (false, _) => Tone::Critical,
        (true, None) => Tone::Active,
        (true, Some(_)) => Tone::Good,
    };
    let length = human_seconds(watch.until.seconds_since(watch.begun_at));
    let heading = match (watch.ended_at, watch.bad.is_empty()) {
        (None, true) => "Watching: everything holds",
        (None, false) => "Watching: something does not hold",
        (Some(_), true) => "Watched: everything held in the end",
        (Some(_), false) => "Watched: something did not hold in the end",
    };
    let rounds = match watch.n_rounds {
        0 => "The first round is to come.".to_owned(),
        n => {
            let bad = match watch.n_bad {
                0 => "none with a finding".to_owned(),
                n => format!("{n} with a finding"),
            };
            format!("{}, {bad}.", count(n as usize, "round", "rounds"))
        }
    };
    let bad = watch.bad.iter().map(|(step, reason)| {
        let title =
            run.with_untracked(|r| r.procedure.steps.iter().find(|s| s.number == *step).map(|s| s.title.clone()));
        view! { <li><b>{title.unwrap_or_default()}</b> ": " {reason.clone()}</li> }
    });
    let (ended, until) = (watch.ended_at, watch.until);
    view! {
        <section class="panel watch" data-tone=tone.name() aria-labelledby="watch-heading" data-testid="watch">
            <h2 id="watch-heading">
                <StateShape tone/>
                {heading}
            </h2>
            <p>
                "The final checks that only look are made again every minute for " {length} ". " {rounds} " "
                {match ended {
                    Some(at) => view! { "Ended " <Instant at/> }.into_any(),
                    None => view! { "Until " <Instant at=until/> }.into_any(),
                }}
            </p>
            {(!watch.bad.is_empty()).then(|| view! { <ul class="plain watch-bad">{bad.collect_view()}</ul> })}
            {(!watch.rounds.is_empty()).then(|| view! { <Bars watch/> })}
        </section>
    }
}

/// One bar a round, or a bar for several: tall and red where something did not hold.
#[component]
fn Bars(watch: WatchView) -> impl IntoView {
    let each = watch.rounds.len().div_ceil(BARS).max(1);
    let bars: Vec<_> = watch
        .rounds
        .chunks(each)
        .filter_map(|rounds| {
            Some((rounds.first()?.at, rounds.last()?.at, rounds.iter().filter(|r| r.n_bad > 0).count()))
        })
        .collect();
    let label = format!(
        "{} shown, {} with a finding",
        count(watch.rounds.len(), "round", "rounds"),
        watch.rounds.iter().filter(|r| r.n_bad > 0).count()
    );
    view! {
        <div class="watch-bars" role="img" aria-label=label>
            {bars
                .into_iter()
                .map(|(from, to, bad)| {
                    let words = if bad == 0 { "everything held".to_owned() } else { format!("{bad} with a finding") };
                    let when = if from == to { exact(from) } else { format!("{} to {}", exact(from), exact(to)) };
                    view! { <span class="watch-bar" data-bad=(bad > 0).then_some("") title=format!("{when}: {words}")></span> }
                })
                .collect_view()}
        </div>
    }
}
