//! Standing orders as one person sees them, with what they can do. Reads only.

use shared::{
    api::{
        List,
        standing_order::{OrderChangeView, OrderCommand, OrderUseView, OrderView},
    },
    domain::{
        access::Action,
        alert::Condition,
        approval::Deciders,
        incident::Eyes,
        offer::Offer,
        standing_order::{OrderState, Trigger, lapses},
    },
    timestamp::Timestamp,
};
use store::{OrderRecord, OrderUse, Store, StoreError, User};

use super::sweep::Seen;
use crate::{
    AppState,
    app::offers::lacks,
    auth::permit::{Permit, ViewConsole},
    error::{AppError, Found as _},
};

const ORDERS: i64 = 200;
/// Of each order.
const USES: i64 = 20;

/// The newest first.
///
/// # Errors
/// If the database does not answer.
pub(crate) async fn list(state: &AppState, permit: &Permit<ViewConsole>) -> Result<List<OrderView>, AppError> {
    let records = state.store.standing_order_list(ORDERS).await?;
    let items = views(state, permit.user(), records).await?;
    Ok(List { items, next: None })
}

/// # Errors
/// 404 if there is no such order.
pub(crate) async fn one(state: &AppState, user: &User, number: i64) -> Result<OrderView, AppError> {
    let record = state.store.standing_order_fetch(number).await.found(|| format!("standing order {number}"))?;
    let mut items = views(state, user, vec![record]).await?;
    items.pop().ok_or_else(|| AppError::bug("one order has one view"))
}

async fn views(state: &AppState, user: &User, records: Vec<OrderRecord>) -> Result<Vec<OrderView>, AppError> {
    let numbers: Vec<i64> = records.iter().map(|one| one.order.number).collect();
    let uses = state.store.standing_order_uses(Eyes::of(user.id, user.rights), &numbers, USES).await?;
    let now = state.store.now().await?;
    let deciders = state.store.users_who_may(Action::DecideRun).await?;
    let mut items = Vec::with_capacity(records.len());
    for record in records {
        let seen = Seen::of(&state.store, &state.plans, &record.order).await?;
        let when = when(&state.store, &record.order.terms.trigger).await?;
        let number = record.order.number;
        let own = uses.iter().filter(|one| one.order == number);
        items.push(view(user, record, (&seen, &deciders), when, own, now));
    }
    Ok(items)
}

fn view<'a>(
    user: &User,
    record: OrderRecord,
    (seen, deciders): (&Seen, &Deciders),
    when: String,
    uses: impl Iterator<Item = &'a OrderUse>,
    now: Timestamp,
) -> OrderView {
    let order = record.order;
    let found = seen.procedure(&order).map(|(_, procedure)| procedure);
    let lapses = lapses(&order, &seen.ground(&order, deciders), now).filter(|_| !order.state.over());
    OrderView {
        number: order.number,
        system: record.system_slug,
        procedure_title: found.map_or_else(|| order.terms.procedure.clone(), |p| p.title.clone()),
        when,
        ends_at: order.ends_at(),
        expired: now > order.ends_at(),
        stale: lapses.map(|why| format!("This order will not be begun, because {why}.")),
        offers: offers(&order, user, now),
        policy: order.policy,
        content: order.content,
        reason: record.reason,
        proposed_by: record.proposed_by_name,
        proposed_at: order.proposed_at,
        decisions: order.decisions,
        state: order.state,
        changed: record.changed.map(|(by, at, why)| OrderChangeView { by, at, why }),
        uses: uses
            .map(|one| OrderUseView {
                at: one.at,
                incident: one.incident_number,
                run: one.run.map(|(_, number)| number),
                state: one.state,
                text: one.text.clone(),
                ended_at: one.ended_at,
            })
            .collect(),
        terms: order.terms,
    }
}

async fn when(store: &Store, trigger: &Trigger) -> Result<String, AppError> {
    Ok(match trigger {
        Trigger::Monitor { id, .. } => match store.monitor_fetch(*id).await {
            Ok(monitor) => format!("Monitor {} is down", monitor.definition.name.as_str()),
            Err(StoreError::NotFound) => "A monitor that is gone is down".into(),
            Err(error) => return Err(error.into()),
        },
        Trigger::Alert { source, when } => {
            let name = match store.alert_source_fetch(*source).await {
                Ok(source) => source.name,
                Err(StoreError::NotFound) => "a source that is gone".into(),
                Err(error) => return Err(error.into()),
            };
            let said = |one: &Condition| format!("{} {} {}", one.label.as_str(), one.is.words(), one.value.as_str());
            format!("Alert from {name}: {}", when.iter().map(said).collect::<Vec<_>>().join(" and "))
        }
    })
}

pub(super) const OWN: &str = "You proposed this order, so somebody else must decide about it.";
pub(super) const OVER: &str = "The time of this order is over. Propose it again.";

/// Why it waits for nobody's consent.
pub(super) fn not_waiting(state: OrderState) -> Option<String> {
    (state != OrderState::Proposed)
        .then(|| format!("This order does not wait for consent: {}.", state.words().to_lowercase()))
}

fn must_be(state: OrderState, needed: OrderState) -> Option<String> {
    (state != needed).then(|| {
        let (is, needed) = (state.words().to_lowercase(), needed.words().to_lowercase());
        format!("This order is not {needed}: {is}.")
    })
}

pub(super) fn not_to_suspend(state: OrderState) -> Option<String> {
    must_be(state, OrderState::InForce)
}

pub(super) fn not_to_resume(state: OrderState) -> Option<String> {
    must_be(state, OrderState::Suspended)
}

pub(super) fn not_to_revoke(state: OrderState) -> Option<String> {
    state.over().then(|| format!("This order is over: {}.", state.words().to_lowercase()))
}

fn offers(order: &shared::domain::standing_order::Order, user: &User, now: Timestamp) -> Vec<Offer<OrderCommand>> {
    let over = (now > order.ends_at()).then(|| OVER.to_owned());
    let decide = not_waiting(order.state)
        .or_else(|| over.clone())
        .or_else(|| lacks(user.rights, Action::DecideRun))
        .or_else(|| (order.proposed_by == user.id).then(|| OWN.to_owned()))
        .or_else(|| order.policy.lacks(&user.contact_roles))
        .or_else(|| super::has_decided(order, user).then(|| super::DECIDED.to_owned()));
    let stop = |why: Option<String>| why.or_else(|| lacks(user.rights, Action::CancelRun));
    let resume = not_to_resume(order.state).or(over).or_else(|| lacks(user.rights, Action::DecideRun));
    let offer = |command, refused| Offer { command, refused };
    vec![
        offer(OrderCommand::Approve, decide.clone()),
        offer(OrderCommand::Refuse, decide),
        offer(OrderCommand::Suspend, stop(not_to_suspend(order.state))),
        offer(OrderCommand::Resume, resume),
        offer(OrderCommand::Revoke, stop(not_to_revoke(order.state))),
    ]
}
