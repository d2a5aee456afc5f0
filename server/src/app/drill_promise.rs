//! The recovery times that were promised when a drill was begun, by the version of the plan that its run is pinned to. Knows no newer promise.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use shared::{api::drill::DrillObjective, domain::drill::objectives, ids::PlanVersionId};
use store::DrillRecord;

use super::plan::PlanInForce;
use crate::{AppState, error::AppError};

/// Each version is read once, however many drills were made by it.
pub(super) struct Promises {
    plans: HashMap<PlanVersionId, Arc<PlanInForce>>,
}

impl Promises {
    /// # Errors
    /// If the database does not answer.
    pub(super) async fn of(state: &AppState, drills: &[DrillRecord]) -> Result<Self, AppError> {
        let mut plans = HashMap::new();
        for id in drills.iter().map(|drill| drill.plan_version) {
            if let Entry::Vacant(unread) = plans.entry(id) {
                unread.insert(state.plans.of(state.store.plan_version_fetch(id).await?).await?);
            }
        }
        Ok(Self { plans })
    }

    /// The longest first.
    pub(super) fn to(&self, drill: &DrillRecord) -> Vec<DrillObjective> {
        let plan = self.plans.get(&drill.plan_version).map(|plan| &plan.compiled.plan);
        let found = plan.and_then(|plan| Some((plan, plan.procedures.iter().find(|p| p.id == drill.procedure)?)));
        let promised = found.map(|(plan, procedure)| objectives(plan, procedure)).unwrap_or_default();
        promised.into_iter().map(|(name, seconds)| DrillObjective { name, seconds }).collect()
    }
}
