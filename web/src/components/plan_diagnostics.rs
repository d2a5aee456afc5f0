//! What the compiler says about a text that is being typed; each finding leads to its place. Judges nothing itself.

use leptos::prelude::*;
use shared::plan::{Diagnostic, Severity};

use crate::components::{plan_findings::look, state_badge::StateShape, step_words::count};

#[component]
pub(crate) fn PlanDiagnostics(
    #[prop(into)] diagnostics: Signal<Vec<Diagnostic>>,
    /// Puts the cursor on a line and column.
    on_place: Callback<(u32, u32)>,
) -> impl IntoView {
    let of = move |severity| diagnostics.with(|all| all.iter().filter(|d| d.severity == severity).count());
    let said = move || {
        let parts = [
            (of(Severity::Error), "error", "errors"),
            (of(Severity::Warning), "warning", "warnings"),
            (of(Severity::Notice), "notice", "notices"),
        ];
        let some = parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| count(n, one, many));
        let some = some.collect::<Vec<_>>().join(", ");
        if some.is_empty() { "It understands every part it reads.".to_owned() } else { format!("{some}.") }
    };
    view! {
        <p class="muted" role="status" data-testid="plan-said">{said}</p>
        <ul class="findings">
            {move || diagnostics.get().into_iter().map(|d| view! { <Finding d on_place/> }).collect_view()}
        </ul>
    }
}

#[component]
fn Finding(d: Diagnostic, on_place: Callback<(u32, u32)>) -> impl IntoView {
    let (tone, word) = look(d.severity);
    let (line, column) = (d.line, d.column);
    view! {
        <li class="finding">
            <StateShape tone/>
            <p>
                <button type="button" class="link line-link" on:click=move |_| on_place.run((line, column))>
                    {format!("Line {line}")} <span class="visually-hidden">{format!(", column {column}: to the text")}</span>
                </button>
                " " <b>{word} ": "</b> {d.message} " " <code class="muted">{d.code}</code>
            </p>
        </li>
    }
}
