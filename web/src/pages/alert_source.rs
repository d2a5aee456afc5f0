//! One source of alerts: its dialect, its rules, and a message to try them with. What a rule does is the server's to do.

mod rules;
mod settings;
mod trying;

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_params_map};
use shared::{
    api::{
        alert::{SourceChangeIn, SourceIn, SourceMade, SourceView},
        system::PlanView,
    },
    domain::access::Action,
    plan::Plan,
};
use uuid::Uuid;

use self::{rules::RuleEditor, settings::Settings, trying::Trying};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::{ErrorNote, Missing},
        field::SelectField,
        secret_once::SecretOnce,
        title::title,
    },
    session::may,
    transport::api,
};

#[component]
pub(crate) fn AlertSourcePage() -> impl IntoView {
    title(|| "Source of alerts".into());
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id")));
    let allowed = may(Action::ViewAlertSources);
    move || match id.get() {
        _ if !allowed.get() => {
            view! { <h1>"Source of alerts"</h1> <p class="muted">{Action::ViewAlertSources.needs()}</p> }.into_any()
        }
        Some(id) if id == "new" => view! { <NewSource/> }.into_any(),
        Some(id) => match id.parse::<Uuid>() {
            Ok(id) => view! { <OneSource id/> }.into_any(),
            Err(_) => view! { <Missing/> }.into_any(),
        },
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn Head(#[prop(into)] name: String) -> impl IntoView {
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/alerts/sources">"Sources of alerts"</a></p>
                <h1>{name}</h1>
            </div>
        </header>
    }
}

/// The source, and the plan whose levels and components its rules name.
async fn found(id: Uuid) -> Result<(SourceView, Option<PlanView>), shared::api::client::CallError> {
    let sources = api().alert_sources().await?.items;
    let Some(source) = sources.into_iter().find(|source| source.id == id) else {
        return Err(shared::api::client::CallError::Unreachable("there is no such source any more".into()));
    };
    let plan = api().plan(&source.system).await.ok();
    Ok((source, plan))
}

#[component]
fn OneSource(id: Uuid) -> impl IntoView {
    let of = Fetched::new(move || found(id));
    view! {
        <AsyncView
            of
            what="the source"
            content=move |found| {
                // What somebody types is not replaced by what is fetched meanwhile.
                let (source, plan) = found.get_untracked();
                view! {
                    <Head name=source.settings.name.as_str().to_owned()/>
                    <Editor plan=plan.map(|plan| plan.compiled.plan) system=source.system.clone() source=Some(source)/>
                }
            }
        />
    }
}

#[component]
fn NewSource() -> impl IntoView {
    let systems = Fetched::new(|| async { api().systems().await });
    let slug = RwSignal::new(String::new());
    view! {
        <Head name="A new source"/>
        <AsyncView
            of=systems
            what="the systems"
            content=move |list| {
                let choices = Signal::derive(move || {
                    list.with(|l| l.items.iter().map(|s| (s.slug.clone(), s.name.clone())).collect::<Vec<_>>())
                });
                if slug.with_untracked(String::is_empty) {
                    slug.set(choices.get_untracked().into_iter().next().map(|(slug, _)| slug).unwrap_or_default());
                }
                let several = choices.get_untracked().len() > 1;
                view! {
                    <Show when=move || several>
                        <SelectField label="For the system" choices value=slug/>
                    </Show>
                    {move || {
                        let slug = slug.get();
                        (!slug.is_empty()).then(|| view! { <ForSystem slug/> })
                    }}
                }
            }
        />
    }
}

#[component]
fn ForSystem(slug: String) -> impl IntoView {
    let asked = slug.clone();
    let of = Fetched::new(move || {
        let slug = asked.clone();
        async move { api().plan(&slug).await }
    });
    view! {
        <AsyncView
            of
            what="the plan"
            content=move |plan| {
                let plan = plan.get_untracked().compiled.plan;
                view! { <Editor plan=Some(plan) system=slug.clone() source=None/> }
            }
        />
    }
}

#[component]
fn Editor(plan: Option<Plan>, system: String, source: Option<SourceView>) -> impl IntoView {
    let settings = Settings::of(source.as_ref());
    let rules = RuleEditor::of(plan, source.as_ref().map(|source| source.settings.rules.clone()).unwrap_or_default());
    let made = RwSignal::new(None::<SourceMade>);
    let attempt = Attempt::new();
    let navigate = use_navigate();
    let known = source.as_ref().map(|source| (source.id, source.version));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(wanted) = rules.read().and_then(|rules| settings.read(rules)) else { return };
        match known {
            Some((id, version)) => {
                let navigate = navigate.clone();
                let call =
                    async move { api().change_alert_source(id, &SourceChangeIn { version, settings: wanted }).await };
                attempt.run(call, move |_| navigate("/console/alerts/sources", Default::default()));
            }
            None => {
                let (system, kind) = (system.clone(), settings.kind());
                let call = async move { api().make_alert_source(&system, &SourceIn { kind, settings: wanted }).await };
                attempt.run(call, move |one| made.set(Some(one)));
            }
        }
    };
    view! {
        <Show
            when=move || made.with(Option::is_none)
            fallback=move || {
                made.get()
                    .map(|made| {
                        view! {
                            <section class="stack" data-testid="source-made">
                                <p>"Let the program send to this address, and tell it to nobody else: whoever knows it can send. It is not shown again."</p>
                                <SecretOnce text=made.address verb="Copy the address"/>
                                <settings::HowTo kind=made.source.kind/>
                                <p><a class="button primary" href="/console/alerts/sources">"Done"</a></p>
                            </section>
                        }
                    })
            }
        >
            <form class="form source-form" on:submit=submit.clone() novalidate>
                <settings::Fields settings attempt new=known.is_none()/>
                <rules::Rules rules error=attempt.field("rules")/>
                <Trying rules settings/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <a class="button" href="/console/alerts/sources">"Cancel"</a>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="source-save">
                        {if known.is_none() { "Make the source" } else { "Save" }}
                    </Button>
                </div>
            </form>
        </Show>
    }
}
