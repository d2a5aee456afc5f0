//! What a monitor found over time: its value or the time its checks took, and where they were bad. Draws; judges nothing.

use leptos::prelude::*;
use shared::{
    domain::monitor::{Baseline, Bucket, Check, Span},
    timestamp::{Timestamp, human_seconds},
};

use crate::components::time::{exact, now};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 160.0;

/// A value as its axis and its hints write it; of a check that finds none, how long it took.
fn said(check: &Check, value: f64) -> String {
    if check.unit().is_some() { check.amount(value) } else { format!("{} ms", value.round()) }
}

/// Where what was usual is, and what is said of it.
fn usual(check: &Check, baseline: Option<Baseline>, y: impl Fn(f64) -> f64) -> Option<(f64, f64, f64, String)> {
    let Baseline { usual, worse, hours } = baseline?;
    let (top, bottom) = (y(usual.max(worse)), y(usual.min(worse)));
    let words = format!(
        "The grey band is what is usual, made of {hours} hours: {} in the middle, {} in all but 5 of 100.",
        said(check, usual),
        said(check, worse)
    );
    Some((top, (bottom - top).max(1.0), y(usual), words))
}

/// Of a bucket: what is drawn, and the least and the most of it.
fn level(check: &Check, bucket: &Bucket) -> Option<(f64, f64, f64)> {
    let valued = check.unit().is_some() && !check.is_timed();
    match (valued, bucket.value) {
        (true, Some(value)) => Some((value, bucket.value_least.unwrap_or(value), bucket.value_most.unwrap_or(value))),
        (true, None) => None,
        (false, _) => Some((bucket.took_ms, bucket.took_ms, f64::from(bucket.took_most_ms))),
    }
}

#[component]
pub(crate) fn MonitorPlot(check: Check, span: Span, buckets: Vec<Bucket>, baseline: Option<Baseline>) -> impl IntoView {
    let until = now();
    let seconds = span.shown_seconds();
    let from = buckets.first().map_or(until, |first| first.at);
    // A young monitor fills the width, not a sliver of it.
    let shown = u64::try_from(until.seconds_since(from)).unwrap_or(seconds).clamp(600, seconds);
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let x = move |at: Timestamp| WIDTH * (1.0 - until.seconds_since(at) as f64 / shown as f64).clamp(0.0, 1.0);
    let levels: Vec<_> = buckets.iter().filter_map(|b| level(&check, b).map(|level| (b.at, level))).collect();
    let most = levels.iter().map(|(_, (.., most))| *most).fold(0.0_f64, f64::max);
    let most = baseline.map_or(most, |b| most.max(b.usual).max(b.worse)).max(f64::MIN_POSITIVE);
    let y = move |value: f64| HEIGHT - (HEIGHT - 8.0) * (value / most).clamp(0.0, 1.0);
    let usual = usual(&check, baseline, y);
    let usual_words = usual.as_ref().map(|(.., words)| words.clone());
    let usual = usual.map(|(top, height, line, _)| {
        let (line, width) = (format!("{line:.1}"), WIDTH.to_string());
        view! {
            <rect class="plot-usual" x="0" y=format!("{top:.1}") width=width.clone() height=format!("{height:.1}")></rect>
            <line class="plot-usual-line" x1="0" x2=width y1=line.clone() y2=line vector-effect="non-scaling-stroke"></line>
        }
    });
    let line = levels.iter().map(|(at, (value, ..))| format!("{:.1},{:.1}", x(*at), y(*value)));
    let line = line.collect::<Vec<_>>().join(" ");
    let upper = levels.iter().map(|(at, (_, _, most))| format!("{:.1},{:.1}", x(*at), y(*most)));
    let lower = levels.iter().rev().map(|(at, (_, least, _))| format!("{:.1},{:.1}", x(*at), y(*least)));
    let band = upper.chain(lower).collect::<Vec<_>>().join(" ");
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let width = (WIDTH * f64::from(span.seconds()) / shown as f64).max(2.0);
    let bars = buckets.iter().filter(|b| b.n_bad + b.n_warning > 0).map(|b| {
        let (tone, n) = if b.n_bad > 0 { ("critical", b.n_bad) } else { ("warning", b.n_warning) };
        let words = if b.n_bad > 0 { "bad" } else { "early warning" };
        view! {
            <rect class="plot-bar" data-tone=tone x=format!("{:.1}", x(b.at)) y="0" width=format!("{width:.1}") height=HEIGHT.to_string()>
                <title>{format!("{}: {n} of {} checks {words}", exact(b.at), b.n)}</title>
            </rect>
        }
    });
    let bars = bars.collect_view();
    let what = if check.unit().is_some() && !check.is_timed() { "Value" } else { "Time a check took" };
    let n_bad: u32 = buckets.iter().map(|b| b.n_bad).sum();
    let n: u32 = buckets.iter().map(|b| b.n).sum();
    let last = levels.last().map(|(_, (value, ..))| said(&check, *value)).unwrap_or_default();
    let summary = format!("{what}: {last} at the end, at most {}. {n_bad} of {n} checks were bad.", said(&check, most));
    let begins = human_seconds(i64::try_from(shown).unwrap_or_default());
    view! {
        <figure class="plot">
            <figcaption>{what} ", the darker line on average, the band from least to most. " {usual_words}</figcaption>
            <div class="plot-area">
                <span class="plot-top">{said(&check, most)}</span>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=summary>
                    {usual}
                    {bars}
                    <polygon class="plot-band" points=band></polygon>
                    <polyline class="plot-line" points=line vector-effect="non-scaling-stroke"></polyline>
                </svg>
                <span class="plot-from">{begins} " ago"</span>
                <span class="plot-until">"now"</span>
            </div>
        </figure>
    }
}
