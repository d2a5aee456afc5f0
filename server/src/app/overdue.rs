//! A clock that has run out is told once: to the timeline, the audit log and everybody who watches.

use shared::domain::{
    actor::Actor,
    incident::{Due, IncidentEvent},
};
use store::Store;

use super::incident::append;
use crate::error::AppError;

/// Looks, by the database's clock, at every incident whose time has come. Several servers may do it at once: whoever has the
/// row says it, the next sees that it is said.
///
/// # Errors
/// If the database does not answer; what was not said is said next time.
pub async fn sweep(store: &Store) -> Result<(), AppError> {
    let mut failed = Ok(());
    for number in store.incidents_due().await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = tell(store, number).await.and(failed);
    }
    failed
}

async fn tell(store: &Store, number: i64) -> Result<(), AppError> {
    let mut tx = store.begin().await?;
    let record = tx.incident_lock(number).await?;
    let overdue = record.incident.overdue(tx.now());
    if overdue.is_empty() {
        tx.incident_look_at(record.id, &record.incident).await?;
        return Ok(tx.commit().await?);
    }
    let event = |(due, clock): (_, shared::domain::clock::Clock)| IncidentEvent::Overdue {
        due,
        clock: clock.label,
        limit_seconds: clock.limit_seconds,
    };
    // In an alert storm people were called for another incident. That nobody has answered this one calls them after all.
    let unanswered = overdue.iter().any(|(due, _)| matches!(due, Due::Response { .. }));
    if unanswered && !tx.paging_any(record.id).await? {
        tx.paging_begin(record.id, record.incident.level, record.incident.response_seconds).await?;
    }
    let events = overdue.into_iter().map(event).collect();
    append(&mut tx, record, events, &Actor::Muster, "incident.overdue").await?;
    Ok(tx.commit().await?)
}
