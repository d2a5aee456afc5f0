//! The way in by an identity provider, where there is one. Shows nothing else of the sign-in page.

use leptos::{prelude::*, task::spawn_local};
use shared::api::session::DepartIn;

use crate::{
    components::{attempt::Attempt, button::Button, error_note::ErrorNote},
    transport::api,
};

#[component]
pub(crate) fn ProviderSignIn(#[prop(into)] next: Signal<Option<String>>) -> impl IntoView {
    let provider = RwSignal::new(None::<String>);
    spawn_local(async move {
        // Without an answer there is no button; the form beside it says why nothing works.
        if let Ok(ways) = api().ways().await {
            provider.try_set(ways.provider);
        }
    });
    let attempt = Attempt::new();
    let leave = move || {
        let body = DepartIn { next: next.get_untracked() };
        attempt.run(async move { api().depart(&body).await }, move |departed| {
            // Fails only for an address that is none.
            let _ = window().location().set_href(&departed.address);
        });
    };
    view! {
        {move || {
            provider
                .get()
                .map(|name| {
                    view! {
                        <div class="form other-way">
                            <ErrorNote error=attempt.error/>
                            <Button busy=attempt.busy test_id="sign-in-provider" on_press=Callback::new(move |()| leave())>
                                {format!("Sign in with {name}")}
                            </Button>
                        </div>
                    }
                })
        }}
    }
}
