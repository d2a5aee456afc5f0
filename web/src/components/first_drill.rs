//! From a plan that was just imported to the first drill, in visible steps. What is done, readiness says; gone once a procedure was carried out.

use leptos::prelude::*;
use shared::{
    api::readiness::ReadinessView,
    domain::readiness::{Earn, Item, Subject},
};

use crate::{components::async_view::Fetched, transport::api};

struct Stage {
    title: &'static str,
    text: &'static str,
    done: bool,
    href: String,
}

fn stages(view: &ReadinessView) -> Vec<Stage> {
    let slug = &view.system;
    let of = |subject: Subject| view.items.iter().filter(move |item| item.subject == subject);
    let every = |subject, holds: fn(&Item) -> bool| of(subject).all(holds);
    let mut stages = vec![
        Stage {
            title: "Say who is called",
            text: "Each role of the plan gets a person, and a second one for when the first is asleep.",
            done: every(Subject::Contact, |item| item.earned > 0),
            href: format!("/console/plan/{slug}/contacts"),
        },
        Stage {
            title: "Watch what the plan promises",
            text: "Monitors see that something is down before anybody looks, and measure what would be lost.",
            done: every(Subject::RecoveryPoint, |item| !matches!(item.earn, Some(Earn::Monitor { .. }))),
            href: "/console/monitors".into(),
        },
    ];
    if of(Subject::Backup).next().is_some() {
        stages.push(Stage {
            title: "Restore a backup on trial",
            text: "A backup counts once it was restored. Nothing real is touched.",
            done: every(Subject::Backup, |item| item.shown_at.is_some()),
            href: format!("/console/verifications?system={slug}"),
        });
    }
    stages.push(Stage {
        title: "Begin the first drill",
        text: "A procedure of the plan, carried out as in earnest, on a system made for it.",
        done: rehearsed(view),
        href: format!("/console/drills?system={slug}"),
    });
    stages
}

fn rehearsed(view: &ReadinessView) -> bool {
    view.items.iter().any(|item| item.subject == Subject::Procedure && item.shown_at.is_some())
}

#[component]
pub(crate) fn FirstDrill(system: String) -> impl IntoView {
    // It helps, and nobody waits for it: while it cannot be fetched, nothing is shown.
    let of = Fetched::new(move || {
        let system = system.clone();
        async move { api().readiness(&system).await }
    });
    move || {
        let stages = of.value.with(|view| view.as_ref().filter(|view| !rehearsed(view)).map(stages))?;
        let next = stages.iter().position(|stage| !stage.done);
        let rows = stages.into_iter().enumerate().map(|(i, stage)| {
            let state = if stage.done { "done" } else { "open" };
            view! {
                <li class="first-stage" data-state=state aria-current=(next == Some(i)).then_some("step")>
                    <a href=stage.href>{stage.title}</a>
                    {stage.done.then_some(" – done")}
                    <span class="row-meta">{stage.text}</span>
                </li>
            }
        });
        Some(view! {
            <section class="first-drill" aria-labelledby="first-drill" data-testid="first-drill">
                <h2 id="first-drill">"Until the first drill"</h2>
                <p class="muted">"The plan is in. Nobody knows yet whether it works; this shows it, on a calm day. "<a href="/console/readiness">"Readiness"</a>" keeps the score."</p>
                <ol class="steps-ahead">{rows.collect_view()}</ol>
            </section>
        })
    }
}
