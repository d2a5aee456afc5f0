//! Written entries of a timeline afterwards: corrected, with both versions kept, and pinned. Nothing is ever taken out.

use shared::{
    api::incident::{CorrectionIn, PinIn},
    domain::{
        incident::IncidentEvent,
        story::{Told, story},
    },
};
use store::Store;

use super::{incident::append, nudge, turn::Turn};
use crate::{
    auth::permit::{HandleIncident, Permit},
    error::{AppError, Found as _},
};

/// # Errors
/// If the entry is no note, or reads otherwise by now.
pub async fn correct(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: CorrectionIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "correct", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let entries = tx.incident_entry(record.id, input.entry).await?;
    let told = story(&entries);
    let Some(now) = told.first().and_then(Told::note) else { return Err(no_note(input.entry)) };
    if now != input.instead_of.as_str() {
        let why = "Somebody has corrected this entry meanwhile. Nothing was changed; read theirs first.";
        return Err(AppError::not_now(why));
    }
    if now == input.text.as_str() {
        return Err(AppError::not_now("The entry reads like that already. Nothing was changed."));
    }
    let mentions = nudge::newly_mentioned(&mut tx, &record, (now, input.text.as_str())).await?;
    let event = IncidentEvent::Corrected { entry: input.entry, text: input.text.into_inner(), mentions };
    append(&mut tx, record, vec![event], &permit.actor(), "incident.entry-corrected").await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// If there is no such entry, or it is pinned or unpinned already.
pub async fn pin(
    store: &Store,
    permit: &Permit<HandleIncident>,
    key: Option<&str>,
    number: i64,
    input: PinIn,
) -> Result<(), AppError> {
    let turn = Turn::new(permit.id(), key, "pin", &(number, &input))?;
    let mut tx = store.begin().await?;
    if turn.begin(&mut tx).await?.is_some() {
        return Ok(());
    }
    let record = tx.incident_lock(number).await.found(|| format!("incident {number}"))?;
    let entries = tx.incident_entry(record.id, input.entry).await?;
    let told = story(&entries);
    let Some(now) = told.first() else {
        return Err(AppError::invalid("entry", "The timeline has no entry with this number that can be pinned."));
    };
    if now.pinned == input.pinned {
        let how = if input.pinned { "pinned" } else { "not pinned" };
        return Err(AppError::not_now(format!("This entry is {how} already. Nothing was changed.")));
    }
    let entry = input.entry;
    let (event, action) = if input.pinned {
        (IncidentEvent::Pinned { entry }, "incident.entry-pinned")
    } else {
        (IncidentEvent::Unpinned { entry }, "incident.entry-unpinned")
    };
    append(&mut tx, record, vec![event], &permit.actor(), action).await?;
    turn.save(&mut tx, number).await?;
    Ok(tx.commit().await?)
}

fn no_note(entry: i32) -> AppError {
    AppError::invalid("entry", format!("Entry {entry} of the timeline is no note, so it cannot be corrected."))
}
