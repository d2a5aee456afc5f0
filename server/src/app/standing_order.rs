//! Standing orders as people keep them: proposed, consented to, suspended, revoked. Whether one is begun is `due`'s, by the clock and not by a
//! person.

pub(crate) mod due;
mod follow;
mod hands_off;
mod propose;
pub(in crate::app) mod sweep;
pub(crate) mod view;

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        standing_order::{OrderDecisionIn, OrderView, OrderWhyIn},
    },
    domain::{
        access::Action,
        approval::{Choice, Decision, Verdict},
        standing_order::{Order, OrderState},
        text::Message,
    },
};
use store::{OrderRecord, Tx, User};

pub use self::{hands_off::hands_off, propose::propose, sweep::sweep};

use crate::{
    AppState,
    auth::permit::{CancelRun, DecideRun, Permit},
    error::{AppError, Found as _},
};

pub(super) const DECIDED: &str = "You have already consented to this order; now somebody else must.";

fn object(number: i64) -> String {
    format!("standing order {number}")
}

/// Whether this person's word stands; what lapsed with a right is said again.
fn has_decided(order: &Order, user: &User) -> bool {
    let stands = |d: &Decision| user.rights_since.is_none_or(|since| d.at >= since);
    order.decisions.iter().any(|d| d.by == user.id && stands(d))
}

async fn locked(tx: &mut Tx, number: i64) -> Result<OrderRecord, AppError> {
    tx.standing_order_lock(number).await.found(|| object(number))
}

/// # Errors
/// If the order does not wait for consent, is not what the decider read, or is the decider's own.
pub async fn decide(
    state: &AppState,
    permit: &Permit<DecideRun>,
    number: i64,
    input: OrderDecisionIn,
) -> Result<OrderView, AppError> {
    let choice = match (input.approve, input.reason) {
        (true, _) => Choice::Approve,
        (false, Some(reason)) => Choice::Refuse { reason: Message::into_inner(reason) },
        (false, None) => return Err(AppError::invalid("reason", "A refusal needs a reason.")),
    };
    let (by, user) = (permit.actor(), permit.user());
    let mut tx = state.store.begin().await?;
    let mut order = locked(&mut tx, number).await?.order;
    let denied = if order.proposed_by == user.id {
        Some(("own proposal", view::OWN.to_owned()))
    } else {
        order.policy.lacks(&user.contact_roles).map(|why| ("contact role", why))
    };
    if let Some((word, why)) = denied {
        tx.audit_denied(&by, "access.denied", object(number), json!({"action": Action::DecideRun, "why": word}));
        tx.commit().await?;
        return Err(AppError::forbidden(why));
    }
    if let Some(why) = view::not_waiting(order.state) {
        return Err(AppError::not_now(why));
    }
    if input.content != order.content {
        let why = "This order is not what you read. Your decision was not counted; read it again and decide then.";
        return Err(AppError::content_changed(why));
    }
    if tx.now() > order.ends_at() {
        return Err(AppError::not_now(view::OVER));
    }
    if has_decided(&order, user) {
        return Err(AppError::not_now(DECIDED));
    }
    let decision = Decision { by: user.id, name: user.name.clone(), at: tx.now(), content: order.content, choice };
    let action = if decision.choice == Choice::Approve { "standing-order.approved" } else { "standing-order.refused" };
    let detail = json!({"choice": decision.choice, "content": order.content, "terms": order.terms});
    tx.audit(&by, action, object(number), detail);
    tx.standing_order_decide(number, &decision).await?;
    order.decisions.push(decision);
    let deciders = tx.users_who_may(Action::DecideRun).await?;
    match order.verdict(&deciders, tx.now()) {
        Verdict::Granted => {
            tx.standing_order_become(number, OrderState::InForce, &by, "").await?;
            tx.audit(&by, "standing-order.in-force", object(number), json!({"content": order.content}));
        }
        Verdict::Refused { reason, .. } => {
            tx.standing_order_become(number, OrderState::Refused, &by, &reason).await?;
        }
        Verdict::Pending { .. } => {}
        // Looked at before the decision was written, in the same transaction and at the same instant.
        Verdict::Expired => return Err(AppError::bug("consent expired within one instant")),
    }
    tx.live(Topic::Alerts {});
    tx.commit().await?;
    view::one(state, user, number).await
}

/// Nothing is begun by it until somebody resumes it; what it has begun goes on.
///
/// # Errors
/// If it is not in force.
pub async fn suspend(
    state: &AppState,
    permit: &Permit<CancelRun>,
    number: i64,
    input: OrderWhyIn,
) -> Result<OrderView, AppError> {
    stop(state, permit, number, input, (OrderState::Suspended, "standing-order.suspended", view::not_to_suspend)).await
}

/// The consent that was given still stands; it is judged again whenever the order is due.
///
/// # Errors
/// If it is not suspended, or its time is over.
pub async fn resume(state: &AppState, permit: &Permit<DecideRun>, number: i64) -> Result<OrderView, AppError> {
    let mut tx = state.store.begin().await?;
    let order = locked(&mut tx, number).await?.order;
    let over = (tx.now() > order.ends_at()).then(|| view::OVER.to_owned());
    if let Some(why) = view::not_to_resume(order.state).or(over) {
        return Err(AppError::not_now(why));
    }
    tx.standing_order_become(number, OrderState::InForce, &permit.actor(), "").await?;
    tx.audit(&permit.actor(), "standing-order.resumed", object(number), json!({}));
    tx.live(Topic::Alerts {});
    tx.commit().await?;
    view::one(state, permit.user(), number).await
}

/// It is over, for good.
///
/// # Errors
/// If it is over already.
pub async fn revoke(
    state: &AppState,
    permit: &Permit<CancelRun>,
    number: i64,
    input: OrderWhyIn,
) -> Result<OrderView, AppError> {
    stop(state, permit, number, input, (OrderState::Revoked, "standing-order.revoked", view::not_to_revoke)).await
}

/// What it becomes, what the log calls that, and when it cannot be.
type Stop = (OrderState, &'static str, fn(OrderState) -> Option<String>);

async fn stop(
    state: &AppState,
    permit: &Permit<CancelRun>,
    number: i64,
    input: OrderWhyIn,
    (to, action, refused): Stop,
) -> Result<OrderView, AppError> {
    let mut tx = state.store.begin().await?;
    let order = locked(&mut tx, number).await?.order;
    if let Some(why) = refused(order.state) {
        return Err(AppError::not_now(why));
    }
    let reason = input.reason.into_inner();
    tx.standing_order_become(number, to, &permit.actor(), &reason).await?;
    tx.audit(&permit.actor(), action, object(number), json!({ "reason": reason }));
    tx.live(Topic::Alerts {});
    tx.commit().await?;
    view::one(state, permit.user(), number).await
}
