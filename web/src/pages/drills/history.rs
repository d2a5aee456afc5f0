//! Drills that were begun: what goes on, what each showed, and the times that were measured against what the plan promises.

use leptos::{context::Provider, ev::SubmitEvent, prelude::*};
use shared::{
    api::drill::{DrillStopIn, DrillVerdictIn, DrillView, DrillsView},
    domain::{access::Action, drill::Verdict, run::RunState, text::Message},
    timestamp::human_seconds,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::{SelectField, TextArea},
        hold::Hold,
        state_badge::{StateShape, Tone},
        time::{Instant, exact},
    },
    session::may,
    transport::api,
};

#[component]
pub(super) fn History(view: Signal<DrillsView>, of: Fetched<DrillsView>) -> impl IntoView {
    let rows = Memo::new(move |_| view.with(|v| v.drills.clone()));
    let plots = Memo::new(move |_| {
        view.with(|v| {
            let measured =
                |p: &str| v.drills.iter().filter(|d| d.procedure == p && d.recovered_seconds.is_some()).count();
            let mut known: Vec<String> = v.drills.iter().map(|d| d.procedure.clone()).collect();
            known.sort_unstable();
            known.dedup();
            known.retain(|procedure| measured(procedure) > 1);
            known
        })
    });
    let hold = Hold::new();
    let held = hold.list(move || rows.get());
    view! {
        <section aria-labelledby="drills-done">
            <h2 id="drills-done">"What was rehearsed"</h2>
            <Show when=move || rows.with(Vec::is_empty)>
                <p class="muted">"Nothing yet."</p>
            </Show>
            <For
                each=move || plots.get()
                key=|procedure| procedure.clone()
                children=move |procedure| {
                    let points = Memo::new(move |_| {
                        rows.with(|all| all.iter().filter(|d| d.procedure == procedure).rev().cloned().collect::<Vec<_>>())
                    });
                    view! { {move || view! { <Times drills=points.get()/> }} }
                }
            />
            <Provider value=hold>
                <ul class="rows" data-testid="drill-history">
                    <For
                        each=move || held.get()
                        key=|one| (one.number, one.run_state, one.ended_at, one.verdict.as_ref().map(|said| said.at))
                        children=move |one| view! { <Row one of/> }
                    />
                </ul>
            </Provider>
        </section>
    }
}

fn standing(one: &DrillView) -> (Tone, &'static str) {
    match (one.ended_at, one.recovered_seconds, one.verdict.as_ref().map(|said| said.verdict)) {
        (None, ..) => (Tone::Active, "Goes on"),
        (_, Some(_), Some(Verdict::Lacking)) => (Tone::Warning, "Something is lacking"),
        (_, Some(_), _) if late(one) => (Tone::Warning, "Slower than promised"),
        (_, Some(_), _) if one.points.iter().any(|point| point.kept() == Some(false)) => {
            (Tone::Warning, "Lost more than promised")
        }
        (_, Some(_), _) => (Tone::Good, "Recovered"),
        (_, None, _) if one.run_state == RunState::Succeeded => (Tone::Warning, "A step was skipped"),
        (_, None, _) => (Tone::Warning, "Not finished"),
    }
}

fn late(one: &DrillView) -> bool {
    let promised = one.objectives.first().map(|o| i64::try_from(o.seconds).unwrap_or(i64::MAX));
    promised.zip(one.recovered_seconds).is_some_and(|(promised, took)| took > promised)
}

#[component]
fn Row(one: DrillView, of: Fetched<DrillsView>) -> impl IntoView {
    let (tone, word) = standing(&one);
    let (stopping, judging) = (RwSignal::new(false), RwSignal::new(false));
    let (may_stop, may_judge) = (may(Action::CancelRun), may(Action::RequestRun));
    let (number, open) = (one.number, one.ended_at.is_none());
    let took = one.recovered_seconds.map(|seconds| {
        let asked =
            one.asked_seconds.map(|s| format!("; {} after it was asked for", human_seconds(s))).unwrap_or_default();
        format!("Recovered {} after the target stood{asked}", human_seconds(seconds))
    });
    let promised = one.objectives.first().map(|o| {
        format!("The plan promises {} for {}", human_seconds(i64::try_from(o.seconds).unwrap_or(i64::MAX)), o.name)
    });
    let left = match (one.cleared_at, one.left_behind.as_slice()) {
        (None, _) => None,
        (Some(_), []) => Some("Nothing of the target is left".to_owned()),
        (Some(_), some) => Some(format!("Still there: {}", some.join(", "))),
    };
    let verdict = one.verdict.map(|said| format!("{}, says {}: {}", said.verdict.words(), said.by, said.note));
    view! {
        <li class="row" data-testid="drill-row-done" data-open=open.to_string()>
            <span class="badge" data-tone=tone.name()><StateShape tone/> {word}</span>
            <span class="row-main">
                <strong>{format!("Drill {number}: {}", one.title)}</strong>
                <span class="row-meta">
                    <a href=format!("/console/runs/{}", one.run)>{format!("Run {}", one.run)}</a>
                    {format!(": {}", one.run_state.words().to_lowercase())} " · "
                    <a href=format!("/console/incidents/{}", one.incident)>"Timeline"</a>
                    {format!(" · begun by {}", one.begun_by)}
                </span>
                {took.map(|text| view! { <span class="row-meta">{text}</span> })}
                {promised.map(|text| view! { <span class="row-meta">{text}</span> })}
                {one.points.iter().map(|point| view! { <span class="row-meta" data-testid="drill-point">{format!("{} ({})", point.words(), point.how)}</span> }).collect_view()}
                {one.stopped_why.map(|why| view! { <span class="row-meta">"Ended before its time: " {why}</span> })}
                {left.map(|text| view! { <span class="row-meta">{text}</span> })}
                {verdict.map(|text| view! { <span class="row-meta">{text}</span> })}
            </span>
            <span class="row-side">
                <Instant at=one.begun_at/>
                <Show when=move || open && may_stop.get()>
                    <Button kind=ButtonKind::Danger on_press=move |()| stopping.set(true) test_id="drill-stop">"End this drill"</Button>
                </Show>
                <Show when=move || !open && may_judge.get()>
                    <Button on_press=move |()| judging.set(true) test_id="drill-judge">"Say how it was"</Button>
                </Show>
            </span>
            <Dialog open=stopping title=format!("End drill {number}")>
                <Stop number of open=stopping/>
            </Dialog>
            <Dialog open=judging title=format!("How was drill {number}?")>
                <Judge number of open=judging/>
            </Dialog>
        </li>
    }
}

/// Typed text as a message; says what is missing.
fn typed(text: RwSignal<String>, wrong: RwSignal<Option<String>>) -> Option<Message> {
    let said = text.with_untracked(|text| Message::parse(text));
    wrong.set(said.as_ref().err().cloned());
    said.ok()
}

#[component]
fn Stop(number: i64, of: Fetched<DrillsView>, open: RwSignal<bool>) -> impl IntoView {
    let (reason, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(reason) = typed(reason, wrong) else { return };
        attempt.run(async move { api().stop_drill(number, &DrillStopIn { reason }).await }, move |_| {
            open.set(false);
            of.refetch();
        });
    };
    view! {
        <form class="form" on:submit=submit>
            <p>"Its run is ended, and the target is removed with everything in it. The real system is not touched."</p>
            <TextArea label="Why" value=reason rows=3 error=wrong/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Go on with it"</Button>
                <Button kind=ButtonKind::Danger submit=true busy=attempt.busy test_id="drill-stop-send">"End this drill"</Button>
            </div>
        </form>
    }
}

#[component]
fn Judge(number: i64, of: Fetched<DrillsView>, open: RwSignal<bool>) -> impl IntoView {
    let (note, wrong) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let all = [Verdict::Good, Verdict::Lacking].map(|one| (one.name().to_owned(), one.words().to_owned()));
    let chosen = RwSignal::new(Verdict::Good.name().to_owned());
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(note) = typed(note, wrong) else { return };
        let good = chosen.with_untracked(|name| name == Verdict::Good.name());
        let verdict = if good { Verdict::Good } else { Verdict::Lacking };
        attempt.run(async move { api().judge_drill(number, &DrillVerdictIn { verdict, note }).await }, move |_| {
            open.set(false);
            of.refetch();
        });
    };
    view! {
        <form class="form" on:submit=submit>
            <SelectField label="In an emergency it would have been" choices=Signal::stored(all.to_vec()) value=chosen/>
            <TextArea label="What was seen, and what has to change" value=note rows=4 error=wrong/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="drill-judge-send">"Write it down"</Button>
            </div>
        </form>
    }
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 120.0;

/// What each drill of one procedure took, oldest first, against what the plan promises.
#[component]
fn Times(drills: Vec<DrillView>) -> impl IntoView {
    let title = drills.last().map(|d| d.title.clone()).unwrap_or_default();
    let promised = drills.last().and_then(|d| d.objectives.first().cloned());
    let took: Vec<_> = drills.iter().filter_map(|d| Some((d.begun_at, d.recovered_seconds?))).collect();
    let most =
        took.iter().map(|(_, s)| *s).chain(promised.iter().map(|o| i64::try_from(o.seconds).unwrap_or(i64::MAX))).max();
    let most = most.unwrap_or(1).max(1);
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let y = move |seconds: i64| HEIGHT * (1.0 - seconds as f64 / (most as f64 * 1.1));
    let last = took.len().saturating_sub(1).max(1);
    #[expect(clippy::cast_precision_loss, reason = "few")]
    let x = move |i: usize| WIDTH * i as f64 / last as f64;
    let line: Vec<_> = took.iter().enumerate().map(|(i, (_, s))| format!("{:.1},{:.1}", x(i), y(*s))).collect();
    let said = promised.as_ref().map(|o| {
        let seconds = i64::try_from(o.seconds).unwrap_or(i64::MAX);
        (y(seconds), format!("promised: {}", human_seconds(seconds)))
    });
    let label = format!("{title}: what {} drills took, oldest first", took.len());
    view! {
        <figure class="plot" data-testid="drill-times">
            <figcaption>{label.clone()} {said.as_ref().map(|(_, words)| format!("; {words}"))}</figcaption>
            <div class="plot-area">
                <span class="plot-top">{human_seconds(most)}</span>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                    {said.map(|(y, _)| {
                        view! {
                            <line class="drill-promise" x1="0" x2=WIDTH.to_string() y1=format!("{y:.1}") y2=format!("{y:.1}") vector-effect="non-scaling-stroke"></line>
                        }
                    })}
                    <polyline class="plot-line" points=line.join(" ") vector-effect="non-scaling-stroke"></polyline>
                </svg>
            </div>
            <table class="visually-hidden">
                <thead><tr><th>"Begun"</th><th>"Took"</th></tr></thead>
                <tbody>
                    {took
                        .iter()
                        .map(|(at, s)| view! { <tr><td>{exact(*at)}</td><td>{human_seconds(*s)}</td></tr> })
                        .collect_view()}
                </tbody>
            </table>
        </figure>
    }
}
