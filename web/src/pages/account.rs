//! My account: the password, what one proves oneself by beside it, and the sessions that are open.

mod codes;
mod passkeys;
mod password;
mod quiet;
mod sessions;
mod totp;
mod ways;

use leptos::prelude::*;
use shared::api::{account::AccountView, live::Topic};

use self::{codes::Codes, passkeys::Passkeys, password::ChangePassword, sessions::Sessions, totp::Totp, ways::Ways};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        title::title,
        token_list::{TokenList, Whose},
    },
    live::use_live,
    session::use_session,
    transport::api,
};

#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    title(|| "My account".into());
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::People {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().account().await }
    });
    view! {
        <header class="page-head">
            <h1>"My account"</h1>
        </header>
        <AsyncView of what="your account" content=move |account| view! { <Account account of/> }/>
    }
}

#[component]
fn Account(account: Signal<AccountView>, of: Fetched<AccountView>) -> impl IntoView {
    // A first factor opens the rest of the console.
    let session = use_session();
    Effect::new(move |_| account.with(|a| session.refresh(&a.me)));
    // Shown once, after whatever made them.
    let codes = RwSignal::new(Vec::<String>::new());
    let who = move || {
        account.with(|a| {
            let duties: Vec<_> = a.me.contact_roles.iter().map(|role| role.name().replace('-', " ")).collect();
            let duties = if duties.is_empty() { String::new() } else { format!(" · {}", duties.join(", ")) };
            format!("{} · {} · {}{duties}", a.me.name, a.me.email, a.me.role)
        })
    };
    let must = Memo::new(move |_| account.with(|a| a.me.must_enrol));
    let has_password = Memo::new(move |_| account.with(|a| a.has_password));
    view! {
        <div class="stack">
        <p class="muted">{who}</p>
        <Show when=move || must.get()>
            <div class="note warning" role="status" data-testid="must-enrol">
                <div class="note-body">
                    <p>"Your role asks for a second factor, and you have none yet. Add a passkey or an authenticator app; then everything else opens."</p>
                </div>
            </div>
        </Show>
        <Codes codes account of/>
        <Passkeys account of codes/>
        <Totp account of codes/>
        <Show when=move || has_password.get()>
            <ChangePassword of/>
        </Show>
        <Ways/>
        <TokenList whose=Whose::Mine/>
        <Sessions account of/>
        </div>
    }
}
