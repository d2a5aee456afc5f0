//! A clock people watch: counts, turns amber at three quarters and red when passed. The rule is `shared`'s; this only shows it.

use leptos::prelude::*;
use shared::{domain::clock::Clock, domain::clock::ClockState, timestamp::human_seconds};

use crate::components::{
    state_badge::{Look, StateShape},
    time::{digits, exact, use_now},
};

/// The time left as digits, what it is for, and what was promised.
#[component]
pub(crate) fn ClockFace(#[prop(into)] clock: Signal<Clock>) -> impl IntoView {
    let now = use_now();
    let state = Memo::new(move |_| clock.with(|c| c.state(now.get())));
    let face = Memo::new(move |_| {
        clock.with(|c| {
            let used = c.used_seconds(now.get());
            let limit = i64::try_from(c.limit_seconds).unwrap_or(i64::MAX);
            match state.get() {
                ClockState::Running | ClockState::Close => digits(limit - used),
                ClockState::Overdue => format!("+{}", digits(used - limit)),
                ClockState::Met | ClockState::Missed => human_seconds(used),
            }
        })
    });
    let words = move || match state.get() {
        ClockState::Running => "left",
        ClockState::Close => "left, nearly due",
        ClockState::Overdue => "overdue",
        ClockState::Met => "in time",
        ClockState::Missed => "late",
    };
    let promised = move || clock.with(|c| limit_words(c.limit_seconds));
    let due = move || clock.with(|c| format!("Due {}", exact(c.due_at())));
    view! {
        <div class="clock" data-tone=move || state.get().tone().name() data-testid="clock">
            <span class="clock-label">{move || clock.with(|c| c.label.clone())}</span>
            <span class="clock-face">
                <StateShape tone=Signal::derive(move || state.get().tone())/>
                <span class="clock-digits">{face}</span>
                <span class="clock-words">{words}</span>
            </span>
            <span class="clock-limit" tabindex="0">
                {promised}
                <span class="instant-exact">{due}</span>
            </span>
        </div>
    }
}

/// What a plan promises, in words.
pub(crate) fn limit_words(seconds: u64) -> String {
    if seconds == 0 {
        "promised: at once".into()
    } else {
        format!("promised: {}", human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))
    }
}

/// The clock that presses most, for a row of a list.
#[component]
pub(crate) fn NextClock(#[prop(into)] clocks: Signal<Vec<Clock>>) -> impl IntoView {
    let now = use_now();
    let next = Memo::new(move |_| {
        let now = now.get();
        clocks.with(|clocks| {
            let running = clocks.iter().filter(|c| c.stopped_at.is_none()).min_by_key(|c| c.due_at()).cloned();
            running.map(|clock| {
                let left = clock.due_at().seconds_since(now);
                let face = if left >= 0 { format!("{} left", digits(left)) } else { format!("{} over", digits(left)) };
                (clock.label.clone(), clock.state(now), face)
            })
        })
    });
    move || {
        next.get().map(|(label, state, face)| {
            view! {
                <span class="next-clock" data-tone=state.tone().name()>
                    <StateShape tone=state.tone()/>
                    <span class="next-clock-label">{label}</span>
                    <span class="clock-digits">{face}</span>
                </span>
            }
        })
    }
}
