//! The field a plan is typed into: line numbers, marks where the compiler has something to say, and a way to put the cursor on a
//! line. A plain text area does the typing, so that undo, selection, spelling and every aid of the browser work; Tab leaves it.

use std::collections::BTreeMap;

use leptos::{html, prelude::*};
use shared::plan::{Diagnostic, Severity};

use crate::components::{line_ends::place, plan_text::PlanText};

/// Where the cursor is to go: line and column, from 1.
pub(crate) type Jump = RwSignal<Option<(u32, u32)>>;

#[component]
pub(crate) fn PlanPad(text: PlanText, #[prop(into)] diagnostics: Signal<Vec<Diagnostic>>, jump: Jump) -> impl IntoView {
    let node = NodeRef::<html::Textarea>::new();
    let numbers = NodeRef::<html::Pre>::new();
    let scrolled = RwSignal::new(0);
    let at = RwSignal::new((1_u32, 1_u32));
    let lines = Memo::new(move |_| text.text.with(|text| text.matches('\n').count() + 1));
    let column = move || (1..=lines.get()).map(|n| format!("{n}\n")).collect::<String>();
    // The worst of each line.
    let marks = Memo::new(move |_| {
        let mut worst = BTreeMap::<u32, Severity>::new();
        diagnostics.with(|all| {
            for d in all {
                let known = worst.entry(d.line).or_insert(d.severity);
                *known = (*known).min(d.severity);
            }
        });
        worst.into_iter().collect::<Vec<_>>()
    });
    let find_cursor = move || {
        if let Some(field) = node.get_untracked() {
            let start = field.selection_start().ok().flatten().unwrap_or(0);
            at.set(text.text.with_untracked(|text| line_and_column(text, start)));
        }
    };
    Effect::new(move |_| {
        let (Some((line, column)), Some(field)) = (jump.get(), node.get_untracked()) else { return };
        let start = text.text.with_untracked(|text| place(text, line, column));
        // A text area that is on the page can be focused and takes any place.
        let _ = field.focus();
        let _ = field.set_selection_range(start, start);
        let all = i32::try_from(lines.get_untracked()).unwrap_or(1);
        let row = numbers.get_untracked().map_or(0, |numbers| numbers.offset_height()) / all.max(1);
        let line = i32::try_from(line).unwrap_or(1);
        field.set_scroll_top(((line - 1) * row - field.client_height() / 3).max(0));
        at.set((line.unsigned_abs(), column));
        jump.set(None);
    });
    view! {
        <div class="pad">
            <div class="pad-gutter" aria-hidden="true">
                <div class="pad-numbers" style:transform=move || format!("translateY({}px)", -scrolled.get())>
                    <pre node_ref=numbers>{column}</pre>
                    {move || {
                        marks
                            .get()
                            .into_iter()
                            .map(|(line, severity)| {
                                view! { <span class="pad-mark" data-severity=name(severity) style:top=format!("calc({} * var(--row))", line.saturating_sub(1))></span> }
                            })
                            .collect_view()
                    }}
                </div>
            </div>
            <textarea
                node_ref=node
                id="plan-text"
                class="pad-text"
                data-testid="plan-text"
                wrap="off"
                spellcheck="false"
                autocapitalize="off"
                autocomplete="off"
                aria-describedby="plan-keys"
                prop:value=text.text
                on:input=move |event| {
                    text.typed(event_target_value(&event));
                    find_cursor();
                }
                on:scroll=move |_| {
                    if let Some(field) = node.get_untracked() {
                        scrolled.set(field.scroll_top());
                    }
                }
                on:click=move |_| find_cursor()
                on:keyup=move |_| find_cursor()
            ></textarea>
            <p class="pad-foot" id="plan-keys">
                <span class="pad-at">{move || { let (line, column) = at.get(); format!("Line {line} of {}, column {column}", lines.get()) }}</span>
                <span><kbd>"Tab"</kbd> " leaves the text, " <kbd>"Ctrl"</kbd> "+" <kbd>"S"</kbd> " saves"</span>
            </p>
        </div>
    }
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    }
}

/// Of a place in UTF-16 units.
fn line_and_column(text: &str, place: u32) -> (u32, u32) {
    let (mut line, mut column, mut units) = (1, 1, 0);
    for c in text.chars() {
        if units >= place {
            break;
        }
        units += if c as u32 > 0xffff { 2 } else { 1 };
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_told_as_the_compiler_counts() {
        let text = "one\n😀é\n";
        for (units, expected) in
            [(0, (1, 1)), (3, (1, 4)), (4, (2, 1)), (6, (2, 2)), (7, (2, 3)), (8, (3, 1)), (99, (3, 1))]
        {
            assert_eq!(line_and_column(text, units), expected, "{units}");
            if units < 9 {
                assert_eq!(place(text, expected.0, expected.1), units);
            }
        }
    }
}
