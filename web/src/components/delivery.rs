//! What became of a message: its state in a word, its log in lines. Sends nothing.

use leptos::prelude::*;
use shared::{api::contact::DeliveryView, domain::outbox::MessageState, timestamp::Timestamp};

use crate::components::{
    state_badge::{Look, Tone},
    time::Instant,
};

impl Look for MessageState {
    fn tone(&self) -> Tone {
        match self {
            Self::Queued | Self::Sending => Tone::Active,
            Self::Sent => Tone::Good,
            Self::MaybeSent => Tone::Warning,
            Self::Failed => Tone::Critical,
            Self::Kept => Tone::Notice,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Sending => "Being sent",
            Self::Sent => "Sent",
            Self::MaybeSent => "Maybe sent",
            Self::Failed => "Failed",
            Self::Kept => "Not sent",
        }
    }
}

/// The log behind a summary, oldest first.
#[component]
pub(crate) fn DeliveryLog(log: Vec<DeliveryView>, next_at: Option<Timestamp>) -> impl IntoView {
    let lines = log.into_iter().map(|DeliveryView { event, at, said }| {
        view! {
            <li>
                {event.words()} " " <Instant at/>
                {(!said.is_empty()).then(|| view! { <span class="hint">" " {said}</span> })}
            </li>
        }
    });
    view! {
        <details>
            <summary class="hint">"What happened to it"</summary>
            <ol class="row-meta">
                {lines.collect_view()}
                {next_at.map(|at| view! { <li>"Next attempt " <Instant at/></li> })}
            </ol>
        </details>
    }
}
