//! Proposing a standing order: what may stand at all is the domain's word. Gives no consent.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        standing_order::{OrderIn, OrderView, TriggerIn},
    },
    digest::Digest,
    domain::{
        alert::{Condition, SourceKind},
        standing_order::{Order, Terms, Trigger, cannot_stand, meaning},
    },
    ids::SystemId,
    plan::{Plan, Procedure},
};
use store::{NewOrder, StoreError};
use uuid::Uuid;

use super::{object, view};
use crate::{
    AppState,
    app::run::parameters,
    auth::permit::{Permit, RequestRun},
    error::{AppError, Found as _},
};

const CONDITIONS: usize = 20;
const COMPONENTS: usize = 100;

/// # Errors
/// If the procedure may not stand, the plan or the trigger does not have what is named, or the name is taken.
pub async fn propose(
    state: &AppState,
    permit: &Permit<RequestRun>,
    slug: &str,
    input: OrderIn,
) -> Result<OrderView, AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let plan = state.plans.current(system.id).await?;
    let plan =
        plan.ok_or_else(|| AppError::not_now(format!("{} has no plan, so there is nothing to order.", system.name)))?;
    if let Some(why) = plan.altered() {
        return Err(AppError::not_now(format!("{why} Nothing was proposed.")));
    }
    let procedure = chosen(&plan.compiled.plan, &input)?;
    input.limits.admit().map_err(|(part, why)| AppError::invalid(&format!("limits.{part}"), why))?;
    declared(&plan.compiled.plan, &input)?;
    let policy = Order::policy_of(procedure, &input.limits)
        .map_err(|why| AppError::not_now(format!("It cannot stand: {why}")))?;
    let terms = Terms {
        system: system.id,
        project: system.project.clone(),
        name: input.name,
        procedure: procedure.id.clone(),
        meaning: meaning(procedure),
        parameters: parameters(procedure, input.parameters)?,
        trigger: trigger(state, system.id, input.trigger).await?,
        declares: input.declares,
        limits: input.limits,
    };
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let new = NewOrder {
        terms: &terms,
        content: Order::content_of(&terms, plan.version.digest, procedure),
        policy: &policy,
        reason: input.reason.as_str(),
        proposed_by: permit.id(),
    };
    let number = tx.standing_order_create(&new).await.map_err(|error| match error {
        StoreError::Conflict(constraint) if constraint == "standing_order_name" => {
            let message = format!("{} has an order called {} already.", system.name, terms.name.as_str());
            AppError::invalid("name", message)
        }
        other => other.into(),
    })?;
    let detail = json!({"terms": terms, "content": new.content, "policy": policy, "reason": new.reason});
    tx.audit(&by, "standing-order.proposed", object(number), detail);
    tx.live(Topic::Alerts {});
    tx.commit().await?;
    view::one(state, permit.user(), number).await
}

fn chosen<'p>(plan: &'p Plan, input: &OrderIn) -> Result<&'p Procedure, AppError> {
    let procedure =
        plan.procedures.iter().find(|p| p.id == input.procedure).ok_or_else(|| {
            AppError::invalid("procedure", format!("The plan has no procedure \"{}\".", input.procedure))
        })?;
    if input.procedure_digest.is_some_and(|seen| seen != procedure.digest) {
        let why = format!("{} was changed since you saw it. Nothing was proposed; look at it again.", procedure.title);
        return Err(AppError::content_changed(why));
    }
    match cannot_stand(procedure) {
        Some(why) => Err(AppError::invalid("procedure", format!("{why} Nothing was proposed."))),
        None => Ok(procedure),
    }
}

fn declared(plan: &Plan, input: &OrderIn) -> Result<(), AppError> {
    let declares = &input.declares;
    if !plan.levels.iter().any(|level| level.level == declares.level) {
        return Err(AppError::invalid("declares.level", format!("The plan has no level {}.", declares.level)));
    }
    if declares.components.len() > COMPONENTS {
        return Err(AppError::invalid("declares.components", format!("At most {COMPONENTS} components can be named.")));
    }
    let unknown = declares.components.iter().find(|id| !plan.components.iter().any(|known| known.id == **id));
    match unknown {
        Some(id) => Err(AppError::invalid("declares.components", format!("The plan has no component \"{id}\"."))),
        None => Ok(()),
    }
}

async fn trigger(state: &AppState, system: SystemId, input: TriggerIn) -> Result<Trigger, AppError> {
    match input {
        TriggerIn::Monitor { id } => {
            let none = || AppError::invalid("trigger.id", "The system has no such monitor.");
            match state.store.monitor_fetch(id).await {
                Ok(monitor) if monitor.system == system => {
                    Ok(Trigger::Monitor { id, looks_at: Digest::of_value(&monitor.definition.check) })
                }
                Ok(_) | Err(StoreError::NotFound) => Err(none()),
                Err(error) => Err(error.into()),
            }
        }
        TriggerIn::Alert { source, when } => alert(state, system, source, when).await,
    }
}

async fn alert(state: &AppState, system: SystemId, source: Uuid, when: Vec<Condition>) -> Result<Trigger, AppError> {
    if when.is_empty() || when.len() > CONDITIONS {
        let message = format!("Say which alerts are meant, by one to {CONDITIONS} of their labels.");
        return Err(AppError::invalid("trigger.when", message));
    }
    match state.store.alert_source_fetch(source).await {
        Ok(found) if found.system == system && found.kind == SourceKind::Monitors => {
            Err(AppError::invalid("trigger.source", "Name the monitor itself, not the source that all monitors are."))
        }
        Ok(found) if found.system == system => Ok(Trigger::Alert { source, when }),
        Ok(_) | Err(StoreError::NotFound) => {
            Err(AppError::invalid("trigger.source", "The system has no such source of alerts."))
        }
        Err(error) => Err(error.into()),
    }
}
