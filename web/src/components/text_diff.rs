//! Two texts line by line on the screen: both line numbers, a sign, the text. What differs was found by `shared`.

use leptos::prelude::*;
use shared::domain::text_diff::{DiffLine, Hunk, LineKind};

#[component]
pub(crate) fn TextDiff(
    hunks: Vec<Hunk>,
    /// What is compared, for those who cannot see it: "Version 3 and version 4, line by line".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    if hunks.is_empty() {
        return view! { <p class="muted">"The texts are the same, byte for byte."</p> }.into_any();
    }
    let (added, removed) = count(&hunks);
    let hunks = hunks.into_iter().map(|hunk| {
        view! { <div class="diff-hunk">{hunk.lines.into_iter().map(|line| view! { <Line line/> }).collect_view()}</div> }
    });
    view! {
        <p class="diff-count">
            <span class="diff-added">{format!("+{added}")}</span> " "
            <span class="diff-removed">{format!("−{removed}")}</span> " lines"
        </p>
        <div class="diff" role="region" aria-label=label tabindex="0">{hunks.collect_view()}</div>
    }
    .into_any()
}

/// Lines that came and lines that went.
pub(crate) fn count(hunks: &[Hunk]) -> (usize, usize) {
    let of = |kind| hunks.iter().flat_map(|h| &h.lines).filter(|l| l.kind == kind).count();
    (of(LineKind::Added), of(LineKind::Removed))
}

#[component]
fn Line(line: DiffLine) -> impl IntoView {
    let number = |n: Option<u32>| n.map(|n| n.to_string());
    // The end of a line shows only where it is all that differs, or might be.
    let (text, end) = match line.text.strip_suffix('\r') {
        Some(text) if line.kind != LineKind::Same => (text.to_owned(), Some("␍")),
        Some(text) => (text.to_owned(), None),
        None => (line.text.clone(), line.unended.then_some("no line end")),
    };
    let text =
        view! { <code class="diff-text">{text} {end.map(|end| view! { <span class="diff-end">{end}</span> })}</code> };
    let (kind, sign, text) = match line.kind {
        LineKind::Same => ("same", "", text.into_any()),
        LineKind::Removed => ("removed", "−", view! { <del>{text}</del> }.into_any()),
        LineKind::Added => ("added", "+", view! { <ins>{text}</ins> }.into_any()),
    };
    view! {
        <div class="diff-line" data-kind=kind>
            <span class="diff-number">{number(line.old)}</span>
            <span class="diff-number">{number(line.new)}</span>
            <span class="diff-sign" aria-hidden="true">{sign}</span>
            {text}
        </div>
    }
}
