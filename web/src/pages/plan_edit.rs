//! One system's plan in the editor. Fetches it and hears of other versions; editing is `plan_editor`'s.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::api::live::Topic;

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        error_note::Missing,
        plan_editor::PlanEditor,
        title::title,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(crate) fn PlanEditPage() -> impl IntoView {
    title(|| "Edit the plan".into());
    let params = use_params_map();
    let slug = Memo::new(move |_| params.with(|p| p.get("slug")));
    // Another system is another page: nothing of the last one may stay.
    move || match slug.get() {
        Some(slug) => view! { <OneEditor slug/> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn OneEditor(slug: String) -> impl IntoView {
    let heard = {
        let slug = slug.clone();
        use_live().refetch_on(move |topic| matches!(topic, Topic::Plan { system } if *system == slug))
    };
    let of = Fetched::new(move || {
        heard.track();
        let slug = slug.clone();
        async move { api().plan(&slug).await }
    });
    view! {
        <div class="plan-edit">
            <AsyncView of what="the plan" content=move |plan| view! { <PlanEditor plan of/> }/>
        </div>
    }
}
