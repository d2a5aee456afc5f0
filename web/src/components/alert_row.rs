//! One alert as a row: what it says, since when, how often, and what became of it. All that can be done to an alert is to keep it silent.

use leptos::prelude::*;
use shared::api::alert::{AlertView, Outcome};

use crate::components::{
    silence::SilenceButton,
    state_badge::{StateShape, Tone},
    time::Instant,
};

fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Shown => "no rule fits",
        Outcome::Ignored => "ignored by a rule",
        Outcome::Muted => "kept silent",
        Outcome::Declared => "declared",
        Outcome::Joined => "joined",
    }
}

#[component]
pub(crate) fn AlertRow(
    alert: AlertView,
    /// On the incident's own page it need not be named.
    #[prop(optional)]
    with_incident: bool,
) -> impl IntoView {
    let firing = alert.ended_at.is_none();
    let calm = matches!(alert.outcome, Outcome::Ignored | Outcome::Muted);
    let tone = if firing && !calm { Tone::Warning } else { Tone::Neutral };
    let loud = (firing && with_incident && !calm).then(|| alert.clone());
    let incident = alert.incident.filter(|_| with_incident);
    let labels: Vec<_> = alert.labels.into_iter().collect();
    let heard = match alert.n_heard {
        1 => String::new(),
        n => format!(" · heard {n} times"),
    };
    view! {
        <li class="row alert-row" data-testid="alert" data-firing=firing.to_string()>
            <span class="badge" data-tone=tone.name()>
                <StateShape tone/>
                {if firing { "Firing" } else { "Ended" }}
            </span>
            <span class="row-main">
                {match alert.url {
                    Some(url) => {
                        view! { <a class="alert-title" href=url rel="noopener noreferrer" target="_blank">{alert.title}</a> }.into_any()
                    }
                    None => view! { <b>{alert.title}</b> }.into_any(),
                }}
                {alert.text.map(|text| view! { <span class="row-meta alert-text">{text}</span> })}
                {(!labels.is_empty())
                    .then(|| {
                        view! {
                            <span class="alert-labels">
                                {labels
                                    .into_iter()
                                    .map(|(name, value)| view! { <code>{format!("{name}={value}")}</code> })
                                    .collect_view()}
                            </span>
                        }
                    })}
                <span class="row-meta">
                    {format!("{}{heard} · {}", alert.source, outcome_words(alert.outcome))}
                    {incident
                        .map(|n| view! { " " <a href=format!("/console/incidents/{n}")>{format!("incident {n}")}</a> })}
                </span>
            </span>
            <span class="row-side">
                <Instant at=alert.first_at/>
                {alert.ended_at.map(|at| view! { <span class="row-meta">"ended " <Instant at/></span> })}
                {loud.map(|alert| view! { <SilenceButton alert/> })}
            </span>
        </li>
    }
}
