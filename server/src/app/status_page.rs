//! How the public page is arranged, and that every component of a plan has a history from the day it is known. Renders nothing.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        status_page::{ComponentName, LayoutIn, SavedBy, StatusPageView},
    },
    domain::layout::{Known, Layout, Misplaced},
    ids::SectionId,
};
use store::{SavedLayout, Store, StoreError};
use uuid::Uuid;

use super::plan::Plans;
use crate::{
    auth::permit::{ManageStatusPage, Permit, ViewConsole},
    error::AppError,
};

/// What the plans in force have.
pub(super) async fn known(store: &Store, plans: &Plans) -> Result<Vec<Known>, StoreError> {
    let mut systems = vec![];
    for (system, _) in store.system_list().await? {
        let plan = plans.current(system.id).await?;
        let components = plan.iter().flat_map(|plan| &plan.compiled.plan.components);
        let components = components.map(|c| (c.id.clone(), c.name.clone())).collect();
        systems.push((system.slug, system.name, components));
    }
    Ok(Known::of(&systems))
}

fn shown(saved: Option<SavedLayout>, known: Vec<Known>) -> StatusPageView {
    let (version, layout, saved) = match saved {
        Some(SavedLayout { version, layout, saved_by, saved_at }) => {
            (version, layout, Some(SavedBy { by: saved_by, at: saved_at }))
        }
        None => (0, Layout::default(), None),
    };
    let name = |k: Known| ComponentName { system: k.system, component: k.component, name: k.name };
    StatusPageView { version, saved, layout: layout.complete(&known), names: known.into_iter().map(name).collect() }
}

/// # Errors
/// If the database does not answer.
pub async fn view(store: &Store, plans: &Plans, _permit: &Permit<ViewConsole>) -> Result<StatusPageView, AppError> {
    Ok(shown(store.status_layout_fetch().await?, known(store, plans).await?))
}

/// # Errors
/// If it names what no plan has or something twice, or somebody has saved another one meanwhile.
pub async fn save(
    store: &Store,
    plans: &Plans,
    permit: &Permit<ManageStatusPage>,
    input: LayoutIn,
) -> Result<StatusPageView, AppError> {
    let known = known(store, plans).await?;
    let mut layout = input.layout;
    layout.check(&known).map_err(|Misplaced { field, why }| AppError::invalid(&field, why))?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let now = tx.now();
    for section in &mut layout.sections {
        section.id = section.name.as_ref().map(|_| section.id.unwrap_or_else(|| SectionId(Uuid::now_v7())));
    }
    if !tx.status_layout_add(input.base, &layout, &by).await? {
        // Looked at on another connection: this one is done with.
        drop(tx);
        return Err(AppError::layout_conflict(&shown(store.status_layout_fetch().await?, known)));
    }
    let version = input.base + 1;
    tx.audit(&by, "status-page.arranged", "status page", json!({ "version": version, "layout": layout }));
    tx.live(Topic::StatusPage {});
    tx.commit().await?;
    Ok(shown(Some(SavedLayout { version, layout, saved_by: by, saved_at: now }), known))
}

/// Gives every component of the plans in force a recorded state. Cheap when all have one; several servers may do it at once.
///
/// # Errors
/// If the database does not answer.
pub async fn settle(store: &Store, plans: &Plans) -> Result<(), AppError> {
    let records = store.component_records().await?;
    for (system, _) in store.system_list().await? {
        let Some(plan) = plans.current(system.id).await? else { continue };
        let components: Vec<_> = plan.compiled.plan.components.iter().map(|c| c.id.clone()).collect();
        let has = |id: &String| records.iter().any(|r| r.system_slug == system.slug && r.component == *id);
        if components.iter().all(has) {
            continue;
        }
        let mut tx = store.begin().await?;
        if tx.components_settle(system.id, &components).await? {
            tx.live(Topic::StatusPage {});
        }
        tx.commit().await?;
    }
    Ok(())
}
