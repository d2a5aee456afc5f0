//! Silences: alerts that lead to nothing for a while, by what their labels say. What is silent is judged where alerts come in.

use serde_json::json;
use shared::api::{
    List,
    alert::{SilenceIn, SilenceView},
    live::Topic,
};
use store::Silence;
use uuid::Uuid;

use crate::{
    AppState,
    auth::permit::{Permit, SilenceAlerts, ViewConsole},
    error::{AppError, Found as _},
};

const MOST_DAYS: i64 = 7;
const CONDITIONS: usize = 20;

fn view(one: Silence) -> SilenceView {
    SilenceView {
        id: one.id,
        system: one.system_slug,
        conditions: one.conditions,
        reason: one.reason,
        made_by: one.made_by,
        made_at: one.made_at,
        until: one.until,
    }
}

/// Those that go on; the first to end comes first.
///
/// # Errors
/// If the database does not answer.
pub async fn list(state: &AppState, _permit: &Permit<ViewConsole>) -> Result<List<SilenceView>, AppError> {
    Ok(List { items: state.store.silences().await?.into_iter().map(view).collect(), next: None })
}

/// # Errors
/// If it says nothing about which alerts, or ends too late or not in the future.
pub async fn create(
    state: &AppState,
    permit: &Permit<SilenceAlerts>,
    slug: &str,
    input: SilenceIn,
) -> Result<SilenceView, AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    if input.conditions.is_empty() || input.conditions.len() > CONDITIONS {
        let message = format!("Say which alerts are meant, by one to {CONDITIONS} of their labels.");
        return Err(AppError::invalid("conditions", message));
    }
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let ahead = input.until.seconds_since(tx.now());
    if ahead <= 0 || ahead > MOST_DAYS * 86_400 {
        let message = format!("A silence ends within {MOST_DAYS} days, and not before it begins.");
        return Err(AppError::invalid("until", message));
    }
    let id = tx.silence_create(system.id, &input.conditions, input.reason.as_str(), input.until, &by).await?;
    tx.audit(&by, "alerts.silenced", format!("alerts of {slug}"), json!({"id": id, "silence": input}));
    tx.live(Topic::Alerts {});
    tx.commit().await?;
    let made = state.store.silences().await?.into_iter().find(|one| one.id == id);
    made.map(view).ok_or_else(|| AppError::not_found("such silence any more"))
}

/// What was silent and fires still leads to what it would have led to.
///
/// # Errors
/// 404 if there is no such silence that goes on.
pub async fn end(state: &AppState, permit: &Permit<SilenceAlerts>, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    tx.silence_end(id).await.found(|| "such silence that goes on".into())?;
    tx.audit(&permit.actor(), "alerts.silence-ended", format!("silence {id}"), json!({ "id": id }));
    tx.live(Topic::Alerts {});
    Ok(tx.commit().await?)
}
