//! Changing one's password. What is fit to be one, the server says.

use leptos::prelude::*;
use shared::api::account::{AccountView, PasswordIn};

use crate::{
    components::{async_view::Fetched, attempt::Attempt, button::Button, error_note::ErrorNote, field::TextField},
    transport::api,
};

#[component]
pub(super) fn ChangePassword(of: Fetched<AccountView>) -> impl IntoView {
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let done = RwSignal::new(false);
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        done.set(false);
        let body = PasswordIn { current: current.get_untracked(), new: new.get_untracked() };
        attempt.run(async move { api().change_password(&body).await }, move |()| {
            current.set(String::new());
            new.set(String::new());
            done.set(true);
            of.refetch();
        });
    };
    view! {
        <section class="card">
            <h2 class="card-title">"Password"</h2>
            <form class="form" on:submit=submit novalidate>
                <TextField label="Present password" kind="password" autocomplete="current-password" value=current error=attempt.field("current") required=true/>
                <TextField
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least twelve characters; some words that do not belong together are good. All your other sessions end."
                    value=new
                    error=attempt.field("new")
                    required=true
                />
                <ErrorNote error=attempt.error/>
                <Show when=move || done.get()>
                    <p role="status" data-testid="password-changed">"The password was changed, and your other sessions have ended."</p>
                </Show>
                <div class="form-actions">
                    <Button submit=true busy=attempt.busy test_id="change-password">"Change the password"</Button>
                </div>
            </form>
        </section>
    }
}
