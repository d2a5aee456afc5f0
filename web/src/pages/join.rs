//! Where a link leads that lets somebody in once: an invitation, a new password, the first administrator. The token stands behind
//! `#`, which browsers send to nobody, and leaves the address at once.

use leptos::prelude::*;
use shared::{
    api::{
        client::CallError,
        error::ErrorCode,
        people::{LinkSeenView, LinkUseIn},
    },
    domain::text::Name,
};
use wasm_bindgen::JsValue;

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::TextField,
        time::Instant,
        title::title,
    },
    transport::api,
};

#[component]
pub(crate) fn JoinPage() -> impl IntoView {
    title(|| "Welcome".into());
    let token = location().hash().unwrap_or_default().trim_start_matches('#').to_owned();
    // Neither history nor whoever looks over a shoulder keeps it. Fails only for another site's address.
    let _ = window().history().and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some("/join")));
    let asked = token.clone();
    let of = Fetched::new(move || {
        let token = asked.clone();
        async move {
            match api().link(&token).await {
                Err(CallError::Refused(why)) if why.code == ErrorCode::NotFound => Ok(Err(why.message)),
                other => other.map(Ok),
            }
        }
    });
    let token = StoredValue::new(token);
    view! {
        <main class="sign-in">
            <h1>"Welcome to Muster"</h1>
            <AsyncView of what="what this link is for" content=move |seen| match seen.get_untracked() {
                Ok(seen) => view! { <Form seen token/> }.into_any(),
                Err(why) => view! { <p role="alert" data-testid="link-closed">{why}</p> }.into_any(),
            }/>
            <p><a href="/login" rel="external">"Go to the sign-in page"</a></p>
        </main>
    }
}

#[component]
fn Form(seen: LinkSeenView, token: StoredValue<String>) -> impl IntoView {
    let (name, email, password) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let first = matches!(seen, LinkSeenView::FirstAdministrator { .. });
    let named = !matches!(seen, LinkSeenView::NewPassword { .. });
    let (words, expires_at) = match seen {
        LinkSeenView::Invitation { name: called, email: address, role, made_by, expires_at } => {
            name.set(called);
            (format!("{made_by} invites you, as {address}, to the role {role}. Choose a password."), expires_at)
        }
        LinkSeenView::NewPassword { name, email, expires_at } => {
            (format!("Choose a new password for {name}, {email}. Your open sessions end."), expires_at)
        }
        LinkSeenView::FirstAdministrator { expires_at } => {
            ("Nobody is here yet: you become the first administrator, and invite the others.".to_owned(), expires_at)
        }
    };
    let wrong = RwSignal::new(None::<String>);
    let done = RwSignal::new(false);
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let parsed = Name::parse(&name.get_untracked());
        wrong.set(parsed.as_ref().err().filter(|_| named).cloned());
        if named && parsed.is_err() {
            return;
        }
        let body = LinkUseIn {
            token: token.get_value(),
            password: password.get_untracked(),
            email: first.then(|| email.get_untracked().trim().to_owned()),
            name: parsed.ok().filter(|_| named),
        };
        attempt.run(async move { api().use_link(&body).await }, move |used| {
            password.set(String::new());
            if used.signed_in {
                // A fresh page: nothing of the link stays in this one.
                let _ = window().location().set_href("/console");
            } else {
                done.set(true);
            }
        });
    };
    view! {
        <Show
            when=move || !done.get()
            fallback=|| view! { <p role="status">"The password is set. Sign in with it; your second factor is asked for as before."</p> }
        >
            <form class="form" on:submit=submit novalidate>
                <p>{words.clone()}</p>
                {named.then(|| view! { <TextField label="Your name" autocomplete="name" value=name error=wrong required=true/> })}
                {first.then(|| view! { <TextField label="E-mail" kind="email" autocomplete="username" value=email error=attempt.field("email") required=true/> })}
                <TextField
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least twelve characters; some words that do not belong together are good."
                    value=password
                    error=attempt.field("password")
                    required=true
                />
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="join">"Go in"</Button>
                </div>
                <p class="muted">"This link serves once and expires " <Instant at=expires_at/> "."</p>
            </form>
        </Show>
    }
}
