//! Reviews of access and audits of security as one person sees them, and beginning one. Deciding about their lines is `inspection_decide`'s.

use std::collections::BTreeMap;

use serde_json::json;
use shared::{
    api::{
        inspection::{InspectionIn, InspectionLineView, InspectionRow, InspectionView, InspectionsView, Said},
        live::Topic,
    },
    domain::{
        access::Action,
        inspection::{
            Decision, Kind, Refusal, Subject,
            access::{Access, since},
            hardening::{Check, Found, judge, questions},
            is_settled,
        },
    },
    ids::UserId,
    timestamp::Timestamp,
};
use store::{InspectionLine, InspectionRecord, NewInspection, StoreError, System};

use super::inspection_facts as facts;
use crate::{
    AppState,
    auth::permit::{BeginInspection, Permission, Permit, ViewInspections},
    error::{AppError, Found as _},
};

/// Shown; older ones stay in the database and in the audit log.
const SHOWN: i64 = 24;

/// # Errors
/// 404 if there is no such system.
pub async fn list(state: &AppState, permit: &Permit<ViewInspections>, slug: &str) -> Result<InspectionsView, AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let records = state.store.inspection_list(system.id, SHOWN).await?;
    let numbers: Vec<_> = records.iter().map(|one| one.number).collect();
    let lines = state.store.inspection_lines(&numbers).await?;
    let of = |one: InspectionRecord| {
        let own: Vec<_> = lines.iter().filter(|line| line.inspection == one.number).collect();
        row(&one, &own)
    };
    Ok(InspectionsView {
        system: system.slug,
        name: system.name,
        items: records.into_iter().map(of).collect(),
        begin_refused: (!permit.may(Action::BeginInspection)).then(|| Action::BeginInspection.needs()),
    })
}

/// What Muster found about a line: as it stood at the sign-off, else by what is known now.
pub(super) fn found(record: &InspectionRecord, line: &InspectionLine) -> Option<Found> {
    if let Some(found) = &line.found {
        return Some(found.clone());
    }
    match (&line.subject, &record.server) {
        (Subject::Check { check }, Some(server)) => Some(judge(*check, server, record.host.as_ref())),
        _ => None,
    }
}

pub(super) fn settled(record: &InspectionRecord, line: &InspectionLine) -> bool {
    is_settled(found(record, line).as_ref(), line.said.is_some())
}

/// What was decided against.
pub(super) fn objects(line: &InspectionLine) -> bool {
    let decision = line.said.as_ref().map(|said| said.decision);
    matches!(decision, Some(Decision::Change | Decision::Remove | Decision::DoesNotHold))
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn row(record: &InspectionRecord, lines: &[&InspectionLine]) -> InspectionRow {
    InspectionRow {
        number: record.number,
        kind: record.kind,
        begun_by: record.begun_by.clone(),
        begun_at: record.begun_at,
        lines: count(lines.len()),
        undecided: count(lines.iter().filter(|line| !settled(record, line)).count()),
        objections: count(lines.iter().filter(|line| objects(line)).count()),
        ended_at: record.ended.as_ref().map(|ended| ended.at),
        ended_by: record.ended.as_ref().map(|ended| ended.by.clone()),
        called_off: record.ended.as_ref().is_some_and(|ended| ended.called_off),
    }
}

/// # Errors
/// 404 if there is none.
pub async fn view<A: Permission>(
    state: &AppState,
    permit: &Permit<A>,
    number: i64,
) -> Result<InspectionView, AppError> {
    let store = &state.store;
    let record = store.inspection_by_number(number).await.found(|| format!("inspection {number}"))?;
    let lines = store.inspection_lines(&[number]).await?;
    let now = store.now().await?;
    let accesses = match record.kind {
        Kind::AccessReview => facts::accesses(store, &store.system_fetch(record.system).await?).await?,
        Kind::SecurityAudit => BTreeMap::new(),
    };
    let row = row(&record, &lines.iter().collect::<Vec<_>>());
    let inspect_refused = (!permit.may(Action::Inspect)).then(|| Action::Inspect.needs());
    let over = record.ended.as_ref().map(|_| OVER.to_owned());
    let waits = (row.undecided > 0).then(|| match row.undecided {
        1 => "One line is still undecided.".to_owned(),
        n => format!("{n} lines are still undecided."),
    });
    let line = |line| shown(&record, line, permit.id(), inspect_refused.as_ref().or(over.as_ref()), &accesses);
    let items = lines.into_iter().map(line).collect();
    Ok(InspectionView {
        sign_off_refused: inspect_refused.clone().or(over.clone()).or(waits),
        inspect_refused: inspect_refused.or(over),
        note: record.ended.map(|ended| ended.note),
        looked_by: record.looked_by,
        looked_at: record.looked_at,
        plan_version: record.plan_version,
        system: record.system_slug,
        name: record.system_name,
        items,
        row,
        now,
    })
}

pub(super) const OVER: &str = "This is over; nothing about it is changed any more.";

fn shown(
    record: &InspectionRecord,
    line: InspectionLine,
    reader: UserId,
    refused: Option<&String>,
    accesses: &BTreeMap<UserId, Access>,
) -> InspectionLineView {
    let own = line.subject.account() == Some(reader);
    let since = match &line.subject {
        Subject::Account(was) => accesses.get(&was.id).map(|is| since(was, is)).unwrap_or_default(),
        _ => vec![],
    };
    InspectionLineView {
        place: line.place,
        marks: line.subject.marks(record.begun_at).iter().map(|mark| mark.words()).collect(),
        found: found(record, &line),
        settled: settled(record, &line),
        refused: refused.cloned().or_else(|| own.then(|| Refusal::Own.words().to_owned())),
        said: line.said.map(|said| Said { decision: said.decision, note: said.note, by: said.by, at: said.at }),
        subject: line.subject,
        since,
    }
}

/// Looks at everything as it is now, and writes down what is to be decided. Its number.
///
/// # Errors
/// If one of this kind goes on, or there is no plan to hold it against.
pub async fn begin(
    state: &AppState,
    permit: &Permit<BeginInspection>,
    slug: &str,
    input: InspectionIn,
) -> Result<i64, AppError> {
    let system = state.store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let plan = state.plans.current(system.id).await?;
    let plan = plan.ok_or_else(|| {
        AppError::not_now(format!("{} has no plan to hold it against. Nothing was begun.", system.name))
    })?;
    let text = &plan.compiled.plan;
    let (server, subjects) = match input.kind {
        Kind::AccessReview => (None, accounts(state, &system).await?),
        Kind::SecurityAudit => {
            let points = questions(text).into_iter().map(|(text, line)| Subject::Question { text, line });
            let checks = Check::ALL.into_iter().map(|check| Subject::Check { check });
            (Some(facts::server(state, &system, text).await?), checks.chain(points).collect())
        }
    };
    let by = permit.actor();
    let new = NewInspection {
        system: system.id,
        kind: input.kind,
        plan_version: plan.version.version,
        server: server.as_ref(),
        by: &by,
    };
    let mut tx = state.store.begin().await?;
    let number = tx.inspection_begin(&new, &subjects).await.map_err(|error| match error {
        StoreError::Conflict(name) if name == "inspection_one" => AppError::not_now(format!(
            "{} of {} goes on already. Nothing was begun; sign that one off or call it off.",
            input.kind.words(),
            system.name
        )),
        other => other.into(),
    })?;
    let detail = json!({"kind": input.kind, "system": slug, "lines": subjects.len(), "plan_version": new.plan_version});
    tx.audit(&by, "inspection.begun", object(number), detail);
    tx.live(Topic::Drills {});
    tx.commit().await?;
    Ok(number)
}

pub(super) fn object(number: i64) -> String {
    format!("inspection {number}")
}

/// Everybody who can come in, what stands out first.
async fn accounts(state: &AppState, system: &System) -> Result<Vec<Subject>, AppError> {
    let now: Timestamp = state.store.now().await?;
    let all = facts::accesses(&state.store, system).await?;
    let mut all: Vec<_> =
        all.into_values().filter(|one| one.active).map(|one| Subject::Account(Box::new(one))).collect();
    all.sort_by_key(|one| (one.marks(now).is_empty(), one.title().to_lowercase()));
    Ok(all)
}
