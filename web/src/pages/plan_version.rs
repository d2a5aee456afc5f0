//! One version of a plan: what it changed, in words and line by line, since any other; and its text. Changes nothing.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_params_map, use_query_map},
};
use shared::api::{
    List,
    plan::{PlanDiff, PlanVersionView},
    system::PlanView,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        error_note::Missing,
        field::SelectField,
        plan_changes::PlanChanges,
        plan_source::PlanSource,
        text_diff::TextDiff,
        time::Instant,
        title::title,
    },
    transport::api,
};

#[component]
pub(crate) fn PlanVersionPage() -> impl IntoView {
    let params = use_params_map();
    let which = Memo::new(move |_| {
        params.with(|p| Some((p.get("slug")?, p.get("number").and_then(|n| n.parse::<i32>().ok())?)))
    });
    move || match which.get() {
        Some((slug, number)) => view! { <OneVersion slug number/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

type Whole = (PlanView, List<PlanVersionView>);

#[component]
fn OneVersion(slug: String, number: i32) -> impl IntoView {
    title(move || format!("Version {number} of the plan"));
    let of = {
        let slug = slug.clone();
        Fetched::new(move || {
            let slug = slug.clone();
            async move { Ok((api().plan_version(&slug, number).await?, api().plan_versions(&slug, None).await?)) }
        })
    };
    let slug = StoredValue::new(slug);
    view! {
        <div class="plan">
            <AsyncView of what=format!("version {number}") content=move |whole| view! { <Body slug=slug.get_value() number whole/> }/>
        </div>
    }
}

#[component]
fn Body(slug: String, number: i32, whole: Signal<Whole>) -> impl IntoView {
    let (plan, list) = whole.get_untracked();
    let newest = plan.system.plan_version.unwrap_or(number);
    let hash = use_location().hash;
    let marked = Memo::new(move |_| hash.with(|h| h.strip_prefix("#line-").and_then(|n| n.parse::<u32>().ok())));
    // The lines were not there when the address was opened.
    Effect::new(move |_| {
        if let Some(line) = marked.get() {
            request_animation_frame(move || to_line(line));
        }
    });
    let export = format!("/api/v1/systems/{slug}/plan/source?version={number}");
    let digest = plan.compiled.plan.digest;
    view! {
        <header class="page-head">
            <div>
                <p class="kicker">
                    <a href=format!("/console/plan/{slug}/versions")>{format!("Versions of {}", plan.compiled.plan.title)}</a>
                </p>
                <h1>{format!("Version {number}")}</h1>
                <p class="plan-facts">
                    {if number == newest {
                        view! { <span class="chip">"In force"</span> }.into_any()
                    } else {
                        view! {
                            <a href=format!("/console/plan?system={slug}")>{format!("Not in force: version {newest} is")}</a>
                        }
                            .into_any()
                    }}
                    <span>"Saved " <Instant at=plan.imported_at/> {format!(" by {}", plan.imported_by)}</span>
                    <span>"Digest " <code class="name" title=digest.to_string()>{digest.short()}</code></span>
                </p>
                {(!plan.reason.is_empty()).then(|| view! { <p class="version-reason">{format!("“{}”", plan.reason)}</p> })}
            </div>
            <a class="button" href=export rel="external" download="">"Export this version"</a>
        </header>
        <Comparison slug number list/>
        <PlanSource source=plan.source marked/>
    }
}

fn to_line(line: u32) {
    if let Some(target) = document().get_element_by_id(&format!("line-{line}")) {
        target.scroll_into_view();
    }
}

#[component]
fn Comparison(slug: String, number: i32, list: List<PlanVersionView>) -> impl IntoView {
    let query = use_query_map();
    let others: Vec<_> = list.items.into_iter().filter(|v| v.version != number).collect();
    if others.is_empty() {
        return view! { <p class="muted">"This is the only version so far: there is nothing to compare it with."</p> }
            .into_any();
    }
    let asked = move || query.with(|q| q.get("from").and_then(|n| n.parse::<i32>().ok()));
    // The one before it, unless it is the first.
    let before = if number > 1 { number - 1 } else { others.iter().map(|v| v.version).min().unwrap_or(2) };
    let from = Memo::new(move |_| asked().unwrap_or(before));
    let value = RwSignal::new(from.get_untracked().to_string());
    let choices: Vec<_> = others
        .iter()
        .map(|v| (v.version.to_string(), format!("Version {}: {}", v.version, short(&v.reason))))
        .collect();
    let navigate = use_navigate();
    let address = format!("/console/plan/{slug}/versions/{number}");
    Effect::new(move |last: Option<String>| {
        let value = value.get();
        if last.is_some_and(|last| last != value) {
            navigate(
                &format!("{address}?from={value}"),
                NavigateOptions { replace: true, scroll: false, ..Default::default() },
            );
        }
        value
    });
    let of = Fetched::new(move || {
        let (slug, from) = (slug.clone(), from.get());
        async move { api().plan_diff(&slug, number, Some(from)).await }
    });
    view! {
        <section aria-labelledby="comparison" class="comparison">
            <h2 id="comparison">{move || format!("What changed since version {}", from.get())}</h2>
            <div class="plan-switch"><SelectField label="Compare with" choices=Signal::stored(choices) value/></div>
            <AsyncView of what="what changed" content=move |diff| view! { <Difference diff/> }/>
        </section>
    }
    .into_any()
}

fn short(reason: &str) -> String {
    let first = reason.lines().next().unwrap_or_default();
    if first.chars().count() > 60 { first.chars().take(59).chain(['…']).collect() } else { first.to_owned() }
}

#[component]
fn Difference(diff: Signal<PlanDiff>) -> impl IntoView {
    move || {
        let diff = diff.get();
        let label = format!("Version {} and version {}, line by line", diff.from.version, diff.to.version);
        view! {
            <PlanChanges changes=diff.changes on_line=Callback::new(to_line)/>
            <h3 class="diff-title">"Line by line"</h3>
            <TextDiff hunks=diff.hunks label/>
        }
    }
}
