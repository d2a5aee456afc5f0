//! Sources of alerts: made, changed, muted, given a new key, retired; and trying what a message would lead to. Takes no message itself.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use shared::{
    api::{
        List,
        alert::{
            AlertView, BeatIn, SourceChangeIn, SourceIn, SourceMade, SourceSettingsIn, SourceView, TriedView, TryIn,
        },
        live::Topic,
    },
    digest::Digest,
    domain::alert::{self, Consequence, Mapping, Rule, SourceKind, judge},
    plan::Plan,
    timestamp::Timestamp,
};
use store::{AlertSource, Beat, SourceSettings, StoreError, Tx};
use uuid::Uuid;

use super::view::page;
use crate::{
    AppState,
    auth::permit::{ManageAlertSources, Permit, ViewAlertSources, ViewConsole},
    error::{AppError, Found as _},
};

const PAGE: i64 = 50;
/// Alerts shown with their incident.
const WITH_INCIDENT: i64 = 100;
/// The longest that a source can be muted at once.
const MUTED_DAYS: i64 = 31;
const YEAR: u32 = 365 * 86_400;

/// What the database knows a key by.
pub(super) fn key_hash(key: &str) -> String {
    Digest::of(format!("alert source {key}").as_bytes()).to_string()
}

pub(super) fn new_key() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

fn address(state: &AppState, kind: SourceKind, key: &str) -> String {
    format!("{}/api/v1/intake/{kind}/{key}", state.settings.public_url.origin())
}

/// Newest first; only what fires, or all.
///
/// # Errors
/// If the database does not answer.
pub async fn alerts(
    state: &AppState,
    permit: &Permit<ViewConsole>,
    firing: bool,
    before: Option<i64>,
) -> Result<List<AlertView>, AppError> {
    Ok(page(state.store.alert_list(permit.eyes(), firing, before, PAGE).await?, PAGE, |alert| alert.number))
}

/// # Errors
/// 404 if there is no such incident.
pub async fn of_incident(
    state: &AppState,
    _permit: &Permit<ViewConsole>,
    number: i64,
) -> Result<List<AlertView>, AppError> {
    let record = state.store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    Ok(List { items: state.store.alerts_of(record.id, WITH_INCIDENT).await?, next: None })
}

/// # Errors
/// If the database does not answer.
pub async fn list(state: &AppState, _permit: &Permit<ViewAlertSources>) -> Result<List<SourceView>, AppError> {
    let now = state.store.now().await?;
    let mut items = vec![];
    for source in state.store.alert_source_list().await? {
        items.push(view(state, source, now).await?);
    }
    Ok(List { items, next: None })
}

async fn view(state: &AppState, source: AlertSource, now: Timestamp) -> Result<SourceView, AppError> {
    let plan = state.plans.current(source.system).await?;
    let silent = source
        .beat
        .zip(source.heard_at)
        .is_some_and(|(beat, heard)| now.seconds_since(heard) > beat.every_seconds + beat.grace_seconds);
    let seconds = |seconds: i64| u32::try_from(seconds).unwrap_or(u32::MAX);
    let name = shared::domain::text::Name::parse(&source.name)
        .map_err(|why| AppError::bug(format!("the name of source {}: {why}", source.id)))?;
    Ok(SourceView {
        id: source.id,
        system: source.system_slug,
        kind: source.kind,
        unknown: unknown(&source.rules, plan.as_ref().map(|plan| &plan.compiled.plan)),
        settings: SourceSettingsIn {
            name,
            mapping: (source.kind == SourceKind::Generic).then_some(source.mapping),
            rules: source.rules,
            beat: source.beat.map(|beat| BeatIn {
                every_seconds: seconds(beat.every_seconds),
                grace_seconds: seconds(beat.grace_seconds),
            }),
            muted_until: source.muted_until.filter(|until| now < *until),
        },
        version: source.version,
        made_by: source.made_by,
        made_at: source.made_at,
        heard_at: source.heard_at,
        silent,
    })
}

/// Levels and components that rules name and the plan does not have.
fn unknown(rules: &[Rule], plan: Option<&Plan>) -> Vec<String> {
    let mut found = vec![];
    for rule in rules {
        let Consequence::Declare(what) = &rule.then else { continue };
        if !plan.is_some_and(|plan| plan.levels.iter().any(|level| level.level == what.level)) {
            found.push(format!("level {}", what.level));
        }
        let missing = |id: &&String| !plan.is_some_and(|plan| plan.components.iter().any(|c| c.id == **id));
        found.extend(what.components.iter().filter(missing).cloned());
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What was decided, checked; the mapping apart, because it must outlive what borrows it.
struct Checked {
    mapping: Mapping,
    beat: Option<Beat>,
}

fn check(
    kind: SourceKind,
    input: &SourceSettingsIn,
    plan: Option<&Plan>,
    before: &[Rule],
    now: Timestamp,
) -> Result<Checked, AppError> {
    if let Some(name) = unknown(&input.rules, plan).into_iter().find(|name| !unknown(before, plan).contains(name)) {
        return Err(AppError::invalid("rules", format!("The plan in force has no {name}.")));
    }
    if input.mapping.is_some() && kind != SourceKind::Generic {
        return Err(AppError::invalid("mapping", format!("Where things stand in {} is known.", kind.words())));
    }
    let beat = match (kind, input.beat) {
        (SourceKind::Heartbeat, Some(beat))
            if beat.every_seconds >= 1 && beat.every_seconds.max(beat.grace_seconds) <= YEAR =>
        {
            Some(Beat { every_seconds: beat.every_seconds.into(), grace_seconds: beat.grace_seconds.into() })
        }
        (SourceKind::Heartbeat, Some(_)) => {
            return Err(AppError::invalid("beat", "A heartbeat comes every second at most and every year at least."));
        }
        (SourceKind::Heartbeat, None) => {
            return Err(AppError::invalid("beat", "Say how often the heartbeat comes, and how much later it may."));
        }
        (_, Some(_)) => return Err(AppError::invalid("beat", "Only a heartbeat comes at regular times.")),
        (_, None) => None,
    };
    if input.muted_until.is_some_and(|until| until.seconds_since(now) > MUTED_DAYS * 86_400) {
        return Err(AppError::invalid("muted_until", format!("A source can be muted for {MUTED_DAYS} days at most.")));
    }
    Ok(Checked { mapping: input.mapping.clone().unwrap_or_default(), beat })
}

impl Checked {
    fn settings<'a>(&'a self, input: &'a SourceSettingsIn) -> SourceSettings<'a> {
        SourceSettings {
            name: input.name.as_str(),
            mapping: &self.mapping,
            rules: &input.rules,
            beat: self.beat,
            muted_until: input.muted_until,
        }
    }
}

fn taken(error: StoreError, name: &str) -> AppError {
    match error {
        StoreError::Conflict(constraint) if constraint == "alert_source_name" => {
            AppError::invalid("settings.name", format!("There is a source called {name} already."))
        }
        other => other.into(),
    }
}

fn object(name: &str) -> String {
    format!("alert source {name}")
}

/// # Errors
/// If something is not as it must be, or the name is taken.
pub async fn create(
    state: &AppState,
    permit: &Permit<ManageAlertSources>,
    slug: &str,
    input: SourceIn,
) -> Result<SourceMade, AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let plan = state.plans.current(system.id).await?;
    let plan = plan.as_ref().map(|plan| &plan.compiled.plan);
    if input.kind == SourceKind::Monitors {
        return Err(AppError::invalid("kind", "The monitors of a system are its source by themselves; add a monitor."));
    }
    let (key, by) = (new_key(), permit.actor());
    let mut tx = state.store.begin().await?;
    let now = tx.now();
    let checked = check(input.kind, &input.settings, plan, &[], now)?;
    let name = input.settings.name.as_str();
    let settings = checked.settings(&input.settings);
    let id = tx
        .alert_source_create(system.id, input.kind, &key_hash(&key), &settings, &by)
        .await
        .map_err(|error| taken(error, name))?;
    tx.audit(&by, "alert-source.made", object(name), json!({"id": id, "kind": input.kind, "settings": input.settings}));
    tx.live(Topic::Alerts {});
    tx.commit().await?;
    made(state, id, &key).await
}

async fn made(state: &AppState, id: Uuid, key: &str) -> Result<SourceMade, AppError> {
    let source = state.store.alert_source_fetch(id).await?;
    let address = address(state, source.kind, key);
    Ok(SourceMade { source: view(state, source, state.store.now().await?).await?, address })
}

/// Nothing is sent to the monitors' source, and it is there as long as there may be monitors.
fn not_monitors(source: &AlertSource) -> Result<(), AppError> {
    match source.kind {
        SourceKind::Monitors => Err(AppError::not_now(
            "Nothing was changed. It is the monitors' own source: it has no address, and is muted instead of retired.",
        )),
        _ => Ok(()),
    }
}

async fn lock(tx: &mut Tx, id: Uuid) -> Result<AlertSource, AppError> {
    tx.alert_source_lock(id).await.found(|| "such source of alerts".into())
}

/// # Errors
/// If somebody has changed it since, something is not as it must be, or the name is taken.
pub async fn change(
    state: &AppState,
    permit: &Permit<ManageAlertSources>,
    id: Uuid,
    input: SourceChangeIn,
) -> Result<SourceView, AppError> {
    let seen = state.store.alert_source_fetch(id).await.found(|| "such source of alerts".into())?;
    let plan = state.plans.current(seen.system).await?;
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let source = lock(&mut tx, id).await?;
    if source.version != input.version {
        return Err(AppError::content_changed(format!(
            "Somebody has changed {} since you opened it. Nothing of yours was saved; look at it again.",
            source.name
        )));
    }
    let plan = plan.as_ref().map(|plan| &plan.compiled.plan);
    let checked = check(source.kind, &input.settings, plan, &source.rules, tx.now())?;
    let name = input.settings.name.as_str();
    tx.alert_source_change(id, &checked.settings(&input.settings)).await.map_err(|error| taken(error, name))?;
    tx.audit(&by, "alert-source.changed", object(&source.name), json!({"id": id, "settings": input.settings}));
    tx.live(Topic::Alerts {});
    tx.commit().await?;
    view(state, state.store.alert_source_fetch(id).await?, state.store.now().await?).await
}

/// The old address takes nothing from now on.
///
/// # Errors
/// If there is no such source.
pub async fn renew_key(
    state: &AppState,
    permit: &Permit<ManageAlertSources>,
    id: Uuid,
) -> Result<SourceMade, AppError> {
    let key = new_key();
    let mut tx = state.store.begin().await?;
    let source = lock(&mut tx, id).await?;
    not_monitors(&source)?;
    tx.alert_source_set_key(id, &key_hash(&key)).await?;
    tx.audit(&permit.actor(), "alert-source.key-replaced", object(&source.name), json!({ "id": id }));
    tx.commit().await?;
    made(state, id, &key).await
}

/// Takes nothing from now on, and what fires of it is over. What it led to stays.
///
/// # Errors
/// If there is no such source.
pub async fn retire(state: &AppState, permit: &Permit<ManageAlertSources>, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let source = lock(&mut tx, id).await?;
    not_monitors(&source)?;
    tx.alert_source_retire(id).await?;
    tx.audit(&permit.actor(), "alert-source.retired", object(&source.name), json!({ "id": id }));
    tx.live(Topic::Alerts {});
    Ok(tx.commit().await?)
}

/// What a message would lead to, alert by alert. Nothing comes of it.
///
/// # Errors
/// If the message cannot be read.
pub fn attempt(_permit: &Permit<ViewAlertSources>, input: &TryIn) -> Result<List<TriedView>, AppError> {
    let mapping = input.mapping.clone().unwrap_or_default();
    let alerts = alert::read(input.kind, &mapping, &input.message)?;
    let tried = alerts.into_iter().map(|alert| {
        let (rule, then) = judge(&input.rules, &alert);
        TriedView { words: words(&alert, then), alert, rule }
    });
    Ok(List { items: tried.collect(), next: None })
}

fn words(alert: &alert::Alert, then: &Consequence) -> String {
    if alert.state == alert::AlertState::Ended {
        return "Ends the alert that fires under this key, if one does.".into();
    }
    match then {
        Consequence::Ignore {} => "Is written down as ignored.".into(),
        Consequence::Show {} => "Is shown among the alerts, and nothing else.".into(),
        Consequence::Declare(what) => format!("Declares an incident of level {}.", what.level),
    }
}
