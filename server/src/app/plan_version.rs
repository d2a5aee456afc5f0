//! Versions of a plan: the list, one of them, what differs, and saving another one. The plan in force is `plan`'s, comparing is `shared`'s.

use serde_json::json;
use shared::{
    api::{
        List,
        live::Topic,
        plan::{PlanConflict, PlanDiff, PlanIn, PlanVersionView},
        system::PlanView,
    },
    digest::Digest,
    domain::{plan_change::changes, text_diff::diff_lines},
    plan::compile,
};
use store::{IncidentRecord, PlanVersion, PlanVersionHead, Store, StoreError, System};

use super::{plan::Plans, view::page};
use crate::{
    auth::permit::{EditPlan, Permit, ViewConsole},
    error::{AppError, Found as _},
};

const PAGE: i64 = 50;

async fn system(store: &Store, slug: &str) -> Result<System, AppError> {
    store.system_by_slug(slug).await.found(|| format!("system \"{slug}\""))
}

async fn version(store: &Store, system: &System, number: i32) -> Result<PlanVersion, AppError> {
    let found = store.plan_version_by_number(system.id, number).await;
    found.found(|| format!("version {number} of the plan of {}", system.name))
}

fn shown(head: PlanVersionHead) -> PlanVersionView {
    PlanVersionView {
        version: head.version,
        imported_at: head.imported_at,
        imported_by: head.imported_by,
        reason: head.reason,
        digest: head.digest,
        incident: None,
    }
}

/// Newest first.
///
/// # Errors
/// 404 if there is no such system.
pub async fn list(
    store: &Store,
    permit: &Permit<ViewConsole>,
    slug: &str,
    before: Option<i64>,
) -> Result<List<PlanVersionView>, AppError> {
    let system = system(store, slug).await?;
    let heads = store.plan_version_list(system.id, before, PAGE).await?;
    let versions: Vec<i32> = heads.iter().map(|head| head.version).collect();
    let origins = store.plan_origins(permit.eyes(), system.id, &versions).await?;
    let origin = |version| origins.iter().find(|(of, _)| *of == version).map(|(_, incident)| *incident);
    let views = heads.into_iter().map(|head| PlanVersionView { incident: origin(head.version), ..shown(head) });
    Ok(page(views.collect(), PAGE, |head| i64::from(head.version)))
}

/// # Errors
/// 404 if there is no such version.
pub async fn view(
    store: &Store,
    plans: &Plans,
    permit: &Permit<ViewConsole>,
    slug: &str,
    number: i32,
) -> Result<PlanView, AppError> {
    let system = system(store, slug).await?;
    let version = version(store, &system, number).await?;
    let newest = store.plan_current(system.id).await?.map(|plan| plan.version);
    let plan = plans.of(version).await?;
    Ok(super::plan::shown(system, newest, &plan, permit.user().rights))
}

/// What `to` changed since `from`, or since the version before it.
///
/// # Errors
/// 404 if one of them does not exist.
pub async fn diff(
    store: &Store,
    plans: &Plans,
    _permit: &Permit<ViewConsole>,
    slug: &str,
    (from, to): (Option<i32>, i32),
) -> Result<PlanDiff, AppError> {
    let system = system(store, slug).await?;
    let to = plans.of(version(store, &system, to).await?).await?;
    let from = from.unwrap_or(to.version.version - 1);
    if from < 1 {
        return Err(AppError::invalid("from", "The first version has none before it; name the one to compare with."));
    }
    let from = plans.of(version(store, &system, from).await?).await?;
    blocking(move || PlanDiff {
        changes: changes(&from.compiled, &to.compiled),
        hunks: diff_lines(&from.version.source, &to.version.source),
        from: shown(from.version.head()),
        to: shown(to.version.head()),
    })
    .await
}

/// The text of a version (of the newest, if none is named), byte for byte, and a name for its file.
///
/// # Errors
/// 404 if there is no such system or version.
pub async fn source(
    store: &Store,
    _permit: &Permit<ViewConsole>,
    slug: &str,
    number: Option<i32>,
) -> Result<(String, String), AppError> {
    let system = system(store, slug).await?;
    let plan = match number {
        Some(number) => version(store, &system, number).await?,
        None => {
            let newest = store.plan_current(system.id).await?;
            newest.ok_or_else(|| AppError::not_found(format!("plan of {} yet", system.name)))?
        }
    };
    Ok((format!("{}-plan-v{}.md", system.slug, plan.version), plan.source))
}

#[derive(Debug)]
pub enum Saved {
    New(PlanVersionView),
    /// The newest version is this very text: nothing to do, whoever wrote it.
    Already(PlanVersionView),
}

/// # Errors
/// 409 with the other text if somebody has saved since the version this one was made from; 422 with the diagnostics if it has
/// errors. Then nothing was saved.
pub async fn save(store: &Store, permit: &Permit<EditPlan>, slug: &str, input: PlanIn) -> Result<Saved, AppError> {
    save_from(store, permit, slug, input, None).await
}

/// The same, of what an incident has taught.
///
/// # Errors
/// As [`save`].
pub(super) async fn save_from(
    store: &Store,
    permit: &Permit<EditPlan>,
    slug: &str,
    input: PlanIn,
    origin: Option<&IncidentRecord>,
) -> Result<Saved, AppError> {
    let system = system(store, slug).await?;
    let source = input.source.clone();
    let compiled = blocking(move || compile(&source)).await?;
    if compiled.has_errors() {
        return Err(AppError::plan_refused(compiled.diagnostics));
    }
    let digest = Digest::of(input.source.as_bytes());
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let current = tx.plan_current_lock(system.id).await?;
    if let Some(current) = current {
        if current.digest == digest {
            return Ok(Saved::Already(shown(current.head())));
        }
        if current.version != input.base_version {
            return Err(AppError::plan_changed(&PlanConflict {
                base_version: input.base_version,
                current: shown(current.head()),
                current_source: current.source,
            }));
        }
    } else if input.base_version != 0 {
        return Err(AppError::invalid("base_version", "This system has no plan yet; its first one is made from 0."));
    }
    let reason = input.reason.as_str();
    let new = match tx.plan_version_add(system.id, digest, &input.source, &by, reason).await {
        Err(StoreError::Conflict(name)) => return Err(AppError::bug(format!("{name} although the system was locked"))),
        added => added?,
    };
    let detail =
        json!({"version": new.version, "digest": digest, "base_version": input.base_version, "reason": reason});
    tx.audit(&by, "plan.saved", format!("system {}", system.slug), detail);
    if let Some(origin) = origin {
        tx.plan_origin_add(system.id, new.version, origin.id).await?;
        tx.audit(
            &by,
            "plan.changed-after-incident",
            format!("incident {}", origin.number),
            json!({"version": new.version}),
        );
        tx.live(Topic::Report { incident: origin.number });
    }
    tx.live(Topic::Plan { system: system.slug });
    tx.commit().await?;
    Ok(Saved::New(shown(new.head())))
}

/// Compiling and comparing a long text takes longer than anything that waits beside it should wait.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::bug(error.to_string()))
}
