//! What happens without anybody: standing orders, how each stands, what came of it, and the one button that stops them all. What may be done,
//! the server's offers say.

mod dialogs;
pub(crate) mod new;
mod row;

use leptos::prelude::*;
use shared::{
    api::{List, live::Topic, standing_order::OrderView},
    domain::{access::Action, standing_order::OrderState},
};

use self::{dialogs::WhyDialog, row::OrderRow};
use crate::{
    components::{
        async_view::{AsyncView, Fetched},
        button::{Button, ButtonKind},
        empty::Empty,
        icon::{Icon, Svg},
        title::title,
    },
    live::use_live,
    session::may,
    transport::api,
};

#[component]
pub(crate) fn StandingOrdersPage() -> impl IntoView {
    title(|| "Standing orders".into());
    let heard = use_live().refetch_on(|topic| {
        matches!(topic, Topic::Alerts {} | Topic::Plan { .. } | Topic::Run { .. } | Topic::Monitors {})
    });
    let of = Fetched::new(move || {
        heard.track();
        async move { api().standing_orders().await }
    });
    let proposes = may(Action::RequestRun);
    view! {
        <header class="page-head">
            <div>
                <p class="kicker"><a href="/console/monitors">"Monitors"</a></p>
                <h1>"Standing orders"</h1>
            </div>
            <Show when=move || proposes.get()>
                <a class="button primary" href="/console/standing-orders/new" data-testid="order-new">
                    <Svg icon=Icon::Plus/>
                    "Propose an order"
                </a>
            </Show>
        </header>
        <p class="muted orders-lead">
            "A standing order is consent given beforehand: when one thing is down, one procedure is begun without waiting for anybody, within limits. If that does not help, people are called."
        </p>
        <AsyncView of what="the standing orders" content=move |list| view! { <Orders list of/> }/>
    }
}

#[component]
fn Orders(list: Signal<List<OrderView>>, of: Fetched<List<OrderView>>) -> impl IntoView {
    let with = move |over: bool| {
        list.with(|l| l.items.iter().filter(|one| one.state.over() == over).cloned().collect::<Vec<_>>())
    };
    let any = Memo::new(move |_| list.with(|l| !l.items.is_empty()));
    let old = Memo::new(move |_| !with(true).is_empty());
    let systems = Memo::new(move |_| {
        let mut slugs: Vec<String> = list.with(|l| {
            l.items.iter().filter(|one| one.state == OrderState::InForce).map(|one| one.system.clone()).collect()
        });
        slugs.sort();
        slugs.dedup();
        slugs
    });
    view! {
        <Show
            when=move || any.get()
            fallback=|| {
                view! {
                    <Empty
                        title="Nothing happens by itself"
                        text="Where the plan promises an automatic recovery, propose an order for it; somebody else has to consent."
                    />
                }
            }
        >
            <div class="stack">
                <For each=move || systems.get() key=Clone::clone children=move |slug| view! { <HandsOff slug of/> }/>
                <ul class="orders" data-testid="orders">
                    <For each=move || with(false) key=|one| one.number children=move |one| view! { <OrderRow number=one.number list of/> }/>
                </ul>
                <Show when=move || old.get()>
                    <details class="orders-over">
                        <summary>"Those that are over"</summary>
                        <ul class="orders">
                            <For
                                each=move || with(true)
                                key=|one| one.number
                                children=move |one| view! { <OrderRow number=one.number list of/> }
                            />
                        </ul>
                    </details>
                </Show>
            </div>
        </Show>
    }
}

/// Stopping must be easy: one button for everything that a system does by itself.
#[component]
fn HandsOff(slug: String, of: Fetched<List<OrderView>>) -> impl IntoView {
    let allowed = may(Action::CancelRun);
    let open = RwSignal::new(false);
    let (name, sent) = (slug.clone(), slug.clone());
    view! {
        <div class="hands-off">
            <p>
                <strong>{format!("{name} recovers by itself what its orders say.")}</strong>
                " If you do not want that now, take its hands off: every order is suspended, and what one has begun is stopped."
            </p>
            <Show when=move || allowed.get()>
                <Button kind=ButtonKind::Danger on_press=move |()| open.set(true) test_id="hands-off">"Hands off"</Button>
            </Show>
            <WhyDialog
                open
                title=format!("Stop all automatic recovery of {slug}")
                text="Every order is suspended until somebody resumes it. Runs that orders have begun are withdrawn or cancelled. Runs of people go on."
                verb="Hands off"
                danger=true
                test_id="hands-off-send"
                send=move |why| {
                    let slug = sent.clone();
                    async move { api().hands_off(&slug, &why).await.map(|_| ()) }
                }
                on_done=move |()| of.refetch()
            />
        </div>
    }
}
