//! Systems and their plans: importing, exporting, and the compiled plan in force. Compiling itself is `shared`'s.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::json;
use shared::{
    api::{
        List,
        live::Topic,
        system::{PlanView, SystemView},
    },
    domain::{access::Rights, actor::Actor},
    ids::{PlanVersionId, SystemId},
    plan::{Compiled, compile},
};
use store::{PlanVersion, Store, StoreError, System};

use super::{offers, plan_version::blocking};
use crate::{
    auth::permit::{Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// A version of a plan with what it compiles to.
#[derive(Debug)]
pub struct PlanInForce {
    pub version: PlanVersion,
    pub compiled: Compiled,
}

impl PlanInForce {
    /// Why nothing of it may run, if what is stored is not what was imported: every button knows its line, and these lines are not.
    #[must_use]
    pub fn altered(&self) -> Option<String> {
        (self.version.digest != self.compiled.plan.digest).then(|| {
            format!(
                "The stored text of plan version {} does not have the digest it was saved with, so it is not what people agreed to. Save the plan again from a copy you trust.",
                self.version.version
            )
        })
    }
}

/// Compiled plans by version; a version never changes, so nothing here grows old. A clone is the same cache.
#[derive(Clone, Debug)]
pub struct Plans {
    store: Store,
    compiled: Arc<Mutex<HashMap<PlanVersionId, Arc<PlanInForce>>>>,
}

const KEPT: usize = 32;

impl Plans {
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, compiled: Arc::default() }
    }

    /// The system's newest plan, if one was ever imported.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn current(&self, system: SystemId) -> Result<Option<Arc<PlanInForce>>, StoreError> {
        let Some(version) = self.store.plan_current(system).await? else { return Ok(None) };
        Ok(Some(self.kept(version)))
    }

    /// Any version with what it compiles to.
    ///
    /// # Errors
    /// If the thread that compiled it died.
    pub async fn of(&self, version: PlanVersion) -> Result<Arc<PlanInForce>, AppError> {
        let plans = self.clone();
        blocking(move || plans.kept(version)).await
    }

    fn kept(&self, version: PlanVersion) -> Arc<PlanInForce> {
        // A version never changes; if its text has, that is to be seen at once.
        if let Some(kept) = self.lock().get(&version.id).filter(|kept| kept.version.source == version.source) {
            return kept.clone();
        }
        let compiled = compile(&version.source);
        let plan = Arc::new(PlanInForce { version, compiled });
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(plan.version.id, plan.clone());
        drop(kept);
        plan
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PlanVersionId, Arc<PlanInForce>>> {
        // A poisoned cache is still a cache: entries are inserted whole.
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn system_view(system: System, plan_version: Option<i32>) -> SystemView {
    let System { id, slug, name, project, host } = system;
    SystemView { id, slug, name, project, host, plan_version }
}

/// # Errors
/// If the database does not answer.
pub async fn systems(store: &Store, _permit: &Permit<ViewConsole>) -> Result<List<SystemView>, AppError> {
    let systems = store.system_list().await?;
    Ok(List { items: systems.into_iter().map(|(system, version)| system_view(system, version)).collect(), next: None })
}

/// # Errors
/// 404 if there is no such system, or it has no plan yet.
pub async fn view(
    store: &Store,
    plans: &Plans,
    permit: &Permit<ViewConsole>,
    slug: &str,
) -> Result<PlanView, AppError> {
    let system = store.system_by_slug(slug).await.found(|| format!("system \"{slug}\""))?;
    let plan = plans.current(system.id).await?;
    let plan = plan.ok_or_else(|| {
        AppError::not_found(format!("plan of {} yet; import one with `muster plan import`", system.name))
    })?;
    Ok(shown(system, Some(plan.version.version), &plan, permit.user().rights))
}

/// `newest`: the number of the version in force.
pub(super) fn shown(system: System, newest: Option<i32>, plan: &PlanInForce, rights: Rights) -> PlanView {
    let version = &plan.version;
    PlanView {
        system: system_view(system, newest),
        version: version.version,
        imported_at: version.imported_at,
        imported_by: version.imported_by.clone(),
        reason: version.reason.clone(),
        source: version.source.clone(),
        compiled: plan.compiled.clone(),
        offers: offers::plan(rights),
    }
}

/// A plan to be brought in; it has no error diagnostics.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    pub slug: &'a str,
    /// Defaults to the slug; only for a system that does not exist yet.
    pub project: Option<&'a str>,
    /// The Docker host it lives on from now on, as that host's workers call it; `None` leaves it as it is.
    pub host: Option<&'a str>,
    pub name: Option<&'a str>,
    pub reason: &'a str,
    pub source: &'a str,
    pub compiled: &'a Compiled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    Unchanged { version: i32, moved: bool },
    New { version: i32, system_created: bool },
}

/// # Errors
/// If slug or project are not as they must be or are taken; then nothing was imported.
pub async fn import(store: &Store, by: &Actor, import: Import<'_>) -> Result<Imported, AppError> {
    let known = match store.system_by_slug(import.slug).await {
        Ok(system) => Some(system),
        Err(StoreError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    if let (Some(system), Some(project)) = (&known, import.project)
        && system.project != project
    {
        let message = format!(
            "The system {} already has the project {}; it cannot be changed by an import.",
            system.slug, system.project
        );
        return Err(AppError::invalid("project", message));
    }
    let moved = match (&known, import.host) {
        (Some(system), Some(host)) if system.host.as_deref() != Some(host) => {
            settle(store, by, system, host).await?;
            true
        }
        _ => false,
    };
    if !is_slug(import.slug) {
        let message =
            "A system's slug has 1 to 63 lower-case letters, digits and hyphens and starts with a letter or digit.";
        return Err(AppError::invalid("system", message));
    }
    let digest = import.compiled.plan.digest;
    if let Some(system) = &known
        && let Some(current) = store.plan_current(system.id).await?
        && current.digest == digest
    {
        return Ok(Imported::Unchanged { version: current.version, moved });
    }
    let mut tx = store.begin().await?;
    let (system, system_created) = match known {
        Some(system) => (system, false),
        None => {
            let title = import.compiled.plan.title.trim();
            let name = import.name.unwrap_or(if title.is_empty() { import.slug } else { title });
            let created = tx
                .system_create(import.slug, name, import.project.unwrap_or(import.slug), import.host)
                .await
                .map_err(name_constraint)?;
            tx.audit(
                by,
                "system.created",
                format!("system {}", created.slug),
                json!({"name": created.name, "project": created.project, "host": created.host}),
            );
            (created, true)
        }
    };
    let version = match tx.plan_version_add(system.id, digest, import.source, by, import.reason).await {
        Ok(version) => version.version,
        // Somebody imported the same text in between.
        Err(StoreError::Conflict(name)) if name == "plan_unchanged" => {
            drop(tx);
            let current = store.plan_current(system.id).await?;
            return Ok(Imported::Unchanged { version: current.map_or(0, |plan| plan.version), moved });
        }
        Err(error) => return Err(error.into()),
    };
    let detail = json!({"version": version, "digest": digest, "reason": import.reason});
    tx.audit(by, "plan.imported", format!("system {}", system.slug), detail);
    tx.live(Topic::Plan { system: system.slug });
    tx.commit().await?;
    Ok(Imported::New { version, system_created })
}

/// What was resolved on the old host is void: consent binds to the host.
async fn settle(store: &Store, by: &Actor, system: &System, host: &str) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    tx.system_settle(system.id, host).await.map_err(name_constraint)?;
    if let Some(run) = store.run_live(system.id).await? {
        return Err(AppError::not_now(format!(
            "Run {run} acts on {}, so its host is not changed. Nothing was imported; wait for the run, or withdraw it.",
            system.name
        )));
    }
    let detail = json!({"from": system.host, "to": host});
    tx.audit(by, "system.settled", format!("system {}", system.slug), detail);
    tx.live(Topic::Plan { system: system.slug.clone() });
    Ok(tx.commit().await?)
}

fn is_slug(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 63 && text.starts_with(fits) && text.chars().all(|c| fits(c) || c == '-')
}

fn name_constraint(error: StoreError) -> AppError {
    let StoreError::Conflict(constraint) = &error else { return error.into() };
    match constraint.as_str() {
        "system_project_check" => AppError::invalid(
            "project",
            "A Compose project's name has lower-case letters, digits, hyphens and underscores and starts with a letter or digit.",
        ),
        "system_project_key" => AppError::invalid(
            "project",
            "Another system already has this Compose project. If they live on different Docker hosts, each must name its host (--host).",
        ),
        "system_host_check" => AppError::invalid(
            "host",
            "A Docker host's name has up to 253 letters, digits, dots, hyphens and underscores and starts with a letter or digit.",
        ),
        "system_name_check" => AppError::invalid("name", "The system's name must not be empty."),
        _ => error.into(),
    }
}

/// The system's plan as it was imported, byte for byte.
///
/// # Errors
/// 404 if there is no such system, or it has no plan.
pub async fn export(store: &Store, slug: &str) -> Result<String, AppError> {
    let system = store.system_by_slug(slug).await.found(|| format!("system \"{slug}\""))?;
    let plan = store.plan_current(system.id).await?;
    plan.map(|plan| plan.source).ok_or_else(|| AppError::not_found(format!("plan of the system \"{slug}\"")))
}
