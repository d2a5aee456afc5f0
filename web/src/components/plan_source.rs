//! The text of a plan, line by line, each with an address of its own (`#line-12`). Shown as written, never rendered.

use leptos::prelude::*;

#[component]
pub(crate) fn PlanSource(source: String, #[prop(into)] marked: Signal<Option<u32>>) -> impl IntoView {
    let lines = (1_u32..)
        .zip(source.lines())
        .map(|(number, text)| {
            view! {
                <div class="source-line" id=format!("line-{number}") data-marked=move || (marked.get() == Some(number)).then_some("")>
                    <a class="source-number" href=format!("#line-{number}") tabindex="-1">{number}</a>
                    <code class="source-text">{text.to_owned()}</code>
                </div>
            }
        })
        .collect_view();
    view! {
        <section class="source" aria-labelledby="source">
            <h2 id="source">"The text"</h2>
            <div class="source-box">{lines}</div>
        </section>
    }
}
