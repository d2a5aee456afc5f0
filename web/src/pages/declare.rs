//! Declaring an incident on one screen: level, components, and what the public is told. The server has the last word.

mod draft;
mod parts;
mod who;

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use shared::{
    api::system::{PlanView, SystemView},
    domain::access::Action,
};
use wasm_bindgen::JsCast;

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        empty::Empty,
        error_note::ErrorNote,
        field::{SelectField, TextArea, TextField},
        title::title,
    },
    session::may,
    transport::{api, fresh_key},
};
use draft::Draft;
use parts::{Affects, ClocksAhead, Guidance, Levels, PublicSide};
use who::WhoSees;

#[component]
pub(crate) fn DeclarePage() -> impl IntoView {
    title(|| "Declare incident".into());
    let may_declare = may(Action::DeclareIncident);
    let systems = Fetched::new(|| async { Ok(api().systems().await?.items) });
    view! {
        <header class="page-head">
            <h1>"Declare incident"</h1>
        </header>
        <Show when=move || !may_declare.get()>
            <p class="reason declare-refused" role="status">{Action::DeclareIncident.needs()}</p>
        </Show>
        <AsyncView of=systems what="the systems" content=|systems| view! { <ForSystem systems=systems/> }/>
    }
}

#[component]
fn ForSystem(systems: Signal<Vec<SystemView>>) -> impl IntoView {
    // Only systems with a plan know levels and components.
    let ready = systems.get_untracked().into_iter().filter(|s| s.plan_version.is_some()).collect::<Vec<_>>();
    let asked = use_query_map().with_untracked(|query| query.get("system"));
    let first = ready.iter().find(|s| Some(&s.slug) == asked.as_ref()).or(ready.first()).map(|s| s.slug.clone());
    let Some(first) = first else {
        return view! {
            <Empty
                title="There is no plan yet"
                text="An incident takes its levels and components from a recovery plan. Import one first, with `muster plan import`; this page works as soon as it is in."
            />
        }
        .into_any();
    };
    let slug = RwSignal::new(first);
    let several = ready.len() > 1;
    let choices = ready.into_iter().map(|s| (s.slug, s.name)).collect::<Vec<_>>();
    let chosen = Memo::new(move |_| slug.get());
    view! {
        {several.then(|| view! { <SelectField label="System" choices=choices value=slug/> })}
        {move || {
            let slug = chosen.get();
            let plan = Fetched::new(move || {
                let slug = slug.clone();
                async move { api().plan(&slug).await }
            });
            view! { <AsyncView of=plan what="the plan" content=|plan| view! { <Form plan=plan.get_untracked()/> }/> }
        }}
    }
    .into_any()
}

#[component]
fn Form(plan: PlanView) -> impl IntoView {
    let draft = Draft::new(&plan);
    let attempt = Attempt::new();
    let key = StoredValue::new(fresh_key());
    let navigate = use_navigate();
    let may_declare = may(Action::DeclareIncident);
    let refused = Signal::derive(move || (!may_declare.get()).then(|| Action::DeclareIncident.needs()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(body) = draft.parse() else {
            show_first_wrong();
            return;
        };
        let navigate = navigate.clone();
        attempt.run(async move { api().declare(&body, &key.get_value()).await }, move |incident| {
            navigate(&format!("/console/incidents/{}", incident.number), NavigateOptions::default());
        });
    };
    let said = move |name: &'static str| {
        let server = attempt.field(name);
        Signal::derive(move || draft.wrong.with(|w| w.get(name).cloned()).or_else(|| server.get()))
    };
    view! {
        <form class="declare" on:submit=submit novalidate>
            <div class="declare-main">
                <Levels levels=plan.compiled.plan.levels.clone() draft error=said("level")/>
                <Affects parts=draft.parts() error=said("affected")/>
                <TextField label="Title" value=draft.title hint="What is wrong, in a few words." error=said("title") required=true/>
                <TextArea label="For the team (optional)" value=draft.text rows=2 hint="What you see, what you have tried." error=said("text")/>
                <WhoSees draft/>
                <PublicSide draft=draft title_error=said("public.title") text_error=said("public.text")/>
            </div>
            <aside class="declare-side">
                <Guidance draft/>
                <ClocksAhead draft=draft/>
                <ErrorNote error=attempt.error/>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy refused=refused test_id="declare-submit">
                    "Declare incident"
                </Button>
            </aside>
        </form>
    }
}

/// Brings the first wrong field to where the person is, once its words are there.
fn show_first_wrong() {
    request_animation_frame(|| {
        let Ok(Some(wrong)) = document().query_selector(".declare .wrong") else { return };
        if let Ok(Some(control)) = wrong.query_selector("input, select, textarea")
            && let Ok(control) = control.dyn_into::<web_sys::HtmlElement>()
        {
            // Focusing a connected element does not fail.
            let _ = control.focus();
        }
        wrong.scroll_into_view_with_bool(true);
    });
}
