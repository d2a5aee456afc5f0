//! The sessions that are open: where from, since when, and a button that ends them.

use leptos::prelude::*;
use shared::api::account::{AccountView, SessionView};

use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        people::browser,
        time::Instant,
    },
    transport::api,
};

#[component]
pub(super) fn Sessions(account: Signal<AccountView>, of: Fetched<AccountView>) -> impl IntoView {
    let sessions = Memo::new(move |_| account.with(|a| a.sessions.clone()));
    let several = Memo::new(move |_| sessions.with(|all| all.len() > 1));
    let attempt = Attempt::new();
    let end_others = move |()| attempt.run(async move { api().end_other_sessions().await }, move |()| of.refetch());
    view! {
        <section class="card">
            <h2 class="card-title">"Sessions"</h2>
            <ul class="rows" data-testid="sessions">
                <For each=move || sessions.get() key=|s| (s.id.clone(), s.last_used_at) children=move |session| view! { <Row session of/> }/>
            </ul>
            <ErrorNote error=attempt.error/>
            <Show when=move || several.get()>
                <Button busy=attempt.busy on_press=end_others test_id="end-others">"End all others"</Button>
            </Show>
        </section>
    }
}

#[component]
fn Row(session: SessionView, of: Fetched<AccountView>) -> impl IntoView {
    let attempt = Attempt::new();
    let id = session.id.clone();
    let end = move |()| {
        let id = id.clone();
        attempt.run(async move { api().end_session(&id).await }, move |()| of.refetch());
    };
    view! {
        <li class="row">
            <span class="row-main">
                <b title=session.agent.clone()>{browser(&session.agent)}</b>
                <span class="row-meta">{format!("From {}, since ", session.address)} <Instant at=session.since/></span>
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side">
                {if session.current {
                    view! { <span class="row-meta">"This one"</span> }.into_any()
                } else {
                    view! {
                        <span class="row-meta">"Used " <Instant at=session.last_used_at/></span>
                        <Button kind=ButtonKind::Quiet busy=attempt.busy on_press=end>"End"</Button>
                    }
                        .into_any()
                }}
            </span>
        </li>
    }
}
