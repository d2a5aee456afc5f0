//! Who was called for this incident, by what, and whether it arrived; live. Calls nobody.

use leptos::prelude::*;
use shared::{
    api::{
        contact::{CallMessageView, CallView, CallsView},
        live::Topic,
    },
    domain::access::Action,
};

use super::Here;
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        delivery::DeliveryLog,
        state_badge::StateBadge,
        time::Instant,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(super) fn Calls(here: Here) -> impl IntoView {
    let number = here.number;
    let heard = use_live().refetch_on(move |topic| matches!(topic, Topic::Incident { number: n } if *n == number));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().calls(number).await }
    });
    let system = here.incident.with_untracked(|incident| incident.system.clone());
    let sees = may(Action::ViewContacts);
    let contacts = format!("/console/plan/{system}/contacts");
    view! {
        <section class="panel" aria-labelledby="calls" data-testid="calls">
            <h2 id="calls">"Who was called"</h2>
            <AsyncView of what="who was called" content=move |calls| view! { <List calls/> }/>
            <Show when=move || sees.get()>
                <p><a href=contacts.clone()>"Whom to call"</a></p>
            </Show>
        </section>
    }
}

#[component]
fn List(calls: Signal<CallsView>) -> impl IntoView {
    let none = move || {
        calls.with(|calls| match (calls.items.is_empty(), calls.nobody) {
            (true, true) => Some("Nobody: the plan's contact roles have no people yet."),
            (true, false) => Some("Nobody yet."),
            (false, _) => None,
        })
    };
    view! {
        {move || none().map(|words| view! { <p class="muted">{words}</p> })}
        <ul class="fact-list">{move || calls.with(|calls| calls.items.iter().cloned().map(|call| view! { <Call call/> }).collect_view())}</ul>
        {move || {
            calls
                .with(|calls| calls.next_at.filter(|_| !calls.items.is_empty()))
                .map(|at| view! { <p class="hint">"If nobody answers, others are called " <Instant at/></p> })
        }}
    }
}

#[component]
fn Call(call: CallView) -> impl IntoView {
    let CallView { name, at, answered_at, messages, .. } = call;
    view! {
        <li data-testid="call">
            <span class="fact-name">
                {name}
                <span class="hint">
                    "Called " <Instant at/>
                    {answered_at.map(|at| view! { ", answered " <Instant at/> })}
                </span>
                {messages.into_iter().map(|message| view! { <Message message/> }).collect_view()}
            </span>
        </li>
    }
}

#[component]
fn Message(message: CallMessageView) -> impl IntoView {
    let CallMessageView { channel, state, log, next_at, .. } = message;
    view! {
        <span class="call-message">
            {channel.words()} " " <StateBadge state/>
            <DeliveryLog log next_at/>
        </span>
    }
}
