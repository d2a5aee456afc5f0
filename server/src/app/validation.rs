//! What is open of an incident's validation, for its page and under its lock. What counts as open is the domain's.

use shared::domain::{
    incident::IncidentCommand,
    validation::{self, OpenPoint},
};
use store::{IncidentRecord, Store, Tx};

use super::plan::PlanInForce;
use crate::error::AppError;

/// Nothing of what can be resolved no more. A drill is judged by its own result.
fn is_asked(record: &IncidentRecord) -> bool {
    !record.incident.drill && record.incident.permits(IncidentCommand::Resolve).is_ok()
}

pub(super) async fn open_points(
    store: &Store,
    plan: Option<&PlanInForce>,
    record: &IncidentRecord,
) -> Result<Vec<OpenPoint>, AppError> {
    if !is_asked(record) {
        return Ok(vec![]);
    }
    let facts = store.validation_facts(record).await?;
    Ok(validation::open_points(&facts, plan.map(|plan| &plan.compiled.plan)))
}

/// The caller holds the incident's lock.
pub(super) async fn open_points_locked(
    tx: &mut Tx,
    plan: Option<&PlanInForce>,
    record: &IncidentRecord,
) -> Result<Vec<OpenPoint>, AppError> {
    if !is_asked(record) {
        return Ok(vec![]);
    }
    let facts = tx.validation_facts(record).await?;
    Ok(validation::open_points(&facts, plan.map(|plan| &plan.compiled.plan)))
}
