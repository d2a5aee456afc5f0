//! Consent that was given beforehand, judged again from the order's own row. Believes nothing that the run says of it.

use shared::{
    digest::Digest,
    domain::{
        approval::Deciders,
        run::Run,
        standing_order::{Facts, Ground, Hold, Order, Trigger, cannot_stand, may_begin, meaning},
    },
    plan::compile,
    timestamp::Timestamp,
};
use store::StoreError;

use crate::Worker;

/// What is so with an order at this moment.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) order: Order,
    /// What its procedure does by the plan in force.
    pub(super) meaning: Option<Digest>,
    pub(super) looks_at: Option<Digest>,
    /// When it was begun before this run.
    pub(super) begun: Vec<Timestamp>,
}

/// `Ok(None)`: the run names no order. The inner error is a refusal in words.
pub(super) async fn look(worker: &Worker, run: &Run) -> Result<Result<Option<Seen>, String>, StoreError> {
    let Some(number) = run.header.standing_order else { return Ok(Ok(None)) };
    let order = match worker.store.standing_order_fetch(number).await {
        Ok(record) => record.order,
        Err(StoreError::NotFound) => return Ok(Err(format!("there is no standing order {number}"))),
        Err(error) => return Err(error),
    };
    let plan = worker.store.plan_current(run.header.system).await?.map(|version| compile(&version.source).plan);
    let procedure = plan.iter().flat_map(|plan| &plan.procedures).find(|p| p.id == order.terms.procedure);
    let looks_at = match &order.terms.trigger {
        Trigger::Monitor { id, .. } => match worker.store.monitor_fetch(*id).await {
            Ok(monitor) => Some(Digest::of_value(&monitor.definition.check)),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error),
        },
        Trigger::Alert { .. } => None,
    };
    let begun = worker.store.standing_order_begun(number, run.header.number).await?;
    Ok(Ok(Some(Seen { meaning: procedure.map(meaning), looks_at, begun, order })))
}

/// `at`: now, or when the run was begun.
pub(super) fn holds(run: &Run, seen: Option<&Seen>, deciders: &Deciders, at: Timestamp) -> Result<(), String> {
    let header = &run.header;
    let (Some(seen), Some(ordered)) = (seen, &run.ordered) else {
        return Err("it names a standing order, and its log does not say that one began it".into());
    };
    let order = &seen.order;
    let terms = &order.terms;
    let same = terms.system == header.system
        && terms.project == header.project
        && terms.procedure == header.procedure.id
        && terms.meaning == meaning(&header.procedure)
        && terms.parameters == header.parameters
        && order.proposed_by == header.requested_by
        && ordered.order == order.number
        && ordered.content == order.content;
    if !same {
        return Err(format!("standing order {} is to something else", terms.name.as_str()));
    }
    if let Some(why) = cannot_stand(&header.procedure) {
        return Err(why);
    }
    let facts = Facts {
        ground: Ground { meaning: seen.meaning, looks_at: seen.looks_at, project: &header.project, deciders },
        begun: &seen.begun,
        handed_over: false,
        // The schema lets one run be live on a target, and the freeze is asked before each step.
        busy: None,
        frozen: false,
        now: at,
    };
    let name = terms.name.as_str();
    may_begin(order, &facts).map_err(|hold| match hold {
        Hold::NotNow(why) | Hold::Lapsed(why) => format!("standing order {name} may not begin it: {why}"),
    })
}
