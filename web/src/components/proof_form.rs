//! Shows who one is by one of several ways: a password, a code, a passkey. For the second step of a sign-in and for a fresh proof;
//! where it is sent is the caller's.

use std::future::Future;

use leptos::{ev::SubmitEvent, prelude::*};
use serde_json::Value;
use shared::api::{
    client::CallError,
    session::{ProofIn, ProofWay},
};

use crate::{
    components::{
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        field::TextField,
    },
    transport::api,
    webauthn,
};

fn words(way: ProofWay) -> &'static str {
    match way {
        ProofWay::Password => "Use the password",
        ProofWay::Code => "Use a code from the app",
        ProofWay::Passkey => "Use a passkey",
        ProofWay::RecoveryCode => "Use a recovery code",
    }
}

/// A passkey's answer to a fresh challenge.
pub(crate) async fn passkey() -> Result<ProofIn, CallError> {
    let asked = api().challenge().await?;
    let credential: Value = webauthn::get(&asked).await.map_err(CallError::Device)?;
    Ok(ProofIn::Passkey { credential })
}

/// What is typed for it, if anything is.
fn field(way: Option<ProofWay>, typed: RwSignal<String>) -> AnyView {
    let (label, kind, autocomplete, hint) = match way {
        Some(ProofWay::Password) => ("Your password", "password", "current-password", None),
        Some(ProofWay::Code) => (
            "Code from your authenticator app",
            "text",
            "one-time-code",
            Some("Six digits; they change every half minute."),
        ),
        Some(ProofWay::RecoveryCode) => {
            ("Recovery code", "text", "off", Some("One of those you wrote down; each serves once."))
        }
        Some(ProofWay::Passkey) => {
            return view! { <p>"Your browser asks you to unlock your passkey."</p> }.into_any();
        }
        None => {
            let words = "This browser can use none of the ways that this account has.";
            return view! { <p class="field-error">{words}</p> }.into_any();
        }
    };
    let hint = MaybeProp::from(hint.map(str::to_owned));
    view! { <TextField label kind autocomplete hint value=typed required=true autofocus=true/> }.into_any()
}

#[component]
pub(crate) fn ProofForm<T, F, Fut>(
    ways: Signal<Vec<ProofWay>>,
    /// On the button: "Sign in", "Go on".
    verb: &'static str,
    send: F,
    #[prop(into)] on_done: Callback<T>,
    #[prop(optional, into)] on_cancel: Option<Callback<()>>,
) -> impl IntoView
where
    T: Send + Sync + 'static,
    F: Fn(ProofIn) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<T, CallError>> + 'static,
{
    let chosen = RwSignal::new(None::<ProofWay>);
    let usable = move || {
        let can = webauthn::can();
        ways.get().into_iter().filter(|way| can || *way != ProofWay::Passkey).collect::<Vec<_>>()
    };
    let way = Memo::new(move |_| chosen.get().or_else(|| usable().first().copied()));
    let typed = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked();
        let Some(way) = way.get_untracked() else { return };
        let call = async move {
            let proof = match way {
                ProofWay::Password => ProofIn::Password { password: text },
                ProofWay::Code => ProofIn::Code { code: text },
                ProofWay::RecoveryCode => ProofIn::RecoveryCode { code: text },
                ProofWay::Passkey => passkey().await?,
            };
            send(proof).await
        };
        attempt.run(call, move |done| {
            typed.try_set(String::new());
            on_done.run(done);
        });
    };
    let others = move || usable().into_iter().filter(|other| Some(*other) != way.get()).collect::<Vec<_>>();
    view! {
        <form class="form" on:submit=submit novalidate data-testid="proof-form">
            <ErrorNote error=attempt.error/>
            {move || field(way.get(), typed)}
            <div class="form-actions">
                {on_cancel.map(|cancel| view! { <Button on_press=move |()| cancel.run(())>"Cancel"</Button> })}
                <Button kind=ButtonKind::Primary submit=true busy=attempt.busy test_id="proof-send">
                    {verb}
                </Button>
            </div>
            <ul class="other-ways">
                {move || {
                    others()
                        .into_iter()
                        .map(|other| {
                            let test_id = format!("proof-{}", serde_json::to_value(other).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default());
                            view! {
                                <li>
                                    <button
                                        type="button"
                                        class="link-button"
                                        data-testid=test_id
                                        on:click=move |_| {
                                            typed.set(String::new());
                                            attempt.error.set(None);
                                            chosen.set(Some(other));
                                        }
                                    >
                                        {words(other)}
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </form>
    }
}
