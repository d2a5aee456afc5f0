//! Verifications of backups as people see and ask for them. Restores nothing: that is the worker's.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        verification::{BackupPlace, VerificationSettingsIn, VerificationView, VerificationsView},
    },
    domain::verification::{Settings, places},
};
use store::{StoreError, System, VerificationRecord};
use uuid::Uuid;

use super::monitor::source_ensure;
use crate::{
    AppState,
    auth::permit::{ManageMonitors, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Shown of the past.
const SHOWN: i64 = 60;

fn nobody() -> String {
    "such verification".into()
}

async fn system(state: &AppState, slug: &str) -> Result<System, AppError> {
    state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))
}

fn view(record: VerificationRecord) -> VerificationView {
    VerificationView {
        id: record.id,
        system: record.system_slug,
        state: record.state,
        asked_by: record.asked_by,
        asked_at: record.asked_at,
        begun_at: record.begun_at,
        ended_at: record.ended_at,
        worker: record.worker,
        cancelled_by: record.cancelled_by,
        doing: record.doing,
        n_attempts: record.n_attempts,
        why: record.why,
        settings: record.settings,
        found: record.found,
    }
}

/// # Errors
/// 404 if there is no such system.
pub async fn list(state: &AppState, _permit: &Permit<ViewConsole>, slug: &str) -> Result<VerificationsView, AppError> {
    of(state, &system(state, slug).await?).await
}

async fn of(state: &AppState, system: &System) -> Result<VerificationsView, AppError> {
    let saved = state.store.verification_settings(system.id).await?;
    let plan = state.plans.current(system.id).await?;
    let plan = plan.as_ref().map(|plan| &plan.compiled.plan);
    let records = state.store.verification_list(system.id, SHOWN).await?;
    let brief = |record: VerificationRecord| {
        let mut view = view(record);
        for found in &mut view.found {
            (found.compared, found.log) = (vec![], vec![]);
        }
        view
    };
    let places = plan.map(places).unwrap_or_default().into_iter();
    Ok(VerificationsView {
        version: saved.as_ref().map_or(0, |saved| saved.version),
        due_at: saved.as_ref().and_then(|saved| saved.due_at),
        settings: saved.map_or_else(|| Settings::suggested(plan), |saved| saved.settings),
        places: places.map(|place| BackupPlace { label: place.label, path: place.path }).collect(),
        items: records.into_iter().map(brief).collect(),
    })
}

/// # Errors
/// 404 if there is no such verification.
pub async fn one(state: &AppState, _permit: &Permit<ViewConsole>, id: Uuid) -> Result<VerificationView, AppError> {
    Ok(view(state.store.verification_fetch(id).await.found(nobody)?))
}

/// # Errors
/// If somebody has changed them since, or something is not as it must be.
pub async fn set(
    state: &AppState,
    permit: &Permit<ManageMonitors>,
    slug: &str,
    input: VerificationSettingsIn,
) -> Result<VerificationsView, AppError> {
    let system = system(state, slug).await?;
    input.settings.admit().map_err(|(part, why)| AppError::invalid(&format!("settings.{part}"), why))?;
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    source_ensure(&mut tx, &system, permit).await?;
    let before = tx.verification_settings_lock(system.id).await?;
    if before.as_ref().map_or(0, |before| before.version) != input.version {
        return Err(AppError::content_changed(
            "Somebody has changed how backups are verified since you opened it. Nothing of yours was saved; look at it again.",
        ));
    }
    tx.verification_settings_put(system.id, &input.settings, &by).await?;
    let detail = json!({"before": before.map(|before| before.settings), "settings": input.settings});
    tx.audit(&by, "verification.set", format!("system {}", system.slug), detail);
    tx.live(Topic::Monitors {});
    tx.commit().await?;
    of(state, &system).await
}

/// Asks for one now, besides those of the schedule.
///
/// # Errors
/// If one waits or is under way already, or the plan names no place of backups.
pub async fn ask(state: &AppState, permit: &Permit<ManageMonitors>, slug: &str) -> Result<VerificationView, AppError> {
    let system = system(state, slug).await?;
    let view = of(state, &system).await?;
    if view.places.is_empty() {
        return Err(AppError::not_now(
            "The plan names no place of backups, so there is nothing to restore: name their directories under a heading with \"backup\" in it.",
        ));
    }
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    source_ensure(&mut tx, &system, permit).await?;
    let id = tx.verification_ask(system.id, &view.settings, &by).await.map_err(|error| match error {
        StoreError::Conflict(constraint) if constraint == "verification_live" => {
            AppError::not_now("A verification of this system waits or is under way already; no other one was begun.")
        }
        other => other.into(),
    })?;
    tx.audit(&by, "verification.asked", format!("verification {id}"), json!({"system": system.slug}));
    tx.live(Topic::Monitors {});
    tx.commit().await?;
    one_of(state, id).await
}

async fn one_of(state: &AppState, id: Uuid) -> Result<VerificationView, AppError> {
    Ok(view(state.store.verification_fetch(id).await.found(nobody)?))
}

/// One that waits is over at once; one that is under way its worker ends, and clears away what it has made.
///
/// # Errors
/// If it is over.
pub async fn cancel(state: &AppState, permit: &Permit<ManageMonitors>, id: Uuid) -> Result<VerificationView, AppError> {
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let record = tx.verification_lock(id).await.found(nobody)?;
    if record.state.is_over() {
        return Err(AppError::not_now("It is over already; there is nothing left to cancel."));
    }
    tx.verification_cancel(id, &by).await?;
    tx.audit(&by, "verification.cancelled", format!("verification {id}"), json!({"was": record.state.name()}));
    tx.live(Topic::Monitors {});
    tx.commit().await?;
    one_of(state, id).await
}
