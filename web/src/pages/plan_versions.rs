//! Every version of a system's plan: who saved it, when, why. What one of them changed is `plan_version`'s.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::api::{List, live::Topic, plan::PlanVersionView, system::PlanView};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::Button,
        error_note::{ErrorNote, Missing},
        time::Instant,
        title::title,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(crate) fn PlanVersionsPage() -> impl IntoView {
    title(|| "Versions of the plan".into());
    let params = use_params_map();
    let slug = Memo::new(move |_| params.with(|p| p.get("slug")));
    move || match slug.get() {
        Some(slug) => view! { <Versions slug/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

type Both = (PlanView, List<PlanVersionView>);

#[component]
fn Versions(slug: String) -> impl IntoView {
    let heard = {
        let slug = slug.clone();
        use_live().refetch_on(move |topic| matches!(topic, Topic::Plan { system } if *system == slug))
    };
    let of = Fetched::new(move || {
        heard.track();
        let slug = slug.clone();
        async move { Ok((api().plan(&slug).await?, api().plan_versions(&slug, None).await?)) }
    });
    view! {
        <div class="plan">
            <AsyncView of what="the versions" content=move |both| view! { <Whole both/> }/>
        </div>
    }
}

#[component]
fn Whole(both: Signal<Both>) -> impl IntoView {
    let slug = both.with_untracked(|(plan, _)| plan.system.slug.clone());
    let older = RwSignal::new(Vec::<PlanVersionView>::new());
    let next = RwSignal::new(None::<String>);
    // A fresh first page begins the list anew.
    Effect::new(move |_| {
        next.set(both.with(|(_, list)| list.next.clone()));
        older.set(vec![]);
    });
    let attempt = Attempt::new();
    let kept = StoredValue::new(slug.clone());
    let more = move |()| {
        let before = next.get_untracked();
        attempt.run(
            async move { api().plan_versions(&kept.get_value(), before.as_deref()).await },
            move |list: List<PlanVersionView>| {
                older.update(|all| all.extend(list.items));
                next.set(list.next);
            },
        );
    };
    let all = move || {
        let mut all = both.with(|(_, list)| list.items.clone());
        all.extend(older.get());
        all
    };
    let current = move || both.with(|(plan, _)| plan.version);
    view! {
        <header class="page-head">
            <div>
                <p class="kicker">
                    <a href=format!("/console/plan?system={slug}")>{move || both.with(|(plan, _)| plan.compiled.plan.title.clone())}</a>
                </p>
                <h1>"Versions"</h1>
            </div>
            <a class="button" href=format!("/console/plan/{slug}/edit")>"Edit the plan"</a>
        </header>
        <ErrorNote error=attempt.error/>
        <table class="stacking versions">
            <thead>
                <tr>
                    <th scope="col">"Version"</th>
                    <th scope="col">"Reason"</th>
                    <th scope="col">"By"</th>
                    <th scope="col">"When"</th>
                    <th scope="col">"Digest"</th>
                    <th scope="col"><span class="visually-hidden">"File"</span></th>
                </tr>
            </thead>
            <tbody>
                {move || {
                    let now = current();
                    all().into_iter().map(|version| view! { <Row slug=kept.get_value() current=version.version == now version/> }).collect_view()
                }}
            </tbody>
        </table>
        <Show when=move || next.with(Option::is_some)>
            <p class="more"><Button busy=attempt.busy on_press=more>"Show older versions"</Button></p>
        </Show>
    }
}

#[component]
fn Row(slug: String, version: PlanVersionView, current: bool) -> impl IntoView {
    let number = version.version;
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/console/plan/{slug}/versions/{number}")>{format!("Version {number}")}</a>
                {current.then(|| view! { " " <span class="chip">"In force"</span> })}
            </th>
            <td data-label="Reason" class="version-reason">
                {if version.reason.is_empty() { view! { <span class="muted">"none given"</span> }.into_any() } else { version.reason.into_any() }}
                {version.incident.map(|incident| view! {
                    <span class="hint"><a href=format!("/console/reports/{incident}/plan")>{format!("After incident {incident}")}</a></span>
                })}
            </td>
            <td data-label="By">{version.imported_by.to_string()}</td>
            <td data-label="When"><Instant at=version.imported_at/></td>
            <td data-label="Digest"><code title=version.digest.to_string()>{version.digest.short()}</code></td>
            <td data-label="File">
                <a href=format!("/api/v1/systems/{slug}/plan/source?version={number}") rel="external" download="">
                    "Export" <span class="visually-hidden">{format!(" version {number}")}</span>
                </a>
            </td>
        </tr>
    }
}
