//! What an incident says about the plan: gathers what was really done and lets the domain propose; adopts a text by the ordinary change
//! of the plan, linked to the incident.

use shared::{
    api::plan::{PlanIn, PlanProposalView},
    domain::plan_proposal::{Experience, propose},
};
use store::{Store, System};

use super::{
    plan_version::{self, Saved, blocking},
    report::runs_of,
};
use crate::{
    auth::permit::{EditPlan, Permit, ViewConsole},
    error::{AppError, Found as _},
};

async fn found(store: &Store, number: i64) -> Result<(store::IncidentRecord, System), AppError> {
    let record = store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    let system = store.system_fetch(record.system).await?;
    Ok((record, system))
}

/// # Errors
/// 404 if there is no such incident, or its system has no plan.
pub async fn view(store: &Store, permit: &Permit<ViewConsole>, number: i64) -> Result<PlanProposalView, AppError> {
    let (record, system) = found(store, number).await?;
    let plan = store.plan_current(system.id).await?;
    let plan = plan.ok_or_else(|| AppError::not_found(format!("plan of {} yet", system.name)))?;
    let runs = runs_of(store, permit.eyes(), &record).await?;
    let pages = store.pages_of(record.id).await?;
    // Who answered one call of several was reached.
    let answered = |name: &str| pages.iter().any(|page| page.name == name && page.answered_at.is_some());
    let unanswered: Vec<String> =
        pages.iter().filter(|page| !answered(&page.name)).map(|page| page.name.clone()).collect();
    let adopted = store.plan_versions_from(record.id).await?;
    let (source, incident, now) = (plan.source.clone(), record.incident, store.now().await?);
    let proposals = blocking(move || {
        propose(&source, &Experience { number, incident: &incident, runs: &runs, unanswered: &unanswered, now })
    })
    .await?;
    Ok(PlanProposalView { system: system.slug, version: plan.version, source: plan.source, proposals, adopted })
}

/// # Errors
/// As any change of the plan.
pub async fn adopt(store: &Store, permit: &Permit<EditPlan>, number: i64, input: PlanIn) -> Result<Saved, AppError> {
    let (record, system) = found(store, number).await?;
    plan_version::save_from(store, permit, &system.slug, input, Some(&record)).await
}
