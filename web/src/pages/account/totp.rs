//! The authenticator app: scan, confirm, remove.

use leptos::prelude::*;
use shared::api::account::{AccountView, TotpView};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        error_note::ErrorNote,
        field::TextField,
        qr::Qr,
    },
    transport::api,
};

#[component]
pub(super) fn Totp(
    account: Signal<AccountView>,
    of: Fetched<AccountView>,
    codes: RwSignal<Vec<String>>,
) -> impl IntoView {
    let there = Memo::new(move |_| account.with(|a| a.totp));
    let app = RwSignal::new(None::<TotpView>);
    let asking = RwSignal::new(false);
    let (begin, remove) = (Attempt::new(), Attempt::new());
    let start = move |()| begin.run(async move { api().begin_totp().await }, move |made| app.set(Some(made)));
    let take = move |()| {
        remove.run(async move { api().remove_totp().await }, move |()| {
            asking.set(false);
            of.refetch();
        });
    };
    view! {
        <section class="card">
            <h2 class="card-title">"Authenticator app"</h2>
            <Show
                when=move || there.get()
                fallback=move || {
                    view! {
                        <p>"An app on your phone shows six digits that change every half minute; signing in asks for them."</p>
                        <ErrorNote error=begin.error/>
                        <Show when=move || app.with(Option::is_none)>
                            <Button busy=begin.busy on_press=start test_id="add-totp">"Add an app"</Button>
                        </Show>
                        {move || app.get().map(|made| view! { <Confirm made app of codes/> })}
                    }
                }
            >
                <p>"In use."</p>
                <Button on_press=move |()| asking.set(true) test_id="remove-totp">"Remove the app"</Button>
                <Dialog open=asking title="Remove the authenticator app?">
                    <p>"Its codes no longer count."</p>
                    <ErrorNote error=remove.error/>
                    <div class="form-actions">
                        <Button on_press=move |()| asking.set(false)>"Keep it"</Button>
                        <Button kind=ButtonKind::Danger busy=remove.busy on_press=take>"Remove the app"</Button>
                    </div>
                </Dialog>
            </Show>
        </section>
    }
}

#[component]
fn Confirm(
    made: TotpView,
    app: RwSignal<Option<TotpView>>,
    of: Fetched<AccountView>,
    codes: RwSignal<Vec<String>>,
) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = code.get_untracked();
        attempt.run(async move { api().confirm_totp(&typed).await }, move |made| {
            app.set(None);
            codes.set(made.codes);
            of.refetch();
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <p>"Scan this with the app, or type the key in. Then type the code that it shows. Your other sessions end."</p>
            <Qr text=made.url words="The key for your app as a QR code"/>
            <p class="mono totp-secret" data-testid="totp-secret">{made.secret}</p>
            <TextField label="Code from the app" autocomplete="one-time-code" value=code error=attempt.field("code") required=true autofocus=true/>
            <ErrorNote error=attempt.error/>
            <div class="form-actions">
                <Button on_press=move |()| app.set(None)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="totp-confirm">"Use this app"</Button>
            </div>
        </form>
    }
}
