//! The compiled plan of a system: what it promises, what can run, what is missing, and its text. Importing is the command line's.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
};
use shared::api::{
    List,
    live::Topic,
    system::{PlanView, SystemView},
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        empty::Empty,
        field::SelectField,
        plan_findings::PlanFindings,
        plan_overview::{PlanHead, PlanOverview},
        plan_procedures::PlanProcedures,
        plan_promises::PlanPromises,
        plan_source::PlanSource,
        title::title,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(crate) fn PlanPage() -> impl IntoView {
    title(|| "Recovery plan".into());
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::Plan { .. }));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().systems().await }
    });
    view! {
        <div class="plan">
            <AsyncView of what="the systems" content=move |list| view! { <Systems list/> }/>
        </div>
    }
}

#[component]
fn Systems(list: Signal<List<SystemView>>) -> impl IntoView {
    let query = use_query_map();
    // The one in the address, else the first with a plan.
    let chosen = Memo::new(move |_| {
        let asked = query.with(|q| q.get("system"));
        list.with(|l| {
            let first = l.items.iter().find(|s| s.plan_version.is_some()).or(l.items.first());
            l.items.iter().find(|s| Some(&s.slug) == asked.as_ref()).or(first).cloned()
        })
    });
    let slug =
        Memo::new(move |_| chosen.with(|s| s.as_ref().filter(|s| s.plan_version.is_some()).map(|s| s.slug.clone())));
    view! {
        <Show when=move || list.with(|l| l.items.len() > 1)>
            <div class="plan-switch">
                <Switch list chosen/>
            </div>
        </Show>
        {move || match slug.get() {
            Some(slug) => view! { <OnePlan slug/> }.into_any(),
            None => view! { <NoPlan system=chosen.with(|s| s.as_ref().map(|s| s.slug.clone()))/> }.into_any(),
        }}
    }
}

#[component]
fn Switch(list: Signal<List<SystemView>>, chosen: Memo<Option<SystemView>>) -> impl IntoView {
    let value = RwSignal::new(chosen.get_untracked().map(|s| s.slug).unwrap_or_default());
    let choices =
        Signal::derive(move || list.with(|l| l.items.iter().map(|s| (s.slug.clone(), s.name.clone())).collect()));
    let navigate = use_navigate();
    Effect::new(move |before: Option<String>| {
        let slug = value.get();
        if before.is_some_and(|before| before != slug) {
            navigate(&format!("/console/plan?system={slug}"), NavigateOptions { replace: true, ..Default::default() });
        }
        slug
    });
    view! { <SelectField label="System" choices value/> }
}

#[component]
fn NoPlan(system: Option<String>) -> impl IntoView {
    let slug = system.unwrap_or_else(|| "SLUG".to_owned());
    view! {
        <h1 class="visually-hidden">"Recovery plan"</h1>
        <Empty
            title="No plan yet"
            text="Muster runs the recovery plan your team has written in Markdown. Check it, then import it on the server's machine:"
        >
            <pre class="command" tabindex="0">{format!("muster plan check FILE\nmuster plan import FILE --system {slug}")}</pre>
        </Empty>
    }
}

#[component]
fn OnePlan(slug: String) -> impl IntoView {
    let heard = {
        let slug = slug.clone();
        use_live().refetch_on(move |topic| matches!(topic, Topic::Plan { system } if *system == slug))
    };
    let of = Fetched::new(move || {
        heard.track();
        let slug = slug.clone();
        async move { api().plan(&slug).await }
    });
    view! { <AsyncView of what="the plan" content=move |plan| view! { <Whole plan/> }/> }
}

/// Built anew when another version was imported.
#[component]
fn Whole(plan: Signal<PlanView>) -> impl IntoView {
    let version = Memo::new(move |_| plan.with(|p| (p.system.id, p.version)));
    let hash = use_location().hash;
    // The lines were not there when the address was opened.
    Effect::new(move |_| {
        version.track();
        let hash = hash.get_untracked();
        request_animation_frame(move || {
            let target = hash.strip_prefix('#').and_then(|id| document().get_element_by_id(id));
            if let Some(target) = target {
                target.scroll_into_view();
            }
        });
    });
    let marked = Memo::new(move |_| hash.with(|h| h.strip_prefix("#line-").and_then(|n| n.parse::<u32>().ok())));
    move || {
        version.track();
        let view = plan.get_untracked();
        let compiled = view.compiled.clone();
        let source = view.source.clone();
        view! {
            <PlanHead view=view/>
            <PlanOverview compiled=compiled.clone()/>
            <PlanProcedures procedures=compiled.plan.procedures.clone()/>
            <PlanPromises plan=compiled.plan/>
            <PlanFindings diagnostics=compiled.diagnostics gaps=compiled.gaps/>
            <PlanSource source marked/>
        }
    }
}
