//! E-mail and password, for the sign-in page and for a session that has ended. Where one goes afterwards is the caller's.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::api::session::{Me, SignIn};

use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::TextField,
    },
    transport::api,
};

#[component]
pub(crate) fn SignInForm(
    /// Already known, after a session has ended.
    #[prop(optional, into)]
    email: String,
    #[prop(into)] on_done: Callback<Me>,
) -> impl IntoView {
    let again = !email.is_empty();
    let email = RwSignal::new(email);
    let password = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = SignIn { email: email.get_untracked().trim().to_owned(), password: password.get_untracked() };
        attempt.run(async move { api().sign_in(&body).await }, move |me| {
            password.try_set(String::new());
            on_done.run(me);
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <ErrorNote error=attempt.error/>
            <TextField
                label="E-mail"
                kind="email"
                autocomplete="username"
                value=email
                error=attempt.field("email")
                required=true
                autofocus=!again
            />
            <TextField
                label="Password"
                kind="password"
                autocomplete="current-password"
                value=password
                error=attempt.field("password")
                required=true
                autofocus=again
            />
            <div class="form-actions">
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="sign-in">
                    "Sign in"
                </Button>
            </div>
        </form>
    }
}
