//! What the compiler has to say about a plan: gaps and diagnostics, each with its line. Judges nothing itself.

use leptos::prelude::*;
use shared::plan::{Diagnostic, Gap, Severity};

use crate::components::{
    plan_overview::LineLink,
    state_badge::{StateShape, Tone},
};

#[component]
pub(crate) fn PlanFindings(diagnostics: Vec<Diagnostic>, gaps: Vec<Gap>) -> impl IntoView {
    let mut diagnostics = diagnostics;
    diagnostics.sort_by_key(|d| (d.severity, d.line, d.column));
    let no_gap = gaps.is_empty();
    let no_word = diagnostics.is_empty();
    let gaps = gaps.into_iter().map(|gap| {
        view! {
            <li class="finding">
                <StateShape tone=Tone::Warning/>
                <p>{gap.message} " " {gap.line.map(|line| view! { <LineLink line/> })} " " <code class="muted">{gap.code}</code></p>
            </li>
        }
    });
    let diagnostics = diagnostics.into_iter().map(|d| {
        let (tone, word) = look(d.severity);
        view! {
            <li class="finding">
                <StateShape tone/>
                <p>
                    <b>{word} ": "</b> {d.message} " " <LineLink line=d.line/> {format!(", column {} ", d.column)}
                    <code class="muted">{d.code}</code>
                </p>
            </li>
        }
    });
    view! {
        <section aria-labelledby="gaps">
            <h2 id="gaps">"Gaps"</h2>
            {no_gap.then(|| view! { <p class="muted">"The plan shows how it keeps everything it promises."</p> })}
            <ul class="findings">{gaps.collect_view()}</ul>
        </section>
        <section aria-labelledby="diagnostics">
            <h2 id="diagnostics">"Diagnostics"</h2>
            {no_word.then(|| view! { <p class="muted">"The compiler understood every part it reads."</p> })}
            <ul class="findings">{diagnostics.collect_view()}</ul>
        </section>
    }
}

pub(crate) fn look(severity: Severity) -> (Tone, &'static str) {
    match severity {
        Severity::Error => (Tone::Critical, "Error"),
        Severity::Warning => (Tone::Warning, "Warning"),
        Severity::Notice => (Tone::Notice, "Notice"),
    }
}
