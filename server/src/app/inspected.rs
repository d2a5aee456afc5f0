//! What the last inspections of a system have shown, as evidence, and what has become of their decisions since. Judges nothing.

use shared::domain::{
    inspection::{
        Decision, Kind, Subject,
        access::{Access, since},
        hardening::State,
    },
    readiness::Inspected,
};
use store::{InspectionLine, InspectionRecord, Store, System};

use super::inspection_facts::accesses;
use crate::error::AppError;

/// Of each kind the last that was signed off.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn last(store: &Store, system: &System) -> Result<Vec<Inspected>, AppError> {
    let mut all = vec![];
    for record in store.inspections_signed_off(system.id).await? {
        let lines = store.inspection_lines(&[record.number]).await?;
        all.extend(match record.kind {
            Kind::AccessReview => access(&record, &lines, accesses(store, system).await?.into_values().collect()),
            Kind::SecurityAudit => security(&record, &lines),
        });
    }
    Ok(all)
}

fn access(record: &InspectionRecord, lines: &[InspectionLine], now: Vec<Access>) -> Option<Inspected> {
    let ended_at = record.ended.as_ref()?.at;
    let undone = |line: &&InspectionLine| {
        let Subject::Account(was) = &line.subject else { return false };
        let wanted = line.said.as_ref().map(|said| said.decision);
        let is = now.iter().find(|is| is.id == was.id);
        match wanted {
            Some(Decision::Remove) => is.is_some_and(|is| is.active),
            Some(Decision::Change) => is.is_some_and(|is| since(was, is).is_empty()),
            _ => false,
        }
    };
    let administered = |is: &Access| {
        let was = lines.iter().find_map(|line| match &line.subject {
            Subject::Account(was) if was.id == is.id => Some(was.administers()),
            _ => None,
        });
        was.unwrap_or_default()
    };
    let newcomers = now.iter().filter(|is| is.active && is.administers() && !administered(is));
    Some(Inspected {
        kind: record.kind,
        ended_at,
        lines: lines.len(),
        bad: lines.iter().filter(undone).count(),
        newcomers: newcomers.map(|is| is.name.clone()).collect(),
    })
}

/// What is not applicable says nothing; what nobody could find out counts by what people said of it.
fn security(record: &InspectionRecord, lines: &[InspectionLine]) -> Option<Inspected> {
    let ended_at = record.ended.as_ref()?.at;
    let decision = |line: &InspectionLine| line.said.as_ref().map(|said| said.decision);
    let said: Vec<_> = lines.iter().filter(|line| decision(line) != Some(Decision::NotApplicable)).collect();
    let bad = |line: &&&InspectionLine| {
        let found = line.found.as_ref().map(|found| found.state);
        decision(line) == Some(Decision::DoesNotHold) || found == Some(State::DoesNotHold)
    };
    Some(Inspected {
        kind: record.kind,
        ended_at,
        lines: said.len(),
        bad: said.iter().filter(bad).count(),
        newcomers: vec![],
    })
}
