//! One standing order: what it is to, who gave it, how far it goes, what came of it, and what one may do with it.

use leptos::prelude::*;
use shared::{
    api::{
        List,
        standing_order::{OrderCommand, OrderDecisionIn, OrderUseView, OrderView, OrderWhyIn},
    },
    domain::{
        approval::Choice,
        standing_order::{OrderState, UseState},
    },
};

use super::dialogs::WhyDialog;
use crate::{
    components::{
        async_view::Fetched,
        attempt::Attempt,
        button::{Button, ButtonKind},
        error_note::ErrorNote,
        state_badge::{StateShape, Tone},
        time::{Instant, Moment},
    },
    transport::api,
};

fn tone(view: &OrderView) -> Tone {
    match view.state {
        _ if view.state.over() => Tone::Neutral,
        _ if view.expired => Tone::Warning,
        OrderState::Proposed => Tone::Notice,
        OrderState::InForce if view.stale.is_some() => Tone::Warning,
        OrderState::InForce => Tone::Good,
        _ => Tone::Warning,
    }
}

fn word(view: &OrderView) -> &'static str {
    if view.expired && !view.state.over() { "Its time is over" } else { view.state.words() }
}

#[component]
pub(super) fn OrderRow(number: i64, list: Signal<List<OrderView>>, of: Fetched<List<OrderView>>) -> impl IntoView {
    let one = Memo::new(move |_| list.with(|l| l.items.iter().find(|one| one.number == number).cloned()));
    move || one.get().map(|view| view! { <Shown view of/> })
}

#[component]
fn Shown(view: OrderView, of: Fetched<List<OrderView>>) -> impl IntoView {
    let tone = tone(&view);
    let parameters: Vec<String> =
        view.terms.parameters.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let with = if parameters.is_empty() { String::new() } else { format!(" ({})", parameters.join(", ")) };
    let procedure = format!("/console/plan?system={}#procedure-{}", view.system, view.terms.procedure);
    let plural = |n: usize, words: &str| format!("{n} {words}{}", if n == 1 { "" } else { "s" });
    let uses = view.uses.clone();
    view! {
        <li class="order" data-testid="order" data-state=view.state.name() data-number=view.number.to_string()>
            <div class="order-head">
                <h2>{view.terms.name.as_str().to_owned()}</h2>
                <span class="badge" data-tone=tone.name()><StateShape tone/> {word(&view)}</span>
            </div>
            {view.stale.clone().map(|why| view! { <p class="order-stale">{why}</p> })}
            <dl class="order-terms">
                <dt>"When"</dt>
                <dd>{view.when.clone()}</dd>
                <dt>"Begins"</dt>
                <dd><a href=procedure>{view.procedure_title.clone()}</a> {with} {format!(" on {}", view.system)}</dd>
                <dt>"Limits"</dt>
                <dd>{view.terms.limits.words()}</dd>
                <dt>"Why"</dt>
                <dd>{view.reason.clone()}</dd>
                <dt>"Given by"</dt>
                <dd>{given(&view)}</dd>
                <dt>"Holds until"</dt>
                <dd><Moment at=view.ends_at/></dd>
                {view
                    .changed
                    .clone()
                    .filter(|change| !change.why.is_empty())
                    .map(|change| {
                        view! {
                            <dt>{view.state.words()}</dt>
                            <dd>{format!("by {}: {} ", change.by, change.why)} <span class="muted"><Instant at=change.at/></span></dd>
                        }
                    })}
            </dl>
            <Commands view=view.clone() of/>
            {(!uses.is_empty())
                .then(|| {
                    view! {
                        <details class="order-uses" open=!view.state.over()>
                            <summary>{plural(uses.len(), "time")} " so far"</summary>
                            <ul class="rows">{uses.into_iter().map(|one| view! { <Use one/> }).collect_view()}</ul>
                        </details>
                    }
                })}
        </li>
    }
}

fn given(view: &OrderView) -> String {
    let consent: Vec<&str> =
        view.decisions.iter().filter(|d| d.choice == Choice::Approve).map(|d| d.name.as_str()).collect();
    let proposed = format!("Proposed by {}", view.proposed_by);
    match consent.as_slice() {
        [] => format!("{proposed}. It takes: {}.", view.policy.words().to_lowercase()),
        names => format!("{proposed}, consent by {}", names.join(" and ")),
    }
}

#[component]
fn Use(one: OrderUseView) -> impl IntoView {
    let (tone, words) = match one.state {
        UseState::Due => (Tone::Active, "About to begin"),
        UseState::Begun => (Tone::Active, "Under way"),
        UseState::Helped => (Tone::Good, "Helped"),
        UseState::HandedOver => (Tone::Warning, "Handed over to people"),
    };
    view! {
        <li class="row" data-testid="order-use" data-state=one.state.name()>
            <span class="badge" data-tone=tone.name()><StateShape tone/> {words}</span>
            <span class="row-main">
                <span>{one.text.clone()}</span>
                <span class="row-meta">
                    <a href=format!("/console/incidents/{}", one.incident)>{format!("Incident {}", one.incident)}</a>
                    {one.run.map(|run| view! { " · " <a href=format!("/console/runs/{run}")>{format!("Run {run}")}</a> })}
                </span>
            </span>
            <span class="row-side"><Moment at=one.at/></span>
        </li>
    }
}

#[component]
fn Commands(view: OrderView, of: Fetched<List<OrderView>>) -> impl IntoView {
    let number = view.number;
    let open = |command: OrderCommand| view.offers.iter().any(|offer| offer.command == command && offer.open());
    let refused = |command: OrderCommand| {
        view.offers.iter().find(|offer| offer.command == command).and_then(|offer| offer.refused.clone())
    };
    let attempt = Attempt::new();
    let (refusing, suspending, revoking) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let content = view.content;
    let done = move |()| of.refetch();
    let approve = move |()| {
        let body = OrderDecisionIn { approve: true, reason: None, content };
        attempt.run(async move { api().decide_order(number, &body).await }, move |_| of.refetch());
    };
    let resume = move |()| attempt.run(async move { api().resume_order(number).await }, move |_| of.refetch());
    let refuse = move |why: OrderWhyIn| async move {
        let body = OrderDecisionIn { approve: false, reason: Some(why.reason), content };
        api().decide_order(number, &body).await.map(|_| ())
    };
    let suspend = move |why: OrderWhyIn| async move { api().suspend_order(number, &why).await.map(|_| ()) };
    let revoke = move |why: OrderWhyIn| async move { api().revoke_order(number, &why).await.map(|_| ()) };
    let name = view.terms.name.as_str().to_owned();
    // Whoever could consent is told why they cannot; others are not in the way of it.
    let waits = view.state == OrderState::Proposed;
    let consent = waits.then(|| {
        let why = refused(OrderCommand::Approve);
        view! { <Button kind=ButtonKind::Primary busy=attempt.busy refused=why on_press=approve test_id="order-approve">"Consent to this order"</Button> }
    });
    let may = (
        open(OrderCommand::Refuse),
        open(OrderCommand::Resume),
        open(OrderCommand::Suspend),
        open(OrderCommand::Revoke),
    );
    view! {
        <div class="button-row order-commands">
            {consent}
            {may.0.then(|| view! { <Button on_press=move |()| refusing.set(true) test_id="order-refuse">"Refuse"</Button> })}
            {may.1.then(|| view! { <Button busy=attempt.busy on_press=resume test_id="order-resume">"Resume"</Button> })}
            {may.2.then(|| view! { <Button on_press=move |()| suspending.set(true) test_id="order-suspend">"Suspend"</Button> })}
            {may.3
                .then(|| view! { <Button kind=ButtonKind::Quiet on_press=move |()| revoking.set(true) test_id="order-revoke">"Revoke"</Button> })}
        </div>
        <ErrorNote error=attempt.error/>
        <WhyDialog open=refusing title=format!("Refuse {name}") text="The order is over; it can be proposed again." verb="Refuse this order" test_id="order-refuse-send" send=refuse on_done=done/>
        <WhyDialog open=suspending title=format!("Suspend {name}") text="Nothing is begun by it until somebody resumes it. What it has begun goes on." verb="Suspend this order" test_id="order-suspend-send" send=suspend on_done=done/>
        <WhyDialog open=revoking title=format!("Revoke {name}") text="The order is over for good; it can be proposed again. What it has begun goes on." verb="Revoke this order" danger=true test_id="order-revoke-send" send=revoke on_done=done/>
    }
}
