//! How one can be reached: addresses, each with a code first. Addresses that let others write there are never shown again.

use leptos::prelude::*;
use shared::{
    api::{
        contact::{WayIn, WayMade, WayView, WaysView},
        live::Topic,
    },
    domain::outbox::Channel,
};

use super::quiet::Quiet;
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        delivery::DeliveryLog,
        error_note::ErrorNote,
        field::{SelectField, TextField},
        secret_once::SecretOnce,
        state_badge::StateBadge,
    },
    live::use_live,
    transport::api,
};

#[component]
pub(super) fn Ways() -> impl IntoView {
    let heard = use_live().refetch_on(|topic| matches!(topic, Topic::People {} | Topic::Outbox {}));
    let of = Fetched::new(move || {
        heard.track();
        async move { api().own_ways().await }
    });
    view! {
        <section class="panel" aria-labelledby="ways">
            <h2 id="ways">"How you are reached"</h2>
            <AsyncView of what="your ways to be reached" content=move |ways| view! { <List ways of/> <Add of/> <Quiet ways of/> }/>
        </section>
    }
}

#[component]
fn List(ways: Signal<WaysView>, of: Fetched<WaysView>) -> impl IntoView {
    let items = Memo::new(move |_| ways.with(|w| w.items.clone()));
    let email = Memo::new(move |_| ways.with(|w| w.email.clone()));
    let mail = Memo::new(move |_| ways.with(|w| w.mail_refused.clone()));
    view! {
        <ul class="rows people-rows" data-testid="ways">
            <li class="row">
                <span class="row-main">
                    <b>{email}</b>
                    <span class="row-meta">{move || mail.get().unwrap_or_else(|| "E-mail, of your account".into())}</span>
                </span>
            </li>
            <For
                each=move || items.get()
                key=|way| (way.id, way.verified_at)
                children=move |way| view! { <Row way items of/> }
            />
        </ul>
    }
}

#[component]
fn Row(way: WayView, items: Memo<Vec<WayView>>, of: Fetched<WaysView>) -> impl IntoView {
    let WayView { id, channel, shown, verified_at, .. } = way;
    // Live, while the rest stays: a code may be half typed when the message with it is delivered.
    let last = Memo::new(move |_| items.with(|all| all.iter().find(|way| way.id == id)?.last.clone()));
    let attempt = Attempt::new();
    let waits = verified_at.is_none() && channel.sends();
    let words = match (channel, waits) {
        (Channel::Phone, _) => "Phone: people call you, Muster does not".to_owned(),
        (_, true) => format!("{}: not used until you enter the code that was sent there", channel.words()),
        (_, false) => format!("{}: you are paged here", channel.words()),
    };
    let remove = move |()| attempt.run(async move { api().remove_way(id).await }, move |()| of.refetch());
    let again = move |()| attempt.run(async move { api().send_way_code(id).await }, move |()| of.refetch());
    view! {
        <li class="row" data-testid="way">
            <span class="row-main">
                <b>{shown}</b>
                <span class="row-meta">{words}</span>
                {move || last.get().map(|m| view! { <span class="row-meta">"Last message " <StateBadge state=m.state/></span> <DeliveryLog log=m.log next_at=m.next_at/> })}
                {waits.then(|| view! { <Code id of/> })}
                <ErrorNote error=attempt.error/>
            </span>
            <span class="row-side button-row">
                {waits.then(|| view! { <Button busy=attempt.busy on_press=again>"Send another code"</Button> })}
                <Button kind=ButtonKind::Quiet busy=attempt.busy on_press=remove>"Remove"</Button>
            </span>
        </li>
    }
}

#[component]
fn Code(id: uuid::Uuid, of: Fetched<WaysView>) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let wrong = attempt.field("code");
    let send = move || {
        let typed = code.get_untracked();
        attempt.run(async move { api().confirm_way(id, &typed).await }, move |()| of.refetch());
    };
    view! {
        <form
            class="contact-add"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <TextField label="Code" value=code autocomplete="one-time-code" error=wrong/>
            <Button submit=true busy=attempt.busy test_id="way-confirm">"Confirm"</Button>
        </form>
        <ErrorNote error=attempt.error/>
    }
}

#[component]
fn Add(of: Fetched<WaysView>) -> impl IntoView {
    let channel = RwSignal::new(Channel::Phone.name().to_owned());
    let address = RwSignal::new(String::new());
    let key = RwSignal::new(None::<String>);
    let attempt = Attempt::new();
    let wrong = attempt.field("address");
    let choices = Signal::derive(|| {
        let words = |channel: Channel| match channel {
            Channel::Phone => "Phone number, for people to call",
            Channel::Email => "Another e-mail address",
            Channel::Webhook => "Webhook, signed (a gateway for SMS or voice)",
            Channel::Slack => "Slack incoming webhook, or one like it",
            Channel::Ntfy => "ntfy topic",
        };
        let order = [Channel::Phone, Channel::Email, Channel::Ntfy, Channel::Slack, Channel::Webhook];
        order.map(|channel| (channel.name().to_owned(), words(channel).to_owned())).to_vec()
    });
    let send = move || {
        let Ok(channel) = channel.get_untracked().parse::<Channel>() else { return };
        let body = WayIn { channel, address: address.get_untracked() };
        attempt.run(async move { api().add_way(&body).await }, move |made: WayMade| {
            key.set(made.key);
            address.set(String::new());
            of.refetch();
        });
    };
    view! {
        <form
            class="form"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <SelectField label="Add a way to be reached" choices value=channel/>
            <TextField label="Number or address" value=address autocomplete="off" error=wrong/>
            <ErrorNote error=attempt.error/>
            <Button submit=true busy=attempt.busy test_id="way-add">"Add it"</Button>
        </form>
        {move || {
            key.get()
                .map(|key| {
                    view! {
                        <p>"Messages to this webhook are signed with this key. It is shown once:"</p>
                        <SecretOnce text=key verb="Copy the key"/>
                    }
                })
        }}
    }
}
