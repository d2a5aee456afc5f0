//! A moment of a run told to everybody: in the incident's timeline and to those who watch. The run's own log is written elsewhere.

use shared::{
    api::live::Topic,
    domain::{
        actor::Actor,
        incident::{IncidentEvent, RunMoment},
        run::Run,
    },
};
use store::{IncidentRecord, Tx};

use crate::error::AppError;

/// Locks the incident; the run's lock is already held.
pub(super) async fn tell(
    tx: &mut Tx,
    run: &Run,
    moment: RunMoment,
    text: impl Into<String>,
    by: &Actor,
) -> Result<(), AppError> {
    let record = tx.incident_lock_id(run.header.incident).await?;
    tell_of(tx, &record, run, moment, text, by).await
}

pub(super) async fn tell_of(
    tx: &mut Tx,
    record: &IncidentRecord,
    run: &Run,
    moment: RunMoment,
    text: impl Into<String>,
    by: &Actor,
) -> Result<(), AppError> {
    let number = run.header.number;
    let event = IncidentEvent::Run { number, procedure: run.header.procedure.title.clone(), moment, text: text.into() };
    let next = record.incident.apply(&event, tx.now())?;
    tx.incident_append(record, &next, &event, by).await?;
    tx.live(Topic::Run { number, incident: record.number });
    tx.live(Topic::Incident { number: record.number });
    Ok(())
}
