//! Recovery codes: shown once when they are made, counted afterwards.

use leptos::prelude::*;
use shared::api::account::AccountView;

use crate::{
    components::{
        async_view::Fetched, attempt::Attempt, button::Button, error_note::ErrorNote, secret_once::SecretOnce,
    },
    transport::api,
};

#[component]
pub(super) fn Codes(
    codes: RwSignal<Vec<String>>,
    account: Signal<AccountView>,
    of: Fetched<AccountView>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let renew = move |()| {
        attempt.run(async move { api().new_recovery_codes().await }, move |made| {
            codes.set(made.codes);
            of.refetch();
        });
    };
    let left = Memo::new(move |_| account.with(|a| (a.totp || !a.passkeys.is_empty()).then_some(a.recovery_codes)));
    let counted = move || match left.get() {
        Some(1) => "1 recovery code is left.".to_owned(),
        Some(n) => format!("{n} recovery codes are left."),
        None => String::new(),
    };
    view! {
        <Show when=move || !codes.with(Vec::is_empty)>
            <section class="card" data-testid="recovery-codes">
                <h2 class="card-title">"Your recovery codes"</h2>
                <p>"Each signs you in once when your phone or key is lost. Keep them where neither is; they are not shown again."</p>
                {move || view! { <SecretOnce text=codes.get().join("\n") verb="Copy the codes"/> }}
                <div class="form-actions">
                    <Button on_press=move |()| codes.set(vec![])>"I have them"</Button>
                </div>
            </section>
        </Show>
        <Show when=move || left.get().is_some() && codes.with(Vec::is_empty)>
            <section class="card">
                <h2 class="card-title">"Recovery codes"</h2>
                <p>{counted} " Each signs you in once when your phone or key is lost."</p>
                <ErrorNote error=attempt.error/>
                <Button busy=attempt.busy on_press=renew test_id="new-codes">"Make new ones"</Button>
                <p class="hint">"The old ones no longer count then."</p>
            </section>
        </Show>
    }
}
