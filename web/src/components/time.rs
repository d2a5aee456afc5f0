//! Instants and spans as people read them, in the reader's zone. The only file of the console that asks what time it is.

use std::{cell::Cell, time::Duration};

use leptos::prelude::*;
use shared::timestamp::{Timestamp, human_seconds};
use wasm_bindgen::JsValue;

thread_local! {
    /// How far the server's clock is ahead of this machine's, in milliseconds.
    static AHEAD: Cell<f64> = const { Cell::new(0.0) };
}

/// Takes over the server's clock (an HTTP `Date`) if this machine's is clearly wrong.
pub(crate) fn sync(date: &str) {
    let ahead = js_sys::Date::parse(date) + 500.0 - js_sys::Date::now();
    if ahead.is_finite() {
        AHEAD.set(if ahead.abs() > 3000.0 { ahead } else { 0.0 });
    }
}

/// Milliseconds since the page began, for measuring how long something takes.
pub(crate) fn stopwatch() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// The present, by the server's clock.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 200 million years")]
    Timestamp::from_unix_ms((js_sys::Date::now() + AHEAD.get()) as i64)
}

#[derive(Clone, Copy)]
struct Now(RwSignal<Timestamp>);

/// Starts the one timer of the app.
pub(crate) fn provide_now() {
    let signal = RwSignal::new(now());
    provide_context(Now(signal));
    if let Ok(handle) = set_interval_with_handle(move || signal.set(now()), Duration::from_secs(1)) {
        on_cleanup(move || handle.clear());
    }
}

/// The present, once a second.
pub(crate) fn use_now() -> Signal<Timestamp> {
    use_context::<Now>().map_or_else(|| Signal::stored(now()), |now| now.0.into())
}

fn local(at: Timestamp, options: &[(&str, &str)]) -> String {
    let bag = js_sys::Object::new();
    for (key, value) in options {
        // Setting a property of a plain object cannot fail.
        let _ = js_sys::Reflect::set(&bag, &JsValue::from_str(key), &JsValue::from_str(value));
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    let date = js_sys::Date::new(&JsValue::from_f64(at.unix_ms() as f64));
    date.to_locale_string("en-GB", &bag).into()
}

/// The reader's time zone by its name, if the browser says it: "Europe/Berlin".
pub(crate) fn own_zone() -> String {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let zone = js_sys::Reflect::get(&format.resolved_options(), &JsValue::from_str("timeZone"));
    zone.ok().and_then(|zone| zone.as_string()).unwrap_or_else(|| "UTC".into())
}

/// `22 Nov 2026, 03:10:07 CET`.
pub(crate) fn exact(at: Timestamp) -> String {
    local(
        at,
        &[
            ("day", "numeric"),
            ("month", "short"),
            ("year", "numeric"),
            ("hour", "2-digit"),
            ("minute", "2-digit"),
            ("second", "2-digit"),
            ("timeZoneName", "short"),
        ],
    )
}

/// As a field for date and time has it, in the reader's zone: `2026-11-22T03:10`, with seconds if there are any.
pub(crate) fn to_local(at: Timestamp) -> String {
    let minutes = at.unix_ms() / 60_000;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    let date = js_sys::Date::new(&JsValue::from_f64(at.unix_ms() as f64));
    let text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes()
    );
    if at.unix_ms() == minutes * 60_000 { text } else { format!("{text}:{:02}", date.get_seconds()) }
}

/// What such a field says; `None` if it is not filled in.
pub(crate) fn from_local(text: &str) -> Option<Timestamp> {
    let ms = js_sys::Date::new(&JsValue::from_str(text)).get_time();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 200 million years")]
    (!text.is_empty() && ms.is_finite()).then(|| Timestamp::from_unix_ms(ms as i64))
}

/// `03:10:07`.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    local(at, &[("hour", "2-digit"), ("minute", "2-digit"), ("second", "2-digit")])
}

/// `4 min ago`, `in 2 h`, `just now`; after a month the date.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let passed = now.seconds_since(at);
    let whole = |s: i64| match s {
        0..60 => human_seconds(s),
        60..3600 => human_seconds(s / 60 * 60).replace(" 0 s", ""),
        _ => human_seconds(s),
    };
    match passed {
        -5..5 => "just now".into(),
        5..600 => format!("{} ago", short(passed)),
        600..2_592_000 => format!("{} ago", whole(passed)),
        i64::MIN..-5 if passed > -2_592_000 => format!("in {}", short(-passed)),
        _ => local(at, &[("day", "numeric"), ("month", "short"), ("year", "numeric")]),
    }
}

/// One unit below ten minutes: seconds that change while one reads them help nobody.
fn short(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 => format!("{} min", seconds / 60),
        _ => human_seconds(seconds),
    }
}

/// `12:34`, `1:02:03`, `2 d 3 h`: for counting clocks.
pub(crate) fn digits(seconds: i64) -> String {
    let s = seconds.unsigned_abs();
    match s {
        0..3600 => format!("{}:{:02}", s / 60, s % 60),
        3600..86_400 => format!("{}:{:02}:{:02}", s / 3600, s % 3600 / 60, s % 60),
        _ => human_seconds(i64::try_from(s).unwrap_or(i64::MAX)),
    }
}

/// Relative, with the exact instant and zone on hover and focus.
#[component]
pub(crate) fn Instant(#[prop(into)] at: Signal<Timestamp>) -> impl IntoView {
    let now = use_now();
    let text = Memo::new(move |_| relative(at.get(), now.get()));
    view! {
        <time class="instant" tabindex="0" datetime=move || at.get().to_string()>
            {text}
            <span class="instant-exact">{move || exact(at.get())}</span>
        </time>
    }
}

/// Date and time in the reader's zone and how long ago, with the exact instant and zone on hover. For choices and the like, where
/// nothing may take the focus from the control it stands in.
#[component]
pub(crate) fn Moment(at: Timestamp) -> impl IntoView {
    let now = use_now();
    let there = local(at, &[("day", "numeric"), ("month", "short"), ("hour", "2-digit"), ("minute", "2-digit")]);
    view! {
        <time class="moment" datetime=at.to_string() title=exact(at)>
            {there} <span class="muted">{move || format!(" ({})", relative(at, now.get()))}</span>
        </time>
    }
}
