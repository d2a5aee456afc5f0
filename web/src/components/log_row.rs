//! One line of a run's output: its number as a link, its step, its text in pieces. Knows nothing about other lines.

use leptos::prelude::*;
use shared::api::run::OutputLine;

use crate::components::log_pieces::pieces;

/// A line that is not here yet keeps its place.
#[component]
pub(crate) fn LogGap(number: i64) -> impl IntoView {
    view! {
        <div class="log-row" data-missing="">
            <a class="log-number" href=format!("#L{number}") data-noscroll="" tabindex="-1">
                {number}
            </a>
        </div>
    }
}

#[component]
pub(crate) fn LogRow(line: OutputLine, needle: String, #[prop(into)] marked: Signal<Option<i64>>) -> impl IntoView {
    let number = line.line;
    let attempt = if line.attempt > 1 { format!(", attempt {}", line.attempt) } else { String::new() };
    let where_from = format!("Step {}{attempt}, {}", line.step, line.at.utc_text());
    let text: Vec<_> = pieces(&line.text, &needle)
        .into_iter()
        .map(|piece| {
            if piece.hit {
                view! { <mark class=piece.classes>{piece.text}</mark> }.into_any()
            } else if piece.classes.is_empty() {
                piece.text.into_any()
            } else {
                view! { <span class=piece.classes>{piece.text}</span> }.into_any()
            }
        })
        .collect();
    view! {
        <div class="log-row" data-stream=line.stream.name() data-marked=move || (marked.get() == Some(number)).then_some("")>
            // Not in the tab order: eighty stops would stand between the box and what follows it.
            <a class="log-number" href=format!("#L{number}") data-noscroll="" tabindex="-1" title=where_from>
                {number}
            </a>
            <span class="log-step">{line.step}</span>
            <span class="log-text">{text}</span>
        </div>
    }
}
