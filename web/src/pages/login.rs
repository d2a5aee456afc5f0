//! Signing in. Shows nothing of what is inside.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

use crate::{
    components::{provider_sign_in::ProviderSignIn, sign_in_form::SignInForm, title::title},
    session::{safe_next, use_session},
};

#[component]
pub(crate) fn LoginPage() -> impl IntoView {
    title(|| "Sign in".into());
    let session = use_session();
    let query = use_query_map();
    let navigate = use_navigate();
    let asked = move || query.with(|query| query.get("next"));
    // Also for who is already signed in.
    Effect::new(move |_| {
        if session.me.with(Option::is_some) {
            navigate(&safe_next(asked()), NavigateOptions { replace: true, ..Default::default() });
        }
    });
    view! {
        <main class="sign-in">
            <h1>"Sign in to Muster"</h1>
            <Show when=move || asked().is_some()>
                <p class="muted">"Sign in to open the page you asked for."</p>
            </Show>
            <SignInForm on_done=move |me| session.signed_in(me)/>
            <ProviderSignIn next=Signal::derive(asked)/>
            <p class="muted">
                "No account, or the password lost? An administrator of this Muster gives you a link. "
                "If nobody can: " <code>"muster user password-link"</code> " on its machine."
            </p>
            <p>
                <a href="/" rel="external">
                    "Go to the public status page"
                </a>
            </p>
        </main>
    }
}
