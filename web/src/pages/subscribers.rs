//! Who gets updates, by mail or webhook: how many for everybody, their addresses for who manages them. Asking is done on the public page.

use leptos::prelude::*;
use shared::{
    api::subscriber::{SubscriberView, SubscribersCount},
    domain::access::Action,
};

use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        attempt::Attempt,
        button::{Button, ButtonKind},
        dialog::Dialog,
        empty::Empty,
        error_note::ErrorNote,
        time::Moment,
        title::title,
    },
    session::may,
    transport::api,
};

#[component]
pub(crate) fn SubscribersPage() -> impl IntoView {
    title(|| "Subscribers".into());
    let of = Fetched::new(|| async { api().subscribers_count().await });
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/status-page">"Status page"</a></p>
                <h1>"Subscribers"</h1>
            </div>
        </header>
        <AsyncView of what="the subscribers" content=move |count| view! { <Subscribers count of/> }/>
    }
}

#[component]
fn Subscribers(count: Signal<SubscribersCount>, of: Fetched<SubscribersCount>) -> impl IntoView {
    let manages = may(Action::ManageSubscribers);
    let list = RwSignal::new(None::<Vec<SubscriberView>>);
    let attempt = Attempt::new();
    let show = move |()| attempt.run(async { api().subscribers().await }, move |all| list.set(Some(all.items)));
    let some = Memo::new(move |_| count.with(|count| count.subscribed > 0));
    view! {
        <Show when=move || !count.with(|count| count.open)>
            <p class="note warning" role="status">
                "There is no mail server (MUSTER_SMTP_URL is not set): the public page offers no updates."
            </p>
        </Show>
        <Show
            when=move || some.get()
            fallback=|| {
                view! {
                    <Empty
                        title="Nobody gets updates yet"
                        text="Visitors ask for them on the public page: by mail, confirmed by a link, or by webhook, confirmed by a challenge."
                    />
                }
            }
        >
            <div class="stack">
                <p data-testid="subscribers-count">
                    {move || match count.with(|count| count.subscribed) {
                        1 => "1 subscriber gets updates.".to_owned(),
                        n => format!("{n} subscribers get updates."),
                    }}
                </p>
                <ErrorNote error=attempt.error/>
                <Show when=move || manages.get() fallback=|| view! { <p class="muted">{Action::ManageSubscribers.needs()}</p> }>
                    <Show
                        when=move || list.with(Option::is_some)
                        fallback=move || {
                            view! {
                                <p>
                                    <Button busy=attempt.busy on_press=show test_id="subscribers-show">"Show their addresses"</Button>
                                </p>
                            }
                        }
                    >
                        <p><a href="/api/v1/subscribers" rel="external" download="subscribers.json">"Download them"</a></p>
                        <ul class="rows">
                            <For
                                each=move || list.get().unwrap_or_default()
                                key=|one| one.id
                                children=move |one| view! { <Row one list of/> }
                            />
                        </ul>
                    </Show>
                </Show>
            </div>
        </Show>
    }
}

#[component]
fn Row(
    one: SubscriberView,
    list: RwSignal<Option<Vec<SubscriberView>>>,
    of: Fetched<SubscribersCount>,
) -> impl IntoView {
    let id = one.id;
    let asking = RwSignal::new(false);
    let attempt = Attempt::new();
    let about = if one.components.is_empty() { "everything".to_owned() } else { one.components.join(", ") };
    let remove = move |()| {
        attempt.run(async move { api().remove_subscriber(id).await }, move |()| {
            asking.set(false);
            of.refetch();
            list.update(|all| {
                if let Some(all) = all {
                    all.retain(|other| other.id != id);
                }
            });
        });
    };
    view! {
        <li class="row">
            <span class="row-state muted">"since " <Moment at=one.confirmed_at/></span>
            <span class="row-main">
                <b>{one.email.clone()}</b>
                <span class="row-meta">{format!("By {}, about {about}", one.channel.words())}</span>
            </span>
            <span class="row-side">
                <Button kind=ButtonKind::Quiet on_press=move |()| asking.set(true)>"Remove"</Button>
            </span>
            <Dialog open=asking title=format!("Remove {}?", one.email)>
                <p>"Nothing more is sent there, and the address is forgotten. Whoever it belongs to can ask again."</p>
                <ErrorNote error=attempt.error/>
                <div class="form-actions">
                    <Button on_press=move |()| asking.set(false)>"Keep it"</Button>
                    <Button kind=ButtonKind::Danger busy=attempt.busy on_press=remove test_id="subscriber-remove">"Remove it"</Button>
                </div>
            </Dialog>
        </li>
    }
}
