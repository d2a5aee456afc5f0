//! Whose the public page is and how it speaks: name, logo, colour, links, language, time zone. The page itself is the server's.

use leptos::prelude::*;
use shared::{
    api::{client::CallError, error::ErrorCode, live::Topic, status_brand::BrandView},
    domain::{
        access::Action,
        brand::{Colour, Language, WebLink, ZoneName},
        text::{Caption, Name},
    },
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        brand_draft::{BrandDraft, key},
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::{SelectField, TextField},
        leave_guard::LeaveGuard,
        picture_field::PictureField,
        time::Instant,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

const HEADING: &str = "Name, logo and language";

#[component]
pub(crate) fn StatusBrandPage() -> impl IntoView {
    title(|| HEADING.into());
    let allowed = may(Action::ManageStatusPage);
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::StatusPage {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().status_brand().await }
    });
    view! {
        <Show
            when=move || allowed.get()
            fallback=|| view! { <h1>{HEADING}</h1><p class="muted">{Action::ManageStatusPage.needs()}</p> }
        >
            <AsyncView of what="the page's name and language" content=move |view| view! { <Change view of/> }/>
        </Show>
    }
}

#[component]
fn Change(view: Signal<BrandView>, of: Fetched<BrandView>) -> impl IntoView {
    let draft = view.with_untracked(BrandDraft::new);
    let attempt = Attempt::new();
    let wrong = RwSignal::new(None::<String>);
    let theirs = RwSignal::new(None::<BrandView>);
    // What others save comes in by itself, as long as nothing of one's own would be lost.
    Effect::new(move |_| {
        let view = view.get();
        if !untrack(|| draft.dirty()) {
            draft.take(&view);
        }
    });
    let send = move |base: i32| match draft.input(base) {
        Err(why) => wrong.set(Some(format!("{why} Nothing was saved."))),
        Ok(input) => {
            wrong.set(None);
            attempt.run(async move { api().save_status_brand(&input).await }, move |saved| {
                theirs.set(None);
                draft.take(&saved);
                of.put(saved);
            });
        }
    };
    Effect::new(move |_| theirs.set(attempt.error.with(|error| error.as_ref().and_then(conflict))));
    let dirty = Signal::derive(move || draft.dirty());
    let kind = Signal::derive(move || if dirty.get() { ButtonKind::Primary } else { ButtonKind::Plain });
    let unchanged = move || (!dirty.get()).then(|| "Nothing is changed.".to_owned());
    let take = move |()| {
        if let Some(theirs) = theirs.get_untracked() {
            attempt.error.set(None);
            draft.take(&theirs);
        }
    };
    let over = move |()| {
        if let Some(theirs) = theirs.get_untracked() {
            send(theirs.version);
        }
    };
    view! {
        <header class="page-head">
            <div>
                <h1>{HEADING}</h1>
                <p class="muted">
                    "Whose the public page is, and how it speaks. " <a href="/console/status-page">"Back to its components"</a> ". "
                    <a href="/" rel="external" target="_blank">"Open the public page"</a>
                </p>
                <p class="muted" aria-live="polite" data-testid="brand-state">
                    {move || match view.with(|v| v.saved.clone()) {
                        _ if dirty.get() => view! { <b class="unsaved">"Unsaved changes"</b> }.into_any(),
                        Some(saved) => view! { "Saved " <Instant at=saved.at/> {format!(" by {}", saved.by)} }.into_any(),
                        None => "As Muster brings it; nobody has changed it yet.".into_any(),
                    }}
                </p>
            </div>
            <div class="button-row">
                <Button
                    kind
                    busy=attempt.busy
                    refused=Signal::derive(unchanged)
                    test_id="brand-save"
                    on_press=move |()| send(draft.base.get_untracked())
                >
                    "Save"
                </Button>
            </div>
        </header>
        <ErrorNote error=attempt.error/>
        <Show when=move || theirs.with(Option::is_some)>
            <p class="button-row">
                <Button on_press=take test_id="brand-take-theirs">"Take theirs, drop mine"</Button>
                <Button on_press=over test_id="brand-use-mine">"Save mine over theirs"</Button>
            </p>
        </Show>
        {move || wrong.get().map(|why| view! { <p class="note critical" role="alert">{why}</p> })}
        <Fields draft attempt view/>
        <LeaveGuard dirty what="Your changes to the page's name and language"/>
    }
}

#[component]
fn Fields(draft: BrandDraft, attempt: Attempt, view: Signal<BrandView>) -> impl IntoView {
    let languages = Signal::derive(|| {
        Language::ALL
            .iter()
            .map(|language| (key(*language).to_owned(), language.own_name().to_owned()))
            .collect::<Vec<_>>()
    });
    let zone = BrandDraft::wrong(draft.zone, ZoneName::parse);
    let refused = attempt.field("brand.zone");
    let shades = move || {
        let colour = draft.accent.with(|text| Colour::parse(text).ok())?;
        let (light, dark) = colour.readable();
        Some(format!(
            "So that it can be read, it is {} on a light ground and {} on a dark one.",
            light.as_str(),
            dark.as_str()
        ))
    };
    let accent_hint =
        Signal::derive(move || {
            Some(shades().unwrap_or_else(|| {
                "For links and the line below the name, as #1a7f4b. Empty: Muster's own.".to_owned()
            }))
        });
    view! {
        <div class="stack"><div class="form">
            <TextField
                label="Name"
                value=draft.name
                error=BrandDraft::wrong(draft.name, Name::parse)
                hint="As it stands at the top, in feeds and on badges. Empty: the system's name."
            />
            <TextField
                label="About"
                value=draft.about
                error=BrandDraft::wrong(draft.about, Caption::parse)
                hint="One line below the name: what this is the status of."
            />
            <SelectField label="Language" choices=languages value=draft.language/>
            <TextField
                label="Time zone"
                value=draft.zone
                error=Signal::derive(move || zone.get().or_else(|| refused.get()))
                hint="As Europe/Berlin. Browsers with JavaScript show each reader's own; the bars count days in UTC."
            />
            <TextField
                label="Link to your home page"
                value=draft.home
                error=BrandDraft::wrong(draft.home, WebLink::parse)
            />
            <TextField
                label="Link to help"
                value=draft.support
                error=BrandDraft::wrong(draft.support, WebLink::parse)
                hint="A page, or mailto: and an address."
            />
            <TextField
                label="Colour"
                value=draft.accent
                error=BrandDraft::wrong(draft.accent, Colour::parse)
                hint=accent_hint
            />
            <PictureField
                label="Logo"
                picture=draft.picture
                hint="PNG, JPEG or WebP, at most 100 KB. It is shown 40 pixels high; a transparent one should suit a light and a dark ground."
                error=attempt.field("picture")
            />
            {move || {
                let saved = view.with(|v| v.logo.clone()).filter(|_| draft.logo.get().is_some());
                saved
                    .map(|logo| {
                        view! {
                            <p class="button-row">
                                <img src=format!("/logo?{}", view.with(|v| v.version)) alt="The logo as it is now" height="40"/>
                                <span class="muted">{format!("{} × {} pixels", logo.width, logo.height)}</span>
                                <Button on_press=move |()| draft.logo.set(None) test_id="brand-no-logo">"Remove the logo"</Button>
                            </p>
                        }
                    })
            }}
        </div></div>
    }
}

/// What somebody else saved meanwhile.
fn conflict(error: &CallError) -> Option<BrandView> {
    match error {
        CallError::Refused(view) if view.code == ErrorCode::EditConflict => {
            view.details.clone().and_then(|details| serde_json::from_value(details).ok())
        }
        _ => None,
    }
}
