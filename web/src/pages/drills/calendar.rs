//! One month as a table: what comes due on which day, what was done, which days are blocked. In UTC, as the rules count.

use leptos::prelude::*;
use shared::{api::drill::DrillsView, timestamp::Timestamp};

use crate::components::{
    button::Button,
    state_badge::{StateShape, Tone},
    time::now,
};

const DAY: i64 = 86_400_000;
const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Days since 1970, of the first of the month so many months from the one that `today` is in; and its name.
fn first_of(today: i64, months: i32) -> (i64, String) {
    let at = |day: i64| Timestamp::from_unix_ms(day * DAY).inner();
    let first = |day: i64| day - i64::from(at(day).day()) + 1;
    let mut day = first(today);
    for _ in 0..months.unsigned_abs() {
        day = first(if months > 0 { day + 31 } else { day - 1 });
    }
    (day, format!("{} {}", at(day).month(), at(day).year()))
}

#[derive(Clone, PartialEq)]
struct Mark {
    tone: Tone,
    text: String,
}

#[derive(Clone, PartialEq)]
struct Day {
    /// Since 1970.
    n: i64,
    /// Of the month.
    number: i64,
    blocked: Option<String>,
    marks: Vec<Mark>,
}

fn month(view: &DrillsView, first: i64, next: i64) -> Vec<Day> {
    let day_of = |at: Timestamp| at.unix_ms().div_euclid(DAY);
    (first..next)
        .map(|n| {
            let mut marks = vec![];
            for one in view.schedules.iter().filter(|s| day_of(s.due_at) == n) {
                let tone = if one.overdue { Tone::Critical } else { Tone::Notice };
                let word = if one.overdue { "overdue" } else { "due" };
                marks.push(Mark { tone, text: format!("{} ({word})", one.title) });
            }
            for one in view.drills.iter().filter(|d| day_of(d.begun_at) == n) {
                let (tone, word) = match (one.ended_at, one.recovered_seconds) {
                    (None, _) => (Tone::Active, "goes on"),
                    (Some(_), Some(_)) => (Tone::Good, "done"),
                    (Some(_), None) => (Tone::Warning, "not finished"),
                };
                marks.push(Mark { tone, text: format!("{} ({word})", one.title) });
            }
            let (from, until) = (n * DAY, (n + 1) * DAY);
            let covers =
                |w: &&shared::api::drill::DrillWindowView| w.from_at.unix_ms() < until && from < w.until_at.unix_ms();
            Day { n, number: n - first + 1, blocked: view.windows.iter().find(covers).map(|w| w.reason.clone()), marks }
        })
        .collect()
}

#[component]
pub(super) fn Month(view: Signal<DrillsView>) -> impl IntoView {
    let away = RwSignal::new(0_i32);
    let today = now().unix_ms().div_euclid(DAY);
    let shown = Memo::new(move |_| {
        let (first, name) = first_of(today, away.get());
        let (next, _) = first_of(today, away.get() + 1);
        (first, name, view.with(|v| month(v, first, next)))
    });
    let name = move || shown.with(|(_, name, _)| name.clone());
    let weeks = move || {
        shown.with(|(first, _, days)| {
            // The first of 1970 was a Thursday.
            let before = usize::try_from((first + 3).rem_euclid(7)).unwrap_or_default();
            let mut cells: Vec<Option<Day>> = vec![None; before];
            cells.extend(days.iter().cloned().map(Some));
            while !cells.len().is_multiple_of(7) {
                cells.push(None);
            }
            cells.chunks(7).map(<[Option<Day>]>::to_vec).collect::<Vec<_>>()
        })
    };
    view! {
        <section aria-labelledby="drills-month" data-testid="drill-calendar">
            <div class="drill-month-head">
                <h2 id="drills-month" aria-live="polite">{name}</h2>
                <div class="button-row">
                    <Button on_press=move |()| away.update(|n| *n -= 1) test_id="drill-month-before">"Month before"</Button>
                    <Button on_press=move |()| away.set(0)>"This month"</Button>
                    <Button on_press=move |()| away.update(|n| *n += 1) test_id="drill-month-after">"Month after"</Button>
                </div>
            </div>
            <table class="drill-month">
                <thead>
                    <tr>{NAMES.map(|name| view! { <th scope="col">{name}</th> }).collect_view()}</tr>
                </thead>
                <tbody>
                    {move || {
                        weeks()
                            .into_iter()
                            .map(|week| {
                                view! { <tr>{week.into_iter().map(|day| view! { <Cell day today/> }).collect_view()}</tr> }
                            })
                            .collect_view()
                    }}
                </tbody>
            </table>
            <p class="hint">"Days in UTC."</p>
        </section>
    }
}

#[component]
fn Cell(day: Option<Day>, today: i64) -> impl IntoView {
    let Some(day) = day else { return view! { <td class="drill-no-day"></td> }.into_any() };
    let blocked = day.blocked.is_some();
    let quiet = day.marks.is_empty() && !blocked;
    view! {
        <td
            class="drill-day"
            class:drill-today=day.n == today
            class:drill-blocked=blocked
            class:drill-quiet=quiet
            aria-current=(day.n == today).then_some("date")
        >
            <span class="drill-number">{day.number}</span>
            {day.blocked.map(|why| view! { <span class="drill-mark">"No drills: " {why}</span> })}
            {day
                .marks
                .into_iter()
                .map(|mark| view! { <span class="drill-mark" data-tone=mark.tone.name()><StateShape tone=mark.tone/> {mark.text}</span> })
                .collect_view()}
        </td>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_the_calendar_says() {
        assert_eq!((first_of(0, 0).0, first_of(11_047, 0).0, first_of(11_016, 1).0), (0, 11_017, 11_017));
        assert_eq!(first_of(11_017, -1), (10_988, "February 2000".into()));
        assert_eq!(first_of(20_784, 0), (20_758, "November 2026".into()));
        assert_eq!(first_of(20_784, 2).1, "January 2027");
        assert_eq!(first_of(20_784, -11).1, "December 2025");
    }
}
