//! What people decide in an inspection: line by line, and its end. Changes no account: that is done where accounts are changed.

use serde_json::json;
use shared::{
    api::{
        inspection::{DecideIn, EndIn},
        live::Topic,
    },
    domain::inspection::{Deciding, Refusal, decide as judge},
};
use store::{InspectionLine, InspectionRecord, Tx};

use super::inspection::{OVER, count, found, object, objects, settled};
use crate::{
    AppState,
    auth::permit::{Inspect, Permit},
    error::{AppError, Found as _},
};

async fn open(tx: &mut Tx, number: i64) -> Result<(InspectionRecord, Vec<InspectionLine>), AppError> {
    let record = tx.inspection_lock(number).await.found(|| format!("inspection {number}"))?;
    if record.ended.is_some() {
        return Err(AppError::not_now(OVER));
    }
    let lines = tx.inspection_lines(number).await?;
    Ok((record, lines))
}

/// Said again, the newer word stands, and the audit log has both.
///
/// # Errors
/// If it is over, somebody was faster, it is the own account, or the note is missing.
pub async fn decide(
    state: &AppState,
    permit: &Permit<Inspect>,
    number: i64,
    place: u32,
    input: DecideIn,
) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let (record, lines) = open(&mut tx, number).await?;
    let line = lines.iter().find(|line| line.place == place);
    let line = line.ok_or_else(|| AppError::not_found(format!("line {place} of inspection {number}")))?;
    let before = line.said.as_ref();
    if before.map(|said| said.at) != input.seen_at {
        return Err(AppError::content_changed(
            "Somebody has decided about this line since you opened it. Nothing of yours was saved; look at it again.",
        ));
    }
    let found = found(&record, line);
    let note = input.note.into_inner();
    let deciding = Deciding {
        kind: record.kind,
        subject: &line.subject,
        found: found.as_ref(),
        begun_at: record.begun_at,
        by: permit.id(),
        decision: input.decision,
        note: &note,
    };
    judge(&deciding).map_err(|refusal| match refusal {
        Refusal::Own => AppError::forbidden(refusal.words()),
        Refusal::NoteMissing => AppError::invalid("note", refusal.words()),
        Refusal::Foreign | Refusal::Contradicted => AppError::invalid("decision", refusal.words()),
        Refusal::Waiting => AppError::not_now(refusal.words()),
    })?;
    tx.inspection_decide((number, place), input.decision, &note, &by, permit.id()).await?;
    let detail = json!({"line": place, "about": line.subject.title(), "account": line.subject.account(),
        "decision": input.decision, "note": note, "before": before.map(|said| said.decision)});
    tx.audit(&by, "inspection.decided", object(number), detail);
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}

/// It is evidence from now on.
///
/// # Errors
/// If it is over, or a line is still undecided.
pub async fn sign_off(state: &AppState, permit: &Permit<Inspect>, number: i64, input: EndIn) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let (record, lines) = open(&mut tx, number).await?;
    let undecided = lines.iter().filter(|line| !settled(&record, line)).count();
    if undecided > 0 {
        return Err(AppError::not_now(format!(
            "{undecided} of {} lines are still undecided. Nothing was signed off.",
            lines.len()
        )));
    }
    let note = input.note.into_inner();
    let kept: Vec<_> = lines.iter().filter_map(|line| Some((line.place, found(&record, line)?))).collect();
    tx.inspection_end(number, &by, &note, Some(&kept)).await?;
    let detail = json!({"kind": record.kind, "lines": lines.len(), "note": note,
        "objections": lines.iter().filter(|line| objects(line)).map(|line| line.subject.title()).collect::<Vec<_>>()});
    tx.audit(&by, "inspection.signed-off", object(number), detail);
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}

/// Nothing is shown by it.
///
/// # Errors
/// If it is over.
pub async fn call_off(state: &AppState, permit: &Permit<Inspect>, number: i64, input: EndIn) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let (record, lines) = open(&mut tx, number).await?;
    let note = input.note.into_inner();
    tx.inspection_end(number, &by, &note, None).await?;
    let decided = count(lines.iter().filter(|line| line.said.is_some()).count());
    let detail = json!({"kind": record.kind, "decided": decided, "note": note});
    tx.audit(&by, "inspection.called-off", object(number), detail);
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}
