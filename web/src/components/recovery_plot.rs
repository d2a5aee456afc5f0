//! How long a component took to come back, each time, against what the plan promises. Draws; judges nothing but longer or not.

use leptos::prelude::*;
use shared::{api::statistics::RecoveryView, timestamp::human_seconds};

use crate::components::time::exact;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 120.0;
/// More would be thinner than a line.
const MOST: usize = 60;

fn whole(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "spans of time fit")]
    human_seconds(seconds as i64)
}

/// Of one component, oldest first.
#[component]
pub(crate) fn RecoveryPlot(name: String, times: Vec<RecoveryView>) -> impl IntoView {
    let times: Vec<_> = times.into_iter().rev().take(MOST).rev().collect();
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let took: Vec<f64> = times.iter().map(|one| one.took_seconds.max(0) as f64).collect();
    #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
    let promised = times.last().and_then(|one| one.promised_seconds).map(|seconds| seconds as f64);
    let most = took.iter().copied().chain(promised).fold(1.0_f64, f64::max);
    let y = move |value: f64| HEIGHT - (HEIGHT - 8.0) * (value / most).clamp(0.0, 1.0);
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    let step = WIDTH / times.len().max(1) as f64;
    let bars = times.iter().zip(&took).enumerate().map(|(i, (one, seconds))| {
        let late = one.promised_seconds.is_some_and(|promised| one.took_seconds.unsigned_abs() > promised);
        let tone = if late { "critical" } else { "good" };
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let x = step * i as f64;
        let (top, width) = (y(*seconds), (step * 0.8).min(40.0));
        view! {
            <rect class="plot-bar" data-tone=tone x=format!("{x:.1}") y=format!("{top:.1}") width=format!("{width:.1}") height=format!("{:.1}", HEIGHT - top)>
                <title>{format!("Incident {}, {}: {}", one.incident, exact(one.ended_at), human_seconds(one.took_seconds))}</title>
            </rect>
        }
    });
    let bars = bars.collect_view();
    let missed = times
        .iter()
        .filter(|one| one.promised_seconds.is_some_and(|promised| one.took_seconds.unsigned_abs() > promised))
        .count();
    let against = promised.map(|p| format!(", promised within {}", whole(p))).unwrap_or_default();
    let label = format!("{name} came back {} times{against}; {missed} times later than promised.", times.len());
    let rows = times.iter().rev().map(|one| {
        let promised = one.promised_seconds.map(|s| human_seconds(i64::try_from(s).unwrap_or(i64::MAX)));
        view! {
            <tr>
                <th scope="row"><a href=format!("/console/incidents/{}", one.incident)>{format!("Incident {}", one.incident)}</a></th>
                <td data-label="Over">{exact(one.ended_at)}</td>
                <td data-label="Took" class="number">{human_seconds(one.took_seconds)}</td>
                <td data-label="Promised" class="number">{promised.unwrap_or_else(|| "–".into())}</td>
            </tr>
        }
    });
    view! {
        <figure class="plot recovery-plot" data-testid="recovery-plot">
            <figcaption>{name.clone()} {against}</figcaption>
            <div class="plot-area">
                <span class="plot-top">{whole(most)}</span>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                    {bars}
                    {promised
                        .map(|promised| {
                            let at = format!("{:.1}", y(promised));
                            view! { <line class="plot-promise" x1="0" x2=WIDTH.to_string() y1=at.clone() y2=at vector-effect="non-scaling-stroke"></line> }
                        })}
                </svg>
                <span class="plot-from">"oldest"</span>
                <span class="plot-until">"newest"</span>
            </div>
            <details>
                <summary>"As a table"</summary>
                <table class="stacking">
                    <thead>
                        <tr>
                            <th scope="col">"Incident"</th>
                            <th scope="col">"Over"</th>
                            <th scope="col" class="number">"Took"</th>
                            <th scope="col" class="number">"Promised"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </details>
        </figure>
    }
}
