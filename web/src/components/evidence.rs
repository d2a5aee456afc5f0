//! What people can go by who must say what became of a step: when it was begun, with which facts, what its objects look like. Asks nothing.

use leptos::prelude::*;
use shared::api::run::RunView;

use crate::components::{
    icon::{Icon, Svg},
    time::Instant,
};

#[component]
pub(crate) fn Evidence(run: Signal<RunView>, step: Memo<u32>) -> impl IntoView {
    let begun = Memo::new(move |_| run.with(|r| r.steps.iter().find(|s| s.number == step.get()).cloned()));
    let source = Memo::new(move |_| {
        run.with(|r| r.procedure.steps.iter().find(|s| s.number == step.get()).map(|s| (s.source.clone(), s.line)))
    });
    let effect = Memo::new(move |_| {
        let resolved = |r: &RunView| {
            r.resolution.as_ref()?.steps.iter().find(|s| s.number == step.get()).map(|s| s.effect.clone())
        };
        run.with(resolved)
    });
    let seen = Memo::new(move |_| run.with(|r| r.question.as_ref().map(|q| q.seen.clone()).unwrap_or_default()));
    let plan = run.with_untracked(|r| format!("/console/plan/{}/versions/{}", r.system, r.plan_version));
    view! {
        <dl class="evidence" data-testid="evidence">
            {move || effect.get().map(|effect| view! { <div><dt>"Meant"</dt><dd>{effect}</dd></div> })}
            {move || {
                let plan = plan.clone();
                source
                    .get()
                    .filter(|(source, _)| !source.is_empty())
                    .map(|(source, line)| {
                        view! {
                            <div>
                                <dt>"As the plan has it"</dt>
                                <dd><code>{source}</code> " " <a href=format!("{plan}#line-{line}")>{format!("line {line}")}</a></dd>
                            </div>
                        }
                    })
            }}
            {move || {
                begun
                    .get()
                    .and_then(|step| {
                        let at = step.started_at?;
                        let tried = if step.attempts > 1 { format!(", attempt {}", step.attempts) } else { String::new() };
                        Some(view! { <div><dt>"Begun"</dt><dd><Instant at/> {tried}</dd></div> })
                    })
            }}
            {move || {
                let facts = begun.get().map(|step| step.before).filter(|facts| !facts.is_empty())?;
                let facts = facts.into_iter().map(|(name, value)| view! { <li><span class="name">{name}</span> ": " {value}</li> });
                Some(
                    view! {
                        <details>
                            <summary>
                                <Svg icon=Icon::ChevronRight/>
                                "Noted before it began"
                            </summary>
                            <ul class="plain">{facts.collect_view()}</ul>
                        </details>
                    },
                )
            }}
            {move || {
                let seen = Some(seen.get()).filter(|seen| !seen.is_empty())?;
                let seen = seen.into_iter().map(|one| view! { <li><b class="name">{one.name}</b> ": " {one.looks} " " {one.at.map(|at| view! { <Instant at/> })}</li> });
                Some(
                    view! {
                        <div>
                            <dt>"Seen on the host when the question arose"</dt>
                            <dd><ul class="plain">{seen.collect_view()}</ul></dd>
                        </div>
                    },
                )
            }}
        </dl>
    }
}
