//! Looks at every use of an order that is not over: begins what is due, follows what was begun, and hands over to people. Looks at the other
//! orders, too, and lets those lapse that could not be begun. What is right, the domain says.

use serde_json::json;
use shared::{
    api::live::Topic,
    digest::Digest,
    domain::{
        access::Action,
        actor::Actor,
        approval::Deciders,
        incident::IncidentEvent,
        outbox::Purpose,
        standing_order::{Ground, Order, OrderMoment, OrderState, Trigger, UseState, Watched, Word, lapses, meaning},
    },
    ids::UserId,
    plan::Procedure,
    timestamp::Timestamp,
};
use std::sync::Arc;
use store::{IncidentRecord, OrderRecord, OrderUse, Store, StoreError, System, Tx};

use super::{due, follow};
use crate::{
    AppState,
    app::{
        incident::append,
        plan::{PlanInForce, Plans},
        tell::{self, Person, Telling},
    },
    error::AppError,
};

/// What was looked up before the transaction.
pub(super) struct Seen {
    pub(super) plan: Option<Arc<PlanInForce>>,
    pub(super) system: System,
    /// Nothing, if the order is for no monitor, or that is gone.
    pub(super) looks_at: Option<Digest>,
}

impl Seen {
    pub(super) async fn of(store: &Store, plans: &Plans, order: &Order) -> Result<Self, AppError> {
        let system = order.terms.system;
        let looks_at = match &order.terms.trigger {
            Trigger::Monitor { id, .. } => match store.monitor_fetch(*id).await {
                Ok(monitor) => Some(Digest::of_value(&monitor.definition.check)),
                Err(StoreError::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
            Trigger::Alert { .. } => None,
        };
        let plan = plans.current(system).await?;
        Ok(Self { plan, system: store.system_fetch(system).await?, looks_at })
    }

    /// The order's procedure by the plan in force, if what is stored is what was imported.
    pub(super) fn procedure(&self, order: &Order) -> Option<(&PlanInForce, &Procedure)> {
        let plan = self.plan.as_deref().filter(|plan| plan.altered().is_none())?;
        let procedure = plan.compiled.plan.procedures.iter().find(|p| p.id == order.terms.procedure)?;
        Some((plan, procedure))
    }

    pub(super) fn ground<'a>(&'a self, order: &Order, deciders: &'a Deciders) -> Ground<'a> {
        let found = self.procedure(order).map(|(_, procedure)| meaning(procedure));
        Ground { meaning: found, looks_at: self.looks_at, project: &self.system.project, deciders }
    }
}

/// Why the order would lapse the moment that it is needed, if it would.
///
/// # Errors
/// If the database does not answer.
pub(in crate::app) async fn would_lapse(
    (store, plans): (&Store, &Plans),
    order: &Order,
    (deciders, now): (&Deciders, Timestamp),
) -> Result<Option<String>, AppError> {
    let seen = Seen::of(store, plans, order).await?;
    Ok(lapses(order, &seen.ground(order, deciders), now))
}

/// Several servers may do it at once: each use is one server's at a time.
///
/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn sweep(state: &AppState) -> Result<(), AppError> {
    let mut failed = Ok(());
    let open = state.store.standing_order_uses_open().await?;
    for &(id, order) in &open {
        // One that cannot be seen to, because a log is corrupt, does not keep the others from being seen to.
        failed = see_to(state, id, order).await.and(failed);
    }
    // What is due or begun is judged where that is seen to.
    let idle = state.store.standing_orders_in_force().await?.into_iter().map(|record| record.order);
    let idle: Vec<_> = idle.filter(|order| open.iter().all(|(_, number)| *number != order.number)).collect();
    if idle.is_empty() {
        return failed;
    }
    let deciders = state.store.users_who_may(Action::DecideRun).await?;
    for order in idle {
        failed = look_again(state, &order, &deciders).await.and(failed);
    }
    failed
}

/// An order that would lapse when it is needed lapses now, while there is time to propose another one.
async fn look_again(state: &AppState, order: &Order, deciders: &Deciders) -> Result<(), AppError> {
    let at = state.store.now().await?;
    let seen = Seen::of(&state.store, &state.plans, order).await?;
    if at > order.ends_at() || lapses(order, &seen.ground(order, deciders), at).is_none() {
        return Ok(());
    }
    let mut tx = state.store.begin().await?;
    let record = tx.standing_order_lock(order.number).await?;
    let deciders = tx.users_who_may(Action::DecideRun).await?;
    let why = lapses(&record.order, &seen.ground(&record.order, &deciders), tx.now());
    if let Some(why) = why.filter(|_| record.order.state == OrderState::InForce) {
        lapse(&mut tx, &record, &why).await?;
    }
    Ok(tx.commit().await?)
}

async fn see_to(state: &AppState, id: i64, order: i64) -> Result<(), AppError> {
    let order = state.store.standing_order_fetch(order).await?.order;
    let seen = Seen::of(&state.store, &state.plans, &order).await?;
    let mut tx = state.store.begin().await?;
    let Some(one) = tx.standing_order_use_lock(id).await? else { return Ok(()) };
    match one.state {
        UseState::Due => due::begin(&mut tx, &one, &seen).await?,
        UseState::Begun => follow::look(&mut tx, &one).await?,
        UseState::Helped | UseState::HandedOver => {}
    }
    Ok(tx.commit().await?)
}

/// How what it is for stands, by no check that was made before `since`.
pub(super) async fn word(
    tx: &mut Tx,
    one: &OrderUse,
    order: &Order,
    since: Option<Timestamp>,
) -> Result<Word, AppError> {
    let Some((told, monitor)) = tx.monitor_of_alert(one.alert).await? else {
        return Ok(if one.alert_ended { Word::Well } else { Word::NotYet });
    };
    let watched = monitor.map(|monitor| Watched {
        told,
        state: monitor.state,
        paused: monitor.definition.paused,
        checked_at: monitor.last.map(|last| last.at),
        looks_at: Digest::of_value(&monitor.definition.check),
    });
    Ok(Word::of(&order.terms.trigger, watched.as_ref(), since))
}

/// The incident it is for, or the one that this was merged into; locked.
pub(super) async fn incident(tx: &mut Tx, one: &OrderUse) -> Result<IncidentRecord, AppError> {
    let mut record = tx.incident_lock_id(one.incident).await?;
    while let Some(into) = record.incident.merged_into {
        record = tx.incident_lock(into).await?;
    }
    Ok(record)
}

/// Written down; nothing more follows from this use.
pub(super) async fn end(
    tx: &mut Tx,
    one: &OrderUse,
    (order, incident): (&Order, IncidentRecord),
    (state, moment): (UseState, OrderMoment),
    text: &str,
) -> Result<(), AppError> {
    tx.standing_order_use_end(one.id, state, text).await?;
    let event = IncidentEvent::Automatic {
        order: order.number,
        name: order.terms.name.as_str().to_owned(),
        moment,
        run: one.run.map(|(_, number)| number),
        text: text.to_owned(),
    };
    tx.live(Topic::Alerts {});
    let action = if state == UseState::Helped { "standing-order.helped" } else { "standing-order.handed-over" };
    append(tx, incident, vec![event], &due::actor(order), action).await
}

/// People have it from here: they are called, and no order tries again in this incident.
pub(super) async fn hand_over(
    tx: &mut Tx,
    one: &OrderUse,
    (order, incident): (&Order, IncidentRecord),
    why: &str,
) -> Result<(), AppError> {
    let (id, level, response) = (incident.id, incident.incident.level, incident.incident.response_seconds);
    let open = incident.incident.resolved_at.is_none();
    end(tx, one, (order, incident), (UseState::HandedOver, OrderMoment::HandedOver), why).await?;
    if open {
        tx.paging_begin(id, level, response).await?;
    }
    Ok(())
}

/// What was consented to is not what would happen: the order is over, and those who gave it are told. The order is locked.
pub(super) async fn lapse(tx: &mut Tx, record: &OrderRecord, why: &str) -> Result<(), AppError> {
    let order = &record.order;
    let (number, name) = (order.number, order.terms.name.as_str());
    tx.standing_order_become(number, OrderState::Lapsed, &Actor::Muster, why).await?;
    tx.audit(&Actor::Muster, "standing-order.lapsed", format!("standing order {number}"), json!({ "why": why }));
    tx.live(Topic::Alerts {});
    let subject = format!("Standing order {name} has lapsed");
    let body = format!(
        "Nothing is begun by it any more, because {why}. If it is still wanted, propose it again as things are now."
    );
    let cause = format!("standing-order-lapsed:{number}");
    let telling =
        Telling { link: Some("/console/standing-orders"), ..Telling::new(Purpose::Notice, &cause, &subject, &body) };
    let mut givers: Vec<UserId> = order.decisions.iter().map(|d| d.by).chain([order.proposed_by]).collect();
    givers.sort_unstable();
    givers.dedup();
    let ways = tx.ways_of(&givers).await?;
    for id in givers {
        let user = tx.user_fetch(id).await?;
        if user.active {
            let person = Person { id, name: &user.name, email: &user.email };
            tell::person(tx, &telling, person, &ways).await?;
        }
    }
    Ok(())
}
