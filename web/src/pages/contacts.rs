//! Whom to call: real people for the plan's contact roles, one tap away, and whether what Muster sends reaches them.

mod drill;
mod role;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{
    api::{
        contact::{ContactsView, MessageView},
        live::Topic,
    },
    domain::access::Action,
};

use self::{drill::Drills, role::Role};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        delivery::DeliveryLog,
        empty::Empty,
        error_note::Missing,
        state_badge::StateBadge,
        time::Instant,
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn ContactsPage() -> impl IntoView {
    title(|| "Whom to call".into());
    let params = use_params_map();
    let slug = Memo::new(move |_| params.with(|p| p.get("slug")));
    let allowed = may(Action::ViewContacts);
    move || match slug.get() {
        Some(slug) if allowed.get() => view! { <Contacts slug/> }.into_any(),
        Some(_) => view! {
            <h1>"Whom to call"</h1>
            <p class="muted">{Action::ViewContacts.needs()}</p>
        }
        .into_any(),
        None => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn Contacts(slug: String) -> impl IntoView {
    let kept = StoredValue::new(slug.clone());
    let heard = use_live().refetch_on(move |topic| match topic {
        Topic::Plan { system } => kept.with_value(|slug| slug == system),
        Topic::Outbox {} | Topic::People {} => true,
        _ => false,
    });
    let of = Fetched::new(move || {
        heard.track();
        let slug = kept.get_value();
        async move { api().contacts(&slug).await }
    });
    view! {
        <div class="plan">
            <header class="page-head">
                <div>
                    <p class="kicker"><a href=format!("/console/plan?system={slug}")>"Plan"</a></p>
                    <h1>"Whom to call"</h1>
                    <p class="muted">
                        "The first of a role is called as soon as an incident is declared, the second if nobody answers; at level 3 everybody at once. Each adds their own ways to be reached under "
                        <a href="/console/account">"My account"</a> "."
                    </p>
                </div>
            </header>
            <AsyncView of what="the contacts" content=move |view| view! { <Lists view of/> }/>
        </div>
    }
}

#[component]
fn Lists(view: Signal<ContactsView>, of: Fetched<ContactsView>) -> impl IntoView {
    let roles = Memo::new(move |_| view.with(|v| v.roles.iter().map(|role| role.role.clone()).collect::<Vec<_>>()));
    let messages = Memo::new(move |_| view.with(|v| v.messages.clone()));
    let mail = Memo::new(move |_| view.with(|v| v.mail_refused.clone()));
    let refused = Memo::new(move |_| view.with(|v| v.change_refused.clone()));
    view! {
        {move || {
            mail.get()
                .map(|why| {
                    view! {
                        <div class="note warning" role="status" data-testid="mail-refused">
                            <div class="note-body"><p>{why}</p></div>
                        </div>
                    }
                })
        }}
        {move || refused.get().map(|why| view! { <p class="reason">{why}</p> })}
        <Show
            when=move || roles.with(|roles| !roles.is_empty())
            fallback=|| view! { <Empty title="The plan names no contacts" text="Add a table of contacts to the plan; its roles appear here."/> }
        >
            <For each=move || roles.get() key=Clone::clone children=move |role| view! { <Role role view of/> }/>
        </Show>
        <Show when=move || roles.with(|roles| !roles.is_empty())>
            <Drills view/>
        </Show>
        <section class="panel" aria-labelledby="messages">
            <h2 id="messages">"Sent lately"</h2>
            <Show
                when=move || messages.with(|all| !all.is_empty())
                fallback=|| view! { <p class="muted">"Nothing yet."</p> }
            >
                <ul class="rows" data-testid="messages">
                    <For
                        each=move || messages.get()
                        key=|message| (message.number, message.log.len())
                        children=|message| view! { <Message message/> }
                    />
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn Message(message: MessageView) -> impl IntoView {
    let MessageView { recipient, channel, address, subject, state, log, next_at, .. } = message;
    let at = log.first().map(|line| line.at);
    view! {
        <li class="row">
            <span class="row-main">
                <b>{subject}</b>
                <span class="row-meta">
                    {format!("To {recipient} by {}, {address} · ", channel.words())} {at.map(|at| view! { <Instant at/> })}
                </span>
                <DeliveryLog log next_at/>
            </span>
            <span class="row-side"><StateBadge state/></span>
        </li>
    }
}
