//! Secrets of a system: which there are, who set them when, which the plan still misses. No value is ever here but the one being typed.

mod dialogs;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::{
        live::Topic,
        secret::{MissingSecret, SecretView, SecretsView},
    },
    domain::access::Action,
};

use self::dialogs::{DeleteSecret, SetSecret};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        button::{Button, ButtonKind},
        empty::Empty,
        error_note::Missing,
        time::Instant,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn SecretsPage() -> impl IntoView {
    title(|| "Secrets".into());
    let params = use_params_map();
    let slug = Memo::new(move |_| params.with(|p| p.get("slug")));
    let allowed = may(Action::ViewSecrets);
    move || match slug.get() {
        Some(slug) if allowed.get() => view! { <Secrets slug/> }.into_any(),
        Some(_) => view! {
            <h1>"Secrets"</h1>
            <p class="muted">{Action::ViewSecrets.needs()}</p>
        }
        .into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

/// What a dialog is open for.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Asked {
    /// Empty: the person types it.
    pub(super) name: String,
    pub(super) replaces: bool,
}

#[component]
fn Secrets(slug: String) -> impl IntoView {
    let kept = StoredValue::new(slug.clone());
    let heard = use_live()
        .refetch_on(move |topic| matches!(topic, Topic::Plan { system } if kept.with_value(|slug| slug == system)));
    let of = Fetched::new(move || {
        heard.track();
        let slug = kept.get_value();
        async move { api().secrets(&slug).await }
    });
    let setting = RwSignal::new(false);
    let deleting = RwSignal::new(false);
    let asked = RwSignal::new(Asked::default());
    let set = Callback::new(move |what: Asked| {
        asked.set(what);
        setting.set(true);
    });
    let delete = Callback::new(move |name: String| {
        asked.set(Asked { name, replaces: true });
        deleting.set(true);
    });
    view! {
        <div class="plan">
            <header class="page-head">
                <div>
                    <p class="kicker"><a href=format!("/console/plan?system={slug}")>"Plan"</a></p>
                    <h1>"Secrets"</h1>
                    <p class="muted">
                        "What steps need and nobody reads again: passwords, tokens. A block of the plan names those that its scripts and Compose steps get, "
                        <code>"{secrets=DB_PASSWORD}"</code> "."
                    </p>
                </div>
                <Button kind=ButtonKind::Primary on_press=move |()| set.run(Asked::default()) test_id="secret-set">"Set a secret"</Button>
            </header>
            <AsyncView of what="the secrets" content=move |view| view! { <Lists view set delete/> }/>
            <SetSecret slug=kept open=setting asked of/>
            <DeleteSecret slug=kept open=deleting asked of/>
        </div>
    }
}

#[component]
fn Lists(view: Signal<SecretsView>, set: Callback<Asked>, delete: Callback<String>) -> impl IntoView {
    let items = move || view.with(|v| v.items.clone());
    let missing = move || view.with(|v| v.missing.clone());
    view! {
        <Show when=move || !missing().is_empty()>
            <section aria-labelledby="secrets-missing">
                <h2 id="secrets-missing">"The plan names these, and they are not set"</h2>
                <p class="muted">"A run of these procedures is refused until they are."</p>
                <ul class="rows" data-testid="secrets-missing">
                    {move || missing().into_iter().map(|wanted| view! { <Wanted wanted set/> }).collect_view()}
                </ul>
            </section>
        </Show>
        <Show
            when=move || !items().is_empty()
            fallback=move || {
                missing()
                    .is_empty()
                    .then(|| {
                        view! {
                            <Empty
                                title="No secrets yet"
                                text="Set one, then name it in the plan. It is kept sealed, given to the steps that the plan names, and masked in what they print."
                            />
                        }
                    })
            }
        >
            <section aria-labelledby="secrets-set">
                <h2 id="secrets-set">"Set"</h2>
                <table class="stacking versions" data-testid="secrets">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Version"</th>
                            <th scope="col">"Set by"</th>
                            <th scope="col">"When"</th>
                            <th scope="col">"Used by"</th>
                            <th scope="col"><span class="visually-hidden">"Change"</span></th>
                        </tr>
                    </thead>
                    <tbody>
                        {move || items().into_iter().map(|secret| view! { <Row secret set delete/> }).collect_view()}
                    </tbody>
                </table>
            </section>
        </Show>
    }
}

#[component]
fn Wanted(wanted: MissingSecret, set: Callback<Asked>) -> impl IntoView {
    let name = wanted.name.clone();
    view! {
        <li class="row">
            <span class="row-main"><b class="name">{wanted.name}</b> " for " {wanted.used_by.join(", ")}</span>
            <Button on_press=move |()| set.run(Asked { name: name.clone(), replaces: false })>"Set it"</Button>
        </li>
    }
}

#[component]
fn Row(secret: SecretView, set: Callback<Asked>, delete: Callback<String>) -> impl IntoView {
    let (replaced, deleted) = (secret.name.clone(), secret.name.clone());
    let nobody = secret.used_by.is_empty();
    view! {
        <tr>
            <th scope="row" class="name">{secret.name}</th>
            <td data-label="Version">{secret.version}</td>
            <td data-label="Set by">{secret.set_by.to_string()}</td>
            <td data-label="When"><Instant at=secret.set_at/></td>
            <td data-label="Used by">
                {if nobody { view! { <span class="muted">"no step"</span> }.into_any() } else { secret.used_by.join(", ").into_any() }}
            </td>
            <td data-label="Change">
                <span class="button-row">
                    <Button on_press=move |()| set.run(Asked { name: replaced.clone(), replaces: true })>"Replace"</Button>
                    <Button kind=ButtonKind::Quiet on_press=move |()| delete.run(deleted.clone())>"Delete"</Button>
                </span>
            </td>
        </tr>
    }
}
