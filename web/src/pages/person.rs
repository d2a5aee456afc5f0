//! One person: what they have and may do, and what can be changed about them. Every command comes from the server's offers.

mod commands;
mod question;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::{live::Topic, people::PersonView},
    ids::UserId,
};

use self::{commands::Commands, question::Question};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        error_note::Missing,
        people::{ForViewers, browser, role_words},
        time::Instant,
        title::title,
        token_list::{TokenList, Whose},
    },
    live::use_live,
    transport::api,
};

#[component]
pub(crate) fn PersonPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id").and_then(|id| id.parse::<UserId>().ok())));
    move || match id.get() {
        Some(id) => view! { <ForViewers><Person id/></ForViewers> }.into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn Person(id: UserId) -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::People {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().person(id).await }
    });
    title(move || of.value.with(|p| p.as_ref().map_or_else(|| "Person".into(), |p| p.row.name.clone())));
    view! { <AsyncView of what="the person" content=move |person| view! { <Shown id person of/> }/> }
}

fn factors(person: &PersonView) -> String {
    let mut has = vec![];
    if person.has_password {
        has.push("a password".to_owned());
    }
    if person.totp {
        has.push("an authenticator app".into());
    }
    match person.passkeys {
        0 => {}
        1 => has.push("a passkey".into()),
        n => has.push(format!("{n} passkeys")),
    }
    if person.recovery_codes > 0 {
        has.push(format!("{} recovery codes", person.recovery_codes));
    }
    if person.row.service {
        return "nothing: it is a program's account, which tokens are made for".into();
    }
    if has.is_empty() { "nothing yet".into() } else { has.join(", ") }
}

#[component]
fn Shown(id: UserId, person: Signal<PersonView>, of: Fetched<PersonView>) -> impl IntoView {
    let name = move || person.with(|p| p.row.name.clone());
    let state = move || person.with(|p| if p.row.active { "" } else { "Deactivated" });
    let sessions = Memo::new(move |_| person.with(|p| p.sessions.clone()));
    view! {
        <header class="page-head">
            <h1>{name}</h1>
            <span class="muted">{state}</span>
        </header>
        <div class="stack">
        <section class="panel">
            <dl class="person-facts">
                <div><dt>"E-mail"</dt><dd>{move || person.with(|p| p.row.email.clone())}</dd></div>
                <div><dt>"Role"</dt><dd data-testid="person-role">{move || person.with(|p| role_words(&p.row.role, &p.row.contact_roles))}</dd></div>
                <div><dt>"Signs in by"</dt><dd>{move || person.with(factors)}</dd></div>
                <div><dt>"Since"</dt><dd><Instant at=Signal::derive(move || person.with(|p| p.created_at))/></dd></div>
            </dl>
        </section>
        <Commands id person of/>
        <Question id/>
        <TokenList whose=Whose::Of(id)/>
        <section class="panel">
            <h2>"Sessions"</h2>
            <Show when=move || !sessions.with(Vec::is_empty) fallback=|| view! { <p class="muted">"None is open."</p> }>
                <ul class="rows people-rows">
                    {move || sessions.get().into_iter().map(|session| view! {
                        <li class="row">
                            <span class="row-main"><b title=session.agent.clone()>{browser(&session.agent)}</b><span class="row-meta">{format!("From {}, since ", session.address)} <Instant at=session.since/></span></span>
                            <span class="row-side"><span class="row-meta">"Used " <Instant at=session.last_used_at/></span></span>
                        </li>
                    }).collect_view()}
                </ul>
            </Show>
        </section>
        <p><a href="/console/people">"All people"</a></p>
        </div>
    }
}
