//! The report on a system's readiness for auditors: one document with its evidence, signed with the installation's key. Judges nothing
//! (`readiness` does), draws nothing (`documents` does).

use shared::{
    api::readiness_report::{
        ChainEnd, DrillLine, IncidentLine, KIND, PlaceLine, ReadinessReport, RehearsalLine, TrialLine, VerdictLine,
    },
    domain::{
        audit::document::SignedDocument,
        clock::{Clock, ClockState},
        verification::State,
    },
    timestamp::Timestamp,
};

use store::{ContactDrill, DrillRecord, VerificationRecord};

use super::{drill_promise::Promises, readiness};
use crate::{
    AppState,
    auth::permit::{Permit, ViewConsole},
    documents::{Printed, auditors_html},
    error::{AppError, Found as _},
};

/// The longest that can be asked for.
const MOST_DAYS: u32 = 366;
/// More rehearsals of the contact tree nobody makes in a year.
const DRILLS: i64 = 400;
/// Of the trials of backups, which can be made every hour.
const TRIALS: i64 = 400;

/// What is to be told, and the signed form of it.
struct Made {
    report: ReadinessReport,
    signed: SignedDocument,
}

/// # Errors
/// 404 if there is no such system or it has no plan; if this server has no key.
async fn make(state: &AppState, permit: &Permit<ViewConsole>, slug: &str, days: u32) -> Result<Made, AppError> {
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(AppError::invalid("days", format!("1 to {MOST_DAYS} days can be asked for.")));
    }
    let Some(signer) = state.heads.signer() else {
        return Err(AppError::not_now("This server has no key to sign with; its log says why. Nothing was made."));
    };
    let view = readiness::view(state, permit, slug).await?;
    let store = &state.store;
    let system = store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let plan = store.plan_version_by_number(system.id, view.plan_version).await?;
    let at = view.at;
    let since = Timestamp::from_unix_ms(at.unix_ms() - i64::from(days) * 24 * 3_600_000);
    let incidents = store.incidents_since(system.id, since).await?;
    let incidents = incidents.into_iter().map(|record| {
        let clocks = record.incident.clocks();
        let of = |state: ClockState| clocks.iter().filter(|clock: &&Clock| clock.state(at) == state).count();
        IncidentLine {
            number: record.number,
            level: record.incident.level,
            state: record.incident.state,
            declared_at: record.incident.declared_at,
            acknowledged_at: record.incident.acknowledged_at,
            resolved_at: record.incident.resolved_at,
            kept: count(of(ClockState::Met)),
            missed: count(of(ClockState::Missed) + of(ClockState::Overdue)),
            title: record.incident.title,
        }
    });
    let incidents = incidents.collect();
    let drills = store.contact_drill_list(system.id, DRILLS).await?;
    let ids: Vec<_> = drills.iter().map(|drill| drill.id).collect();
    let calls = store.drill_calls_of(&ids).await?;
    // Of one that goes on nobody can say yet who answers in time.
    let over = |drill: &&ContactDrill| drill.ended_at.is_some() || drill.due_at <= at;
    let since_then = drills.iter().rev().filter(|drill| drill.begun_at >= since);
    let contact_drills = since_then.filter(over).map(|drill| {
        let of = || calls.iter().filter(|call| call.drill == drill.id);
        let in_time = of().filter(|call| call.answered_at.is_some_and(|at| at <= drill.due_at)).count();
        // A role that has nobody answers never.
        let called = count(of().count() + drill.empty_roles.len());
        DrillLine { number: drill.number, begun_at: drill.begun_at, called, in_time: count(in_time) }
    });
    let contact_drills = contact_drills.collect();
    let drills = store.drill_list(system.id, DRILLS).await?;
    let promises = Promises::of(state, &drills).await?;
    let rehearsed = drills.into_iter().rev().filter(|drill| drill.begun_at >= since);
    let rehearsed = rehearsed.map(|drill| rehearsal(&promises, drill)).collect();
    let trials = store.verification_list(system.id, TRIALS).await?;
    let trials = trials.into_iter().rev().filter_map(trial).filter(|one| one.ended_at >= since).collect();
    let (seq, hash) = store.audit_head().await?;
    let report = ReadinessReport {
        install: signer.install(),
        at,
        since,
        system: view.system,
        name: view.name,
        plan_version: view.plan_version,
        plan_digest: plan.digest,
        score: view.score,
        items: view.items,
        days: view.days.into_iter().filter(|day| day.at >= since).collect(),
        runs: store.runs_since(system.id, since).await?,
        incidents,
        contact_drills,
        drills: rehearsed,
        trials,
        audit: ChainEnd { seq, hash },
    };
    let document = serde_json::to_string(&report).map_err(|error| AppError::bug(error.to_string()))?;
    Ok(Made { signed: signer.sign_document(KIND, document), report })
}

fn rehearsal(promises: &Promises, drill: DrillRecord) -> RehearsalLine {
    RehearsalLine {
        promised: promises.to(&drill),
        number: drill.number,
        procedure: drill.title,
        run: drill.run_number,
        run_state: drill.run_state,
        begun_by: drill.begun_by.to_string(),
        begun_at: drill.begun_at,
        ended_at: drill.ended_at,
        stopped_why: drill.stopped_why,
        recovered_seconds: drill.recovered_seconds,
        points: drill.points,
        verdict: drill.verdict.map(|said| VerdictLine {
            verdict: said.verdict,
            by: said.by.to_string(),
            at: said.at,
            note: said.note,
        }),
    }
}

/// Nothing of one that is under way or was cancelled: it says nothing about the backups.
fn trial(one: VerificationRecord) -> Option<TrialLine> {
    let places = one.found.into_iter().map(|found| PlaceLine {
        place: found.place,
        verified: found.verified,
        why: found.why,
        file: found.file.map(|file| file.name),
        loss_seconds: found.loss_seconds,
    });
    let says = matches!(one.state, State::Verified | State::Failed);
    Some(TrialLine {
        state: one.state,
        ended_at: one.ended_at.filter(|_| says)?,
        why: one.why.unwrap_or_default(),
        places: places.collect(),
    })
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Signed, for a program or the verifier.
///
/// # Errors
/// As `make`.
pub async fn signed(
    state: &AppState,
    permit: &Permit<ViewConsole>,
    slug: &str,
    days: u32,
) -> Result<SignedDocument, AppError> {
    Ok(make(state, permit, slug, days).await?.signed)
}

/// The same to be read and printed.
///
/// # Errors
/// As `make`.
pub async fn printed(
    state: &AppState,
    permit: &Permit<ViewConsole>,
    slug: &str,
    days: u32,
) -> Result<Printed, AppError> {
    let made = make(state, permit, slug, days).await?;
    Ok(auditors_html(&made.report, &made.signed))
}
