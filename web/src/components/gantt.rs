//! When each step of a run began and how long it took: bars over a labelled axis, in a table that can be read out. Ended runs only.

use leptos::prelude::*;
use shared::{
    api::run::RunView,
    domain::run::{StepRun, StepState},
    timestamp::Timestamp,
};

use crate::components::{
    state_badge::{Look, StateShape},
    step_list::{span, took},
};

/// Width of the drawing's own units; stretched to the cell.
const UNITS: i64 = 1000;

/// Where a bar lies, in units of the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bar {
    from: i64,
    width: i64,
}

#[component]
pub(crate) fn Gantt(run: RunView) -> impl IntoView {
    let starts = run.steps.iter().filter_map(|s| s.started_at);
    let ends = run.steps.iter().filter_map(|s| s.ended_at).chain(run.ended_at);
    let (Some(from), Some(to)) = (starts.min(), ends.max()) else { return ().into_any() };
    let scale = nice_quarters(to.unix_ms() - from.unix_ms());
    let rows = run.steps.iter().map(|step| {
        let title = run.procedure.steps.iter().find(|s| s.number == step.number).map(|s| s.title.clone());
        let bar = bar(step, from, run.ended_at, scale * 4);
        view! { <Row step=step.clone() title=title.unwrap_or_default() bar from/> }
    });
    view! {
        <section class="gantt" aria-labelledby="gantt-heading">
            <h2 id="gantt-heading">"Time per step"</h2>
            <div class="table-box" tabindex="0" role="region" aria-label="Table of the time per step">
                <table class="gantt-table">
                    <caption class="visually-hidden">
                        "Each step: when it began after the first step, and how long it took"
                    </caption>
                    <thead>
                        <tr>
                            <th scope="col">"Step"</th>
                            <th scope="col" class="gantt-axis">
                                <span class="visually-hidden">"Began, counted from the first step"</span>
                                <span class="gantt-ticks" aria-hidden="true">
                                    {(0..4).map(|i| view! { <span>{tick(scale * i)}</span> }).collect_view()}
                                    <span>{tick(scale * 4)}</span>
                                </span>
                            </th>
                            <th scope="col" class="number">"Took"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Row(step: StepRun, title: String, bar: Option<Bar>, from: Timestamp) -> impl IntoView {
    let took = match (step.started_at, step.ended_at) {
        (Some(_), Some(_)) => took(&step).unwrap_or_default(),
        (Some(_), None) => "no end known".to_owned(),
        _ => "not run".to_owned(),
    };
    let began = step.started_at.map_or("not begun".to_owned(), |at| format!("after {}", span(from, at)));
    let tone = step.state.tone();
    view! {
        <tr>
            <th scope="row">
                <span class="gantt-name">
                    <StateShape tone/>
                    <span>{format!("{} {title}", step.number)}</span>
                    <span class="visually-hidden">{step.state.word()}</span>
                </span>
            </th>
            <td class="gantt-cell">
                <span class="visually-hidden">{began}</span>
                <svg class="gantt-svg" viewBox=format!("0 0 {UNITS} 16") preserveAspectRatio="none" height="16" aria-hidden="true">
                    {(0..=4)
                        .map(|i| {
                            let x = (UNITS * i / 4).clamp(1, UNITS - 1);
                            view! { <line class="gantt-grid" x1=x x2=x y1="0" y2="16" vector-effect="non-scaling-stroke"></line> }
                        })
                        .collect_view()}
                    {bar
                        .map(|bar| {
                            view! { <rect class="gantt-bar" data-tone=tone.name() x=bar.from y="3" width=bar.width height="10"></rect> }
                        })}
                </svg>
            </td>
            <td class="number">{took}</td>
        </tr>
    }
}

fn bar(step: &StepRun, from: Timestamp, run_ended: Option<Timestamp>, whole_ms: i64) -> Option<Bar> {
    let start = step.started_at?;
    let end = step.ended_at.or(run_ended.filter(|_| step.state != StepState::Pending))?;
    let units = |ms: i64| ms.max(0) * UNITS / whole_ms.max(1);
    let x = units(start.unix_ms() - from.unix_ms()).min(UNITS - 4);
    let width = units(end.unix_ms() - start.unix_ms()).clamp(4, UNITS - x);
    Some(Bar { from: x, width })
}

/// A quarter of the axis: a round number of milliseconds, so that four of them hold the whole.
fn nice_quarters(whole_ms: i64) -> i64 {
    const STEPS: [i64; 17] = [
        50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
        3_600_000, 21_600_000,
    ];
    STEPS.into_iter().find(|s| s * 4 >= whole_ms).unwrap_or(whole_ms / 4 + 1)
}

fn tick(ms: i64) -> String {
    match ms {
        0 => "0".into(),
        1..1_000 => format!("{ms} ms"),
        1_000..60_000 if ms % 1000 != 0 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        1_000..60_000 => format!("{} s", ms / 1000),
        60_000..3_600_000 if ms % 60_000 != 0 => format!("{}.{} min", ms / 60_000, ms % 60_000 / 6_000),
        60_000..3_600_000 => format!("{} min", ms / 60_000),
        _ => format!("{}.{} h", ms / 3_600_000, ms % 3_600_000 / 360_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_holds_the_whole_run_in_round_numbers() {
        assert_eq!([nice_quarters(0), nice_quarters(11_000), nice_quarters(300_000)], [50, 5_000, 120_000]);
        assert_eq!([tick(0), tick(5_000), tick(1_500), tick(90_000)], ["0", "5 s", "1.5 s", "1.5 min"]);
    }

    #[test]
    fn a_bar_never_leaves_the_drawing_and_is_never_invisible() {
        let at = Timestamp::from_unix_ms;
        let step = |from: i64, to: i64| StepRun {
            number: 1,
            state: StepState::Running,
            attempts: 1,
            started_at: Some(at(from)),
            ended_at: Some(at(to)),
            before: Default::default(),
            retry: false,
        };
        assert_eq!(bar(&step(0, 1), at(0), None, 10_000), Some(Bar { from: 0, width: 4 }));
        assert_eq!(bar(&step(10_000, 99_000), at(0), None, 10_000), Some(Bar { from: 996, width: 4 }));
    }
}
