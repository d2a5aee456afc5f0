//! One button for the hour when nobody wants anything to happen by itself: every order of a system is suspended, and what they have begun is
//! stopped. Resumes nothing.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        standing_order::{HandsOffView, OrderWhyIn},
    },
    domain::{
        incident::RunMoment,
        run::{RunEvent, RunState},
        standing_order::OrderState,
    },
};
use store::Tx;

use super::object;
use crate::{
    AppState,
    app::{moment, run::withdrawable},
    auth::permit::{CancelRun, Permit},
    error::{AppError, Found as _},
};

/// # Errors
/// If there is no such system, or nothing of it happens by itself.
pub async fn hands_off(
    state: &AppState,
    permit: &Permit<CancelRun>,
    slug: &str,
    input: OrderWhyIn,
) -> Result<HandsOffView, AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let by = permit.actor();
    let reason = input.reason.into_inner();
    let mut tx = state.store.begin().await?;
    let mut done = HandsOffView { orders: vec![], runs: vec![] };
    for record in tx.standing_orders_in_force(system.id).await? {
        let number = record.order.number;
        // By now it may be over.
        if tx.standing_order_lock(number).await?.order.state == OrderState::InForce {
            tx.standing_order_become(number, OrderState::Suspended, &by, &reason).await?;
            tx.audit(&by, "standing-order.suspended", object(number), json!({ "reason": reason, "all": true }));
            done.orders.push(number);
        }
    }
    for (number, _) in tx.standing_order_runs(system.id).await? {
        if stop(&mut tx, permit, number, &reason).await? {
            done.runs.push(number);
        }
    }
    if done.orders.is_empty() && done.runs.is_empty() {
        let why = format!("No standing order of {} is in force, and nothing that one began goes on.", system.name);
        return Err(AppError::not_now(why));
    }
    tx.live(Topic::Alerts {});
    tx.commit().await?;
    Ok(done)
}

/// Withdraws what has not begun, and cancels what goes on. What asks waits for people anyway.
async fn stop(tx: &mut Tx, permit: &Permit<CancelRun>, number: i64, reason: &str) -> Result<bool, AppError> {
    let by = permit.actor();
    let mut run = tx.run_lock(number).await?.run;
    let (event, moment, action) = match run.state {
        state if withdrawable(state) => {
            (RunEvent::Withdrawn { reason: reason.to_owned() }, RunMoment::Withdrawn, "run.withdrawn")
        }
        RunState::Running => {
            (RunEvent::CancelAsked { reason: reason.to_owned() }, RunMoment::CancelAsked, "run.cancel-asked")
        }
        _ => return Ok(false),
    };
    tx.run_append(&mut run, event, &by).await?;
    if run.state == RunState::Withdrawn {
        tx.job_finish(run.header.id).await?;
    }
    tx.workers_call().await?;
    tx.audit(&by, action, format!("run {number}"), json!({ "reason": reason, "hands_off": true }));
    moment::tell(tx, &run, moment, reason.to_owned(), &by).await?;
    Ok(true)
}
