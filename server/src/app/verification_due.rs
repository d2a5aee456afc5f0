//! Verifications that are due are asked for, and what follows from those that are over: an alert begins or ends, under the rules of the
//! system's own source. Looks at no backup itself.

use std::collections::BTreeMap;

use shared::{
    api::live::Topic,
    domain::{
        alert::{Alert, AlertState},
        monitor,
        verification::State,
    },
};
use store::VerificationRecord;
use uuid::Uuid;

use super::intake;
use crate::{AppState, error::AppError};

/// Kept so long; the audit log keeps what each came to for ever.
pub(crate) const KEEP_DAYS: i32 = 3 * 366;

/// Several servers may do it at once: each verification is one server's.
///
/// # Errors
/// If the database does not answer; what was not done is done next time.
pub async fn sweep(state: &AppState) -> Result<(), AppError> {
    if state.store.verifications_begin_due().await? > 0 {
        let mut tx = state.store.begin().await?;
        tx.live(Topic::Monitors {});
        tx.commit().await?;
    }
    let mut failed = Ok(());
    for id in state.store.verifications_untold().await? {
        // One that cannot be seen to does not keep the others waiting.
        failed = see_to(state, id).await.and(failed);
    }
    failed
}

/// What it says of the backups, in the words of monitors: down, early warning or neither.
fn standing(record: &VerificationRecord) -> Option<monitor::State> {
    match record.state {
        State::Failed => Some(monitor::State::Down),
        State::Verified if record.found.iter().any(|one| one.beyond.is_some()) => Some(monitor::State::Warning),
        State::Verified => Some(monitor::State::Up),
        State::Waiting | State::Running | State::Cancelled => None,
    }
}

async fn see_to(state: &AppState, id: Uuid) -> Result<(), AppError> {
    let record = state.store.verification_fetch(id).await?;
    let plan = state.plans.current(record.system).await?;
    let mut tx = state.store.begin().await?;
    if !tx.verification_told(id).await? {
        return Ok(());
    }
    if let (Some(stands), Some(source)) = (standing(&record), tx.alert_source_of_monitors(record.system).await?) {
        let address = format!("{}/console/verifications/{id}", state.settings.public_url.origin());
        let mut declared = vec![];
        // In the order of their keys, as every message takes them.
        for told in [monitor::State::Down, monitor::State::Warning] {
            if stands == told {
                let alert = alert(&record, told, &address);
                declared.extend(intake::fires(&mut tx, plan.as_deref(), &source, &alert).await?);
            } else {
                intake::ends(&mut tx, &source, &key(told)).await?;
            }
        }
        intake::call(&mut tx, &declared).await?;
    }
    Ok(tx.commit().await?)
}

/// A system's backups are verified together.
fn key(told: monitor::State) -> String {
    format!("verification {}", told.name())
}

fn alert(record: &VerificationRecord, told: monitor::State, address: &str) -> Alert {
    let title = match told {
        monitor::State::Down => "A backup could not be restored on trial",
        _ => "Backups restore, and more would be lost than the plan promises",
    };
    let of = record.found.iter().find(|one| !one.verified || one.beyond.is_some());
    let labels =
        [("check", Some("verification")), ("state", Some(told.name())), ("backup", of.map(|one| one.place.as_str()))];
    let labels = labels.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value?.to_owned())));
    Alert {
        key: key(told),
        state: AlertState::Firing,
        title: title.into(),
        text: record.why.clone(),
        url: Some(address.to_owned()),
        labels: labels.collect::<BTreeMap<_, _>>(),
    }
}
