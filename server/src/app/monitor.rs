//! Monitors as people keep them: made, changed, checked at once, removed; and what was found. Checks nothing itself.

use serde_json::json;
use shared::{
    api::{
        List,
        live::Topic,
        monitor::{
            LastCheckView, MonitorChangeIn, MonitorChangeView, MonitorHistory, MonitorView, MonitorsIn, PromisedPoint,
            SuggestedView,
        },
    },
    domain::{
        alert::{Mapping, SourceKind},
        monitor::{Definition, Span, overdue, suggest, uptime},
    },
    plan::Plan,
};
use store::{MonitorRecord, SourceSettings, StoreError, System, Tx};
use uuid::Uuid;

use super::alert_source::{key_hash, new_key};
use crate::{
    AppState,
    auth::permit::{ManageMonitors, Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Of one system; the checks are the worker's load, not the server's.
const MOST: usize = 12_000;
const AT_ONCE: usize = 50;
const CHANGES: i64 = 100;
/// The source of alerts that a system's monitors are.
const SOURCE: &str = "Monitors";

fn nobody() -> String {
    "such monitor".into()
}

/// # Errors
/// If the database does not answer.
pub async fn list(state: &AppState, _permit: &Permit<ViewConsole>) -> Result<List<MonitorView>, AppError> {
    let records = state.store.monitor_list(None).await?;
    Ok(List { items: views(state, records).await?, next: None })
}

/// # Errors
/// 404 if there is no such monitor.
pub async fn one(state: &AppState, _permit: &Permit<ViewConsole>, id: Uuid) -> Result<MonitorView, AppError> {
    view(state, id).await
}

async fn view(state: &AppState, id: Uuid) -> Result<MonitorView, AppError> {
    let record = state.store.monitor_fetch(id).await.found(nobody)?;
    views(state, vec![record]).await?.pop().ok_or_else(|| AppError::bug("one monitor has one view"))
}

async fn views(state: &AppState, records: Vec<MonitorRecord>) -> Result<Vec<MonitorView>, AppError> {
    let now = state.store.now().await?;
    let days = state.store.monitor_days().await?;
    let mut items = Vec::with_capacity(records.len());
    for record in records {
        let plan = state.plans.current(record.system).await?;
        let plan = plan.as_ref().map(|plan| &plan.compiled.plan);
        let day = days.iter().find(|(id, ..)| *id == record.id);
        items.push(MonitorView {
            overdue: overdue(record.due_at, now),
            day_checks: day.map_or(0, |(_, n, _)| *n),
            day_bad: day.map_or(0, |(.., bad)| *bad),
            stale: record.definition.admit(plan).err().map(|(_, why)| why),
            id: record.id,
            system: record.system_slug,
            definition: record.definition,
            version: record.version,
            made_by: record.made_by,
            made_at: record.made_at,
            state: record.state,
            since: record.since,
            last: record.last.map(|last| LastCheckView {
                at: last.at,
                verdict: last.verdict,
                took_ms: last.took_ms,
                value: last.value,
                text: last.text,
            }),
            due_at: record.due_at,
            closely_until: record.closely_until.filter(|until| now < *until),
        });
    }
    Ok(items)
}

/// # Errors
/// 404 if there is no such monitor.
pub async fn history(
    state: &AppState,
    _permit: &Permit<ViewConsole>,
    id: Uuid,
    span: Span,
) -> Result<MonitorHistory, AppError> {
    let record = state.store.monitor_fetch(id).await.found(nobody)?;
    let baseline = record.definition.baseline(&state.store.monitor_usual_hours(id).await?);
    let buckets = state.store.monitor_history(id, span).await?;
    let changes = state.store.monitor_changes(id, CHANGES).await?.into_iter().map(|change| MonitorChangeView {
        number: change.number,
        at: change.at,
        before: change.before,
        state: change.state,
        text: change.text,
    });
    Ok(MonitorHistory { span, baseline, uptime: uptime(&buckets), changes: changes.collect(), buckets })
}

async fn system(state: &AppState, slug: &str) -> Result<System, AppError> {
    state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))
}

/// # Errors
/// 404 if there is no such system.
pub async fn suggested(state: &AppState, _permit: &Permit<ViewConsole>, slug: &str) -> Result<SuggestedView, AppError> {
    let system = system(state, slug).await?;
    let known = state.store.monitor_list(Some(system.id)).await?;
    let Some(plan) = state.plans.current(system.id).await? else {
        return Ok(SuggestedView { monitors: vec![], unmeasured: vec![] });
    };
    let plan = &plan.compiled.plan;
    let names: Vec<_> = known.iter().map(|one| one.definition.name.as_str().to_owned()).collect();
    Ok(SuggestedView { monitors: suggest(plan, &names), unmeasured: unmeasured(plan, &known) })
}

/// Recovery points that the plan promises and no monitor measures.
fn unmeasured(plan: &Plan, known: &[MonitorRecord]) -> Vec<PromisedPoint> {
    let measured = |data: &str| known.iter().any(|one| one.definition.objective.as_deref() == Some(data));
    let open = plan.rpo.iter().filter(|row| !measured(&row.data));
    open.map(|row| PromisedPoint { data: row.data.clone(), amount: row.amount, unit: row.unit.clone() }).collect()
}

fn checked(definition: &Definition, plan: Option<&Plan>, field: &str) -> Result<(), AppError> {
    definition.admit(plan).map_err(|(part, why)| AppError::invalid(&format!("{field}.{part}"), why))
}

fn taken(error: StoreError, definition: &Definition, field: &str) -> AppError {
    match error {
        StoreError::Conflict(constraint) if constraint == "monitor_name" => {
            let message = format!("There is a monitor called {} already.", definition.name.as_str());
            AppError::invalid(&format!("{field}.name"), message)
        }
        other => other.into(),
    }
}

fn object(definition: &Definition) -> String {
    format!("monitor {}", definition.name.as_str())
}

/// All of them, or none.
///
/// # Errors
/// If something is not as it must be, or a name is taken.
pub async fn create(
    state: &AppState,
    permit: &Permit<ManageMonitors>,
    slug: &str,
    input: MonitorsIn,
) -> Result<List<MonitorView>, AppError> {
    let system = system(state, slug).await?;
    if input.monitors.is_empty() || input.monitors.len() > AT_ONCE {
        return Err(AppError::invalid("monitors", format!("One to {AT_ONCE} monitors can be made at once.")));
    }
    if state.store.monitor_list(Some(system.id)).await?.len() + input.monitors.len() > MOST {
        return Err(AppError::invalid("monitors", format!("A system has at most {MOST} monitors.")));
    }
    let plan = state.plans.current(system.id).await?;
    let plan = plan.as_ref().map(|plan| &plan.compiled.plan);
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    source_ensure(&mut tx, &system, permit).await?;
    let mut made = vec![];
    for (n, definition) in input.monitors.iter().enumerate() {
        let field = format!("monitors.{n}");
        checked(definition, plan, &field)?;
        let id = tx.monitor_create(system.id, definition, &by).await.map_err(|e| taken(e, definition, &field))?;
        tx.audit(&by, "monitor.made", object(definition), json!({"id": id, "definition": definition}));
        made.push(id);
    }
    tx.live(Topic::Monitors {});
    tx.commit().await?;
    let mut records = state.store.monitor_list(Some(system.id)).await?;
    records.retain(|record| made.contains(&record.id));
    Ok(List { items: views(state, records).await?, next: None })
}

/// A system's monitors are one source of its alerts, so that rules, muting and the list of alerts are the same for all.
pub(super) async fn source_ensure(
    tx: &mut Tx,
    system: &System,
    permit: &Permit<ManageMonitors>,
) -> Result<(), AppError> {
    if tx.alert_source_of_monitors(system.id).await?.is_some() {
        return Ok(());
    }
    let mapping = Mapping::default();
    // A name that somebody has given to a source of theirs stays theirs.
    let name = if tx.alert_source_named(system.id, SOURCE).await? { "Monitors of Muster" } else { SOURCE };
    let settings = SourceSettings { name, mapping: &mapping, rules: &[], beat: None, muted_until: None };
    // Nobody is told the key: nothing is ever sent there.
    let key = key_hash(&new_key());
    tx.alert_source_create(system.id, SourceKind::Monitors, &key, &settings, &permit.actor()).await?;
    tx.live(Topic::Alerts {});
    Ok(())
}

/// What was found under the old definition counts no more for how it stands.
///
/// # Errors
/// If somebody has changed it since, something is not as it must be, or the name is taken.
pub async fn change(
    state: &AppState,
    permit: &Permit<ManageMonitors>,
    id: Uuid,
    input: MonitorChangeIn,
) -> Result<MonitorView, AppError> {
    let seen = state.store.monitor_fetch(id).await.found(nobody)?;
    let plan = state.plans.current(seen.system).await?;
    let plan = plan.as_ref().map(|plan| &plan.compiled.plan);
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let record = tx.monitor_lock(id).await.found(nobody)?;
    if record.version != input.version {
        return Err(AppError::content_changed(format!(
            "Somebody has changed {} since you opened it. Nothing of yours was saved; look at it again.",
            record.definition.name.as_str()
        )));
    }
    let definition = &input.definition;
    // One that names what the plan has lost can still be paused.
    if !(definition.paused && Definition { paused: false, ..definition.clone() } == record.definition) {
        checked(definition, plan, "definition")?;
    }
    tx.monitor_change(id, definition).await.map_err(|e| taken(e, definition, "definition"))?;
    let detail = json!({"id": id, "before": record.definition, "definition": definition});
    tx.audit(&by, "monitor.changed", object(&record.definition), detail);
    tx.live(Topic::Monitors {});
    tx.commit().await?;
    view(state, id).await
}

/// # Errors
/// If it is paused.
pub async fn check_now(state: &AppState, _permit: &Permit<ManageMonitors>, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let record = tx.monitor_lock(id).await.found(nobody)?;
    if record.definition.paused {
        return Err(AppError::not_now("It is paused: nothing is checked until somebody goes on with it."));
    }
    tx.monitor_check_now(id).await?;
    Ok(tx.commit().await?)
}

/// Looks at nothing from now on; an alert of its that fires is over. What it found is kept for as long as all.
///
/// # Errors
/// If there is no such monitor.
pub async fn remove(state: &AppState, permit: &Permit<ManageMonitors>, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let record = tx.monitor_lock(id).await.found(nobody)?;
    tx.monitor_retire(id).await?;
    let detail = json!({"id": id, "definition": record.definition});
    tx.audit(&permit.actor(), "monitor.removed", object(&record.definition), detail);
    tx.live(Topic::Monitors {});
    Ok(tx.commit().await?)
}
