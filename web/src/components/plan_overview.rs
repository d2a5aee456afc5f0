//! The head of a plan and its readiness at a glance: who, which levels, which components. Procedures and findings have files of their own.

use leptos::prelude::*;
use shared::{
    api::system::PlanView,
    domain::access::Action,
    plan::{Compiled, Severity},
    timestamp::human_seconds,
};

use crate::{
    components::{
        state_badge::{StateShape, Tone},
        time::Instant,
    },
    session::may,
};

#[component]
pub(crate) fn PlanHead(view: PlanView) -> impl IntoView {
    let digest = view.compiled.plan.digest;
    let slug = view.system.slug;
    let secrets = may(Action::ViewSecrets);
    let contacts = may(Action::ViewContacts);
    view! {
        <header class="page-head">
            <div>
                <p class="kicker">
                    {view.system.name} ", Compose project " <b class="name">{view.system.project}</b>
                    {view.system.host.map(|host| view! { " on the host " <b class="name" data-testid="plan-host">{host}</b> })}
                </p>
                <h1>{view.compiled.plan.title}</h1>
                <p class="plan-facts">
                    <span>{format!("Version {}", view.version)}</span>
                    <span>"Digest " <code class="name" title=digest.to_string()>{digest.short()}</code></span>
                    <span>"Imported " <Instant at=view.imported_at/> {format!(" by {}", view.imported_by)}</span>
                    {(!view.reason.is_empty()).then(|| view! { <span>{format!("“{}”", view.reason)}</span> })}
                </p>
            </div>
            <nav class="plan-ways" aria-label="This plan">
                <a class="button" href=format!("/console/plan/{slug}/edit") data-testid="plan-edit">"Edit"</a>
                <a class="button" href=format!("/console/plan/{slug}/versions")>"Versions"</a>
                {
                    let address = format!("/console/plan/{slug}/contacts");
                    move || {
                        contacts
                            .get()
                            .then(|| view! { <a class="button" href=address.clone() data-testid="plan-contacts">"Whom to call"</a> })
                    }
                }
                {
                    let address = format!("/console/plan/{slug}/secrets");
                    move || {
                        secrets
                            .get()
                            .then(|| view! { <a class="button" href=address.clone() data-testid="plan-secrets">"Secrets"</a> })
                    }
                }
                <a class="button" href=format!("/api/v1/systems/{slug}/plan/source") rel="external" download="">"Export"</a>
            </nav>
        </header>
    }
}

/// A link to a line of the source below.
#[component]
pub(crate) fn LineLink(line: u32) -> impl IntoView {
    view! { <a class="line-link" href=format!("#line-{line}")>{format!("line {line}")}</a> }
}

/// Spans the plan promises: zero is written "at once".
pub(crate) fn promised(seconds: u64) -> String {
    if seconds == 0 { "at once".into() } else { human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)) }
}

#[component]
pub(crate) fn PlanOverview(compiled: Compiled) -> impl IntoView {
    let plan = compiled.plan.clone();
    let contacts = plan.contacts.into_iter().map(|c| {
        view! {
            <tr>
                <th scope="row">{c.role} " " <LineLink line=c.line/></th>
                <td data-label="Name">{c.name}</td>
                <td data-label="Primary" class="name">{c.primary}</td>
                <td data-label="Backup" class="name">
                    {c.backup.map_or_else(|| view! { <span class="muted">"none"</span> }.into_any(), IntoAny::into_any)}
                </td>
            </tr>
        }
    });
    let levels = plan.levels.into_iter().map(|l| {
        let response = l
            .response_seconds
            .map_or("The plan gives no response time".to_owned(), |s| format!("Response: {}", promised(s)));
        view! {
            <li class="sheet">
                <h3>{format!("Level {}: {}", l.level, l.name)}</h3>
                <p class="level-response">{response}</p>
                <ul>{l.criteria.into_iter().map(|c| view! { <li>{c}</li> }).collect_view()}</ul>
                <p><LineLink line=l.line/></p>
            </li>
        }
    });
    let components = plan.components.into_iter().map(|c| {
        view! {
            <tr>
                <th scope="row">{c.name} " " <LineLink line=c.line/></th>
                <td data-label="Service" class="name">{c.service.unwrap_or_else(|| "not a service".into())}</td>
                <td data-label="Recovery within">{c.rto_seconds.map_or("not promised".to_owned(), promised)}</td>
                <td data-label="By objective">{c.objective.unwrap_or_default()}</td>
            </tr>
        }
    });
    view! {
        <Readiness compiled/>
        <section aria-labelledby="contacts">
            <h2 id="contacts">"Contacts"</h2>
            <table class="stacking">
                <thead>
                    <tr><th scope="col">"Role"</th><th scope="col">"Name"</th><th scope="col">"Primary"</th><th scope="col">"Backup"</th></tr>
                </thead>
                <tbody>{contacts.collect_view()}</tbody>
            </table>
        </section>
        <section aria-labelledby="levels">
            <h2 id="levels">"Levels"</h2>
            <ul class="sheets">{levels.collect_view()}</ul>
        </section>
        <section aria-labelledby="components">
            <h2 id="components">"Components"</h2>
            <table class="stacking">
                <thead>
                    <tr>
                        <th scope="col">"Component"</th>
                        <th scope="col">"Service"</th>
                        <th scope="col">"Recovery within"</th>
                        <th scope="col">"By objective"</th>
                    </tr>
                </thead>
                <tbody>{components.collect_view()}</tbody>
            </table>
        </section>
    }
}

/// Four numbers, each with its shape and its words.
#[component]
fn Readiness(compiled: Compiled) -> impl IntoView {
    let all = compiled.plan.procedures.len();
    let off = compiled.plan.procedures.iter().filter(|p| p.unavailable.is_some()).count();
    let errors = compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    let said = compiled.diagnostics.len();
    let tile = |href: &'static str, n: usize, words: &'static str, tone: Tone| {
        view! {
            <li>
                <a class="tile" href=href data-tone=tone.name()>
                    <StateShape tone/>
                    <b class="tile-number">{n}</b>
                    <span>{words}</span>
                </a>
            </li>
        }
    };
    let or_good = |n: usize, tone: Tone| if n == 0 { Tone::Good } else { tone };
    view! {
        <ul class="tiles" aria-label="Readiness">
            {tile("#procedures", all - off, if all - off == 1 { "procedure can run" } else { "procedures can run" }, if all == off { Tone::Warning } else { Tone::Good })}
            {tile("#procedures", off, "cannot run yet", or_good(off, Tone::Notice))}
            {tile("#gaps", compiled.gaps.len(), if compiled.gaps.len() == 1 { "gap" } else { "gaps" }, or_good(compiled.gaps.len(), Tone::Warning))}
            {tile("#diagnostics", said, if said == 1 { "diagnostic" } else { "diagnostics" }, if errors > 0 { Tone::Critical } else { or_good(said, Tone::Notice) })}
        </ul>
    }
}
