//! Passkeys: those there are, adding one, removing one.

use leptos::prelude::*;
use shared::{
    api::{
        account::{AccountView, PasskeyIn, PasskeyView},
        client::CallError,
    },
    domain::text::Name,
};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextField,
        time::Instant,
    },
    transport::api,
    webauthn,
};

#[component]
pub(super) fn Passkeys(
    account: Signal<AccountView>,
    of: Fetched<AccountView>,
    codes: RwSignal<Vec<String>>,
) -> impl IntoView {
    let keys = Memo::new(move |_| account.with(|a| a.passkeys.clone()));
    let refused = Memo::new(move |_| {
        account
            .with(|a| a.passkeys_refused.clone())
            .or_else(|| (!webauthn::can()).then(|| "This browser cannot use passkeys; a newer one can.".to_owned()))
    });
    let adding = RwSignal::new(false);
    view! {
        <section class="card">
            <h2 class="card-title">"Passkeys"</h2>
            <p>"A passkey lives in your phone, computer or security key, is unlocked by finger, face or PIN, and cannot be given away to a false page."</p>
            <Show when=move || !keys.with(Vec::is_empty)>
                <ul class="rows">
                    <For each=move || keys.get() key=|key| (key.id, key.last_used_at) children=move |key| view! { <Passkey key_=key of/> }/>
                </ul>
            </Show>
            <Button refused on_press=move |()| adding.set(true) test_id="add-passkey">"Add a passkey"</Button>
            <AddPasskey open=adding of codes/>
        </section>
    }
}

#[component]
fn AddPasskey(open: RwSignal<bool>, of: Fetched<AccountView>, codes: RwSignal<Vec<String>>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let parsed = Name::parse(&name.get_untracked());
        wrong.set(parsed.as_ref().err().map(|_| "Say which one it is: \"phone\", \"blue key\".".into()));
        let Ok(parsed) = parsed else { return };
        let call = async move {
            let asked = api().begin_passkey().await?;
            let credential = webauthn::create(&asked).await.map_err(CallError::Device)?;
            api().add_passkey(&PasskeyIn { name: parsed, credential }).await
        };
        attempt.run(call, move |made| {
            open.set(false);
            name.set(String::new());
            codes.set(made.codes);
            of.refetch();
        });
    };
    view! {
        <Dialog open title="Add a passkey">
            <form class="form" on:submit=submit novalidate>
                <p>"Your browser will ask where to keep it. Your other sessions end."</p>
                <TextField label="What to call it" value=name error=wrong hint="So that you know which one to remove when it is lost." autofocus=true/>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                    <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="passkey-create">"Add the passkey"</Button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Passkey(key_: PasskeyView, of: Fetched<AccountView>) -> impl IntoView {
    let asking = RwSignal::new(false);
    let attempt = Attempt::new();
    let id = key_.id;
    let remove = move |()| {
        attempt.run(async move { api().remove_passkey(id).await }, move |()| {
            asking.set(false);
            of.refetch();
        });
    };
    let title = format!("Remove the passkey {}?", key_.name);
    view! {
        <li class="row">
            <span class="row-main">
                <b>{key_.name.clone()}</b>
                <span class="row-meta">"Added " <Instant at=key_.created_at/></span>
            </span>
            <span class="row-side">
                {key_.last_used_at.map(|at| view! { <span class="row-meta">"Used " <Instant at/></span> })}
                <Button kind=ButtonKind::Quiet on_press=move |()| asking.set(true)>"Remove"</Button>
            </span>
            <Dialog open=asking title>
                <p>"It no longer signs you in. The device may go on showing it; remove it there, too."</p>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| asking.set(false)>"Keep it"</Button>
                    <Button kind=ButtonKind::Danger busy=attempt.busy on_press=remove>"Remove the passkey"</Button>
                </div>
            </Dialog>
        </li>
    }
}
