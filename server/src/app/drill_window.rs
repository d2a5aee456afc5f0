//! Days on which no drill comes due. What they move, `drill_sweep` moves.

use serde_json::json;
use shared::{
    api::{drill::DrillWindowIn, live::Topic},
    domain::drill::Window,
};
use uuid::Uuid;

use crate::{
    AppState,
    auth::permit::{Permit, PlanDrills},
    error::{AppError, Found as _},
};

const MOST_WINDOWS: usize = 200;
/// Blocked time is at most so long: more than that is no exception.
const LONGEST_WINDOW_SECONDS: i64 = 120 * 86_400;

/// # Errors
/// If it ends before it begins, is over, or is no exception any more.
pub async fn block(
    state: &AppState,
    permit: &Permit<PlanDrills>,
    slug: &str,
    input: DrillWindowIn,
) -> Result<(), AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let length = input.until_at.seconds_since(input.from_at);
    if length <= 0 {
        return Err(AppError::invalid("until_at", "It must end after it begins. Nothing was blocked."));
    }
    if length > LONGEST_WINDOW_SECONDS {
        return Err(AppError::invalid("until_at", "At most 120 days can be blocked at once. Nothing was blocked."));
    }
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    if input.until_at <= tx.now() {
        return Err(AppError::invalid("until_at", "That time is over. Nothing was blocked."));
    }
    if tx.drill_windows(system.id).await?.len() >= MOST_WINDOWS {
        return Err(AppError::not_now(format!("There are {MOST_WINDOWS} already; remove some that are over.")));
    }
    let window = Window { from_at: input.from_at, until_at: input.until_at, reason: input.reason.into_inner() };
    let id = tx.drill_window_add(system.id, &window, &by).await?;
    let detail =
        json!({"system": slug, "from_at": window.from_at, "until_at": window.until_at, "reason": window.reason});
    tx.audit(&by, "drill-window.made", format!("drill window {id}"), detail);
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}

/// What it has moved stays where it is.
///
/// # Errors
/// 404 if there is none.
pub async fn unblock(state: &AppState, permit: &Permit<PlanDrills>, id: Uuid) -> Result<(), AppError> {
    let mut tx = state.store.begin().await?;
    let reason = tx.drill_window_remove(id).await?;
    let reason = reason.ok_or_else(|| AppError::not_found("blocked time with this id"))?;
    tx.audit(&permit.actor(), "drill-window.removed", format!("drill window {id}"), json!({"reason": reason}));
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}
