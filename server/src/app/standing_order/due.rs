//! An order whose time has come: noted where its alert is judged, begun here. May it begin, the domain says; what it leads to, `follow`.

use serde_json::json;
use shared::{
    domain::{
        access::Action,
        actor::Actor,
        alert::{Alert, SourceKind},
        approval::ApprovalPolicy,
        incident::{IncidentCommand, IncidentEvent, RunMoment},
        run::{Run, RunEvent},
        standing_order::{Facts, Hold, Order, OrderMoment, Ordered, UseState, Word, may_begin},
    },
    plan::Procedure,
};
use store::{AlertSource, IncidentRecord, JobKind, NewRun, OrderRecord, OrderUse, Tx};

use super::sweep::{self, Seen, hand_over, lapse};
use crate::{
    app::{incident::append, moment, plan::PlanInForce, run::has_checks},
    error::AppError,
};

/// The order in force that is for this alert; of several the first that was proposed.
pub(in crate::app) async fn order(
    tx: &mut Tx,
    source: &AlertSource,
    alert: &Alert,
) -> Result<Option<OrderRecord>, AppError> {
    let monitors = source.kind == SourceKind::Monitors;
    let orders = tx.standing_orders_in_force(source.system).await?;
    Ok(orders.into_iter().find(|one| one.order.terms.trigger.fits(source.id, monitors, alert)))
}

/// Notes that an order is due for an alert that has led to an incident. True if so: people are called when it does not help.
pub(in crate::app) async fn mark(
    tx: &mut Tx,
    source: &AlertSource,
    alert: &Alert,
    number: i64,
    incident: Option<&IncidentRecord>,
) -> Result<bool, AppError> {
    let Some(incident) = incident else { return Ok(false) };
    let Some(due) = order(tx, source, alert).await? else { return Ok(false) };
    Ok(tx.standing_order_use_add(due.order.number, number, incident.id).await?)
}

pub(super) fn actor(order: &Order) -> Actor {
    Actor::StandingOrder { number: order.number, name: order.terms.name.as_str().to_owned(), givers: order.givers() }
}

/// Begins the run, or hands over. The use is locked.
pub(super) async fn begin(tx: &mut Tx, one: &OrderUse, seen: &Seen) -> Result<(), AppError> {
    let record = tx.standing_order_lock(one.order).await?;
    let order = &record.order;
    let deciders = tx.users_who_may(Action::DecideRun).await?;
    let begun = tx.standing_order_begun(order.number).await?;
    let busy = tx.run_live_of(order.terms.system).await?;
    let frozen = tx.frozen().await?;
    let incident = sweep::incident(tx, one).await?;
    let handed_over = tx.standing_order_handed_over(incident.id).await?;
    let word = sweep::word(tx, one, order, None).await?;
    // What is down again has an alert of its own.
    if word == Word::Well || (word == Word::NotYet && one.alert_ended) {
        let text = "it was back before anything was begun";
        return sweep::end(tx, one, (order, incident), (UseState::Helped, OrderMoment::Helped), text).await;
    }
    if let Err(refusal) = incident.incident.permits(IncidentCommand::RequestRun) {
        return hand_over(tx, one, (order, incident), &refusal.message).await;
    }
    let found = seen.procedure(order);
    let facts =
        Facts { ground: seen.ground(order, &deciders), begun: &begun, handed_over, busy, frozen, now: tx.now() };
    let seen_down = || match word {
        Word::Unseen(why) => Err(Hold::NotNow(why.into())),
        Word::NotYet | Word::Well => Ok(()),
    };
    match (may_begin(order, &facts).and_then(|()| seen_down()), found) {
        (Ok(()), Some((plan, procedure))) => match request(tx, order, (plan, procedure), &incident).await? {
            Some(run) => told(tx, one, order, incident, &run).await,
            None => hand_over(tx, one, (order, incident), "another run began on the same target").await,
        },
        (Ok(()), None) => Err(AppError::bug("a procedure that is not there means what was consented to")),
        (Err(Hold::Lapsed(why)), _) => {
            lapse(tx, &record, &why).await?;
            hand_over(tx, one, (order, incident), &why).await
        }
        (Err(Hold::NotNow(why)), _) => hand_over(tx, one, (order, incident), &why).await,
    }
}

/// `None` if another run is live on the target.
async fn request(
    tx: &mut Tx,
    order: &Order,
    (plan, procedure): (&PlanInForce, &Procedure),
    incident: &IncidentRecord,
) -> Result<Option<Run>, AppError> {
    let by = actor(order);
    let policy = ApprovalPolicy::of(procedure).map_err(|error| AppError::not_now(error.to_string()))?;
    let new = NewRun {
        incident: incident.id,
        system: order.terms.system,
        project: order.terms.project.clone(),
        plan_version: plan.version.id,
        plan_digest: plan.version.digest,
        procedure: procedure.clone(),
        parameters: order.terms.parameters.clone(),
        policy,
        watch_seconds: plan.compiled.plan.watch.filter(|_| has_checks(procedure)).map(|watch| watch.seconds),
        dry_run: false,
        waits: false,
        resumes: None,
        standing_order: Some(order.number),
        drill_of: None,
        requested_by: order.proposed_by,
    };
    let Some(mut run) = tx.run_create_live(new).await? else { return Ok(None) };
    let name = order.terms.name.as_str().to_owned();
    let ordered = Ordered { order: order.number, name, content: order.content, givers: order.givers() };
    tx.run_append(&mut run, RunEvent::Requested, &by).await?;
    tx.run_append(&mut run, RunEvent::Ordered { ordered: ordered.clone() }, &by).await?;
    tx.job_add(run.header.id, JobKind::Resolve).await?;
    let number = run.header.number;
    let detail = json!({
        "incident": incident.number, "procedure": procedure.id, "procedure_digest": procedure.digest,
        "plan_version": plan.version.version, "plan_digest": plan.version.digest, "project": run.header.project,
        "parameters": run.header.parameters, "ordered": ordered,
    });
    tx.audit(&by, "run.requested", format!("run {number}"), detail);
    Ok(Some(run))
}

/// Loudly: in the run's and the incident's log, and to everybody.
async fn told(tx: &mut Tx, one: &OrderUse, order: &Order, incident: IncidentRecord, run: &Run) -> Result<(), AppError> {
    let by = actor(order);
    let (name, givers, number) = (order.terms.name.as_str(), order.givers(), run.header.number);
    tx.standing_order_use_begin(one.id, run.header.id).await?;
    let text = format!("automatically, by standing order {name} given by {givers}, on project {}", run.header.project);
    moment::tell_of(tx, &incident, run, RunMoment::Requested, text, &by).await?;
    let title = &run.header.procedure.title;
    let notice = format!(
        "AUTOMATIC: run {number}, {title}, was begun by standing order {name} given by {givers}. People are called if it does not help."
    );
    tx.notice_to_all(&run.header, &notice).await?;
    let incident = tx.incident_lock_id(incident.id).await?;
    let event = IncidentEvent::Automatic {
        order: order.number,
        name: name.to_owned(),
        moment: OrderMoment::Begun,
        run: Some(number),
        text: format!("{title}; consent was given beforehand by {givers}"),
    };
    append(tx, incident, vec![event], &by, "standing-order.begun").await
}
