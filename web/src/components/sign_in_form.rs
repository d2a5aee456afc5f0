//! E-mail and password, then a second proof where the account has one; or a passkey alone. For the sign-in page and for a session
//! that has ended. Where one goes afterwards is the caller's.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::api::{
    client::CallError,
    error::ErrorCode,
    session::{Me, ProofIn, ProofWanted, ProofWay, SignIn},
};

use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::TextField,
        proof_form::{ProofForm, passkey},
    },
    transport::api,
    webauthn,
};

/// What else the account wants, if this is what the server said.
fn second_wanted(error: &CallError) -> Option<Vec<ProofWay>> {
    let CallError::Refused(view) = error else { return None };
    if view.code != ErrorCode::SecondFactorNeeded {
        return None;
    }
    let wanted: ProofWanted = serde_json::from_value(view.details.clone()?).ok()?;
    Some(wanted.ways)
}

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
    let second = RwSignal::new(Vec::<ProofWay>::new());
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = SignIn { email: email.get_untracked().trim().to_owned(), password: password.get_untracked() };
        let call = async move {
            match api().sign_in(&body).await {
                Err(error) => match second_wanted(&error) {
                    Some(ways) => Ok(Err(ways)),
                    None => Err(error),
                },
                Ok(me) => Ok(Ok(me)),
            }
        };
        attempt.run(call, move |outcome| {
            password.try_set(String::new());
            match outcome {
                Ok(me) => on_done.run(me),
                Err(ways) => second.set(ways),
            }
        });
    };
    let by_passkey = Attempt::new();
    let use_passkey = move |()| {
        by_passkey.run(async move { api().second(&passkey().await?).await }, move |me| on_done.run(me));
    };
    view! {
        <Show
            when=move || second.with(Vec::is_empty)
            fallback=move || {
                view! {
                    <p>"The password is right. Show once more that it is you."</p>
                    <ProofForm
                        ways=second.into()
                        verb="Sign in"
                        send=|proof: ProofIn| async move { api().second(&proof).await }
                        on_done=move |me| on_done.run(me)
                        on_cancel=move |()| second.set(vec![])
                    />
                }
            }
        >
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
            <Show when=webauthn::can>
                <div class="form other-way">
                    <ErrorNote error=by_passkey.error/>
                    <Button busy=by_passkey.busy on_press=use_passkey test_id="sign-in-passkey">
                        "Sign in with a passkey"
                    </Button>
                </div>
            </Show>
        </Show>
    }
}
