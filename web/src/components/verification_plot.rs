//! How long restoring took and what would have been lost, trial by trial. Draws; judges nothing.

use leptos::prelude::*;
use shared::{api::verification::VerificationView, domain::verification::State, timestamp::human_seconds};

use crate::components::time::exact;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 120.0;
/// Between two trials.
const GAP: f64 = 2.0;

/// What one trial comes to, oldest first; `None`: it was not measured.
struct Trial {
    at: String,
    failed: bool,
    seconds: Option<f64>,
}

fn said(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    #[expect(clippy::cast_possible_truncation, reason = "spans of time fit")]
    human_seconds(seconds.round() as i64)
}

#[component]
pub(crate) fn VerificationPlot(items: Vec<VerificationView>) -> impl IntoView {
    let over: Vec<_> = items.iter().rev().filter(|one| matches!(one.state, State::Verified | State::Failed)).collect();
    if over.len() < 2 {
        return None;
    }
    let trial = |one: &&VerificationView, of: fn(&VerificationView) -> Option<f64>| Trial {
        at: exact(one.ended_at.unwrap_or(one.asked_at)),
        failed: one.state == State::Failed,
        seconds: of(one),
    };
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let restored = |one: &VerificationView| {
        let all: Vec<_> = one.found.iter().filter_map(|found| found.restored_ms).collect();
        (!all.is_empty()).then(|| all.iter().sum::<u64>() as f64 / 1000.0)
    };
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let lost =
        |one: &VerificationView| one.found.iter().filter_map(|found| found.loss_seconds).max().map(|loss| loss as f64);
    let (restoring, losing): (Vec<_>, Vec<_>) =
        (over.iter().map(|one| trial(one, restored)).collect(), over.iter().map(|one| trial(one, lost)).collect());
    Some(view! {
        <div class="verification-plots">
            <Bars what="Time to restore" trials=restoring/>
            <Bars what="What would have been lost" trials=losing/>
        </div>
    })
}

#[component]
fn Bars(what: &'static str, trials: Vec<Trial>) -> impl IntoView {
    let most = trials.iter().filter_map(|trial| trial.seconds).fold(0.0_f64, f64::max).max(f64::MIN_POSITIVE);
    #[expect(clippy::cast_precision_loss, reason = "there are some dozens")]
    let width = WIDTH / trials.len() as f64;
    let last = trials.iter().rev().find_map(|trial| trial.seconds).map(said).unwrap_or_else(|| "nothing".into());
    let failed = trials.iter().filter(|trial| trial.failed).count();
    let summary =
        format!("{what}: {last} at the end, at most {}. {failed} of {} trials failed.", said(most), trials.len());
    let (from, until) = (trials.first().map(|t| t.at.clone()), trials.last().map(|t| t.at.clone()));
    let bars = trials.into_iter().enumerate().map(|(n, trial)| {
        #[expect(clippy::cast_precision_loss, reason = "there are some dozens")]
        let x = width * n as f64;
        let height = match (trial.failed, trial.seconds) {
            // What failed is seen whatever it took.
            (true, _) => HEIGHT,
            (false, seconds) => (HEIGHT * seconds.unwrap_or_default() / most).max(2.0),
        };
        let tone = if trial.failed { "critical" } else { "active" };
        let words = match (trial.failed, trial.seconds) {
            (true, _) => "failed".to_owned(),
            (false, seconds) => seconds.map_or_else(|| "not measured".into(), said),
        };
        view! {
            <rect
                class="plot-bar"
                data-tone=tone
                x=format!("{x:.1}")
                y=format!("{:.1}", HEIGHT - height)
                width=format!("{:.1}", (width - GAP).max(1.0))
                height=format!("{height:.1}")
            >
                <title>{format!("{}: {words}", trial.at)}</title>
            </rect>
        }
    });
    view! {
        <figure class="plot">
            <figcaption>{what} ", trial by trial"</figcaption>
            <div class="plot-area">
                <span class="plot-top">{said(most)}</span>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=summary>
                    {bars.collect_view()}
                </svg>
                <span class="plot-from">{from}</span>
                <span class="plot-until">{until}</span>
            </div>
        </figure>
    }
}
