//! Drills: beginning one, ending one before its time, saying what it was worth. When one comes due is `drill_schedule`'s; what happens by
//! itself is `drill_sweep`'s.

use serde_json::json;
use shared::{
    api::{
        drill::{DrillIn, DrillStopIn, DrillVerdictIn},
        live::Topic,
        run::RunRequestIn,
    },
    domain::{
        actor::Actor,
        drill::{self, Around, LIMIT_SECONDS, LIMITS, must_stop},
        incident::{Incident, IncidentEvent, RunMoment},
        run::{Answer, Run, RunEvent, RunState},
    },
    ids::IncidentId,
    timestamp::human_seconds,
};
use store::{BegunDrill, JobKind, NewRun, Store, StoreError, System};
use uuid::Uuid;

use super::{
    control, moment,
    run::{self, Wanted, withdrawable},
    turn::Turn,
};
use crate::{
    AppState,
    auth::permit::{CancelRun, Permit, RequestRun},
    error::{AppError, Found as _},
};

/// What an incident says that is a drill.
const LEVEL_NAME: &str = "Drill";

/// Its number. Everything that a recovery asks for is asked for here, too; only the target is another.
///
/// # Errors
/// If the procedure cannot run, something real needs people now, or a drill goes on.
pub async fn begin(
    state: &AppState,
    permit: &Permit<RequestRun>,
    key: Option<&str>,
    slug: &str,
    input: DrillIn,
) -> Result<i64, AppError> {
    let store = &state.store;
    let turn = Turn::new(permit.id(), key, &format!("drill of {slug}"), &input)?;
    let system = store.system_by_slug(slug).await.found(|| format!("system {slug}"))?;
    let limit_seconds = input.limit_seconds.unwrap_or(LIMIT_SECONDS);
    if limit_seconds < LIMITS.0 || limit_seconds > LIMITS.1 {
        return Err(AppError::invalid("limit_seconds", "A drill takes between 5 minutes and 24 hours."));
    }
    if let Some(why) = not_now(store, &system).await? {
        return Err(AppError::not_now(format!("{why} Nothing was begun.")));
    }
    let request = RunRequestIn {
        procedure: input.procedure,
        parameters: input.parameters,
        procedure_digest: input.procedure_digest,
        ..RunRequestIn::default()
    };
    // The incident comes with the transaction.
    let nowhere = IncidentId(Uuid::nil());
    let Wanted { new, version } = run::wanted(store, &state.plans, permit, &system, nowhere, request).await?;
    let (id, title) = (new.procedure.id.clone(), new.procedure.title.clone());
    let target = drill::target(&system.project);

    let by = permit.actor();
    let mut tx = store.begin().await?;
    if let Some(number) = turn.begin(&mut tx).await? {
        return Ok(number);
    }
    let schedule = tx.drill_schedule_of(system.id, &id).await?.map(|schedule| schedule.id);
    let text = format!(
        "This is a drill: nothing has happened. {title} is carried out on the target {target}; {} is not touched. It ends by itself \
         within {}.",
        system.project,
        human_seconds(i64::try_from(limit_seconds).unwrap_or(i64::MAX)),
    );
    let first = IncidentEvent::Declared { level: 1, affected: vec![], text: Some(text), seen: vec![] };
    let declared = Incident::declared(format!("DRILL: {title}"), (1, None), vec![], None, tx.now());
    let incident = Incident { drill: true, ..declared };
    let record = tx.incident_create(system.id, &incident, LEVEL_NAME, &by, &first).await?;
    let new = NewRun {
        incident: record.id,
        project: target.clone(),
        drill_of: Some(system.project.clone()),
        watch_seconds: None,
        ..new
    };
    let goes_on = |error| match error {
        StoreError::Conflict(name) if name == "run_one_live_per_system" || name == "drill_one" => AppError::not_now(
            format!("A drill of {} goes on already. Nothing was begun; wait until it is over.", system.name),
        ),
        other => other.into(),
    };
    let mut run = tx.run_create(new).await.map_err(goes_on)?;
    tx.run_append(&mut run, RunEvent::Requested, &by).await?;
    tx.job_add(run.header.id, JobKind::Resolve).await?;
    let begun = BegunDrill {
        system: system.id,
        schedule,
        incident: record.id,
        run: run.header.id,
        procedure: &id,
        title: &title,
        by: &by,
        limit_seconds,
    };
    let number = tx.drill_begin(&begun).await.map_err(goes_on)?;
    run::requested(&mut tx, &record, &run, version, format!("as a drill, on {target}, plan version {version}"), &by)
        .await?;
    let detail = json!({"system": slug, "procedure": id, "incident": record.number, "run": run.header.number,
        "target": target, "limit_seconds": limit_seconds});
    tx.audit(&by, "drill.begun", format!("drill {number}"), detail);
    turn.save(&mut tx, number).await?;
    tx.live(Topic::Drills {});
    tx.commit().await?;
    Ok(number)
}

/// Why nobody rehearses anything at this moment.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn not_now(store: &Store, system: &System) -> Result<Option<String>, AppError> {
    if let Some(freeze) = control::seen(store).await? {
        return Ok(Some(format!("{} has frozen everything: {}", freeze.by, freeze.reason)));
    }
    let trouble = store.real_trouble(system.id).await?;
    let now = store.now().await?;
    let around = Around {
        begun_at: now,
        limit_seconds: LIMIT_SECONDS,
        incident: trouble.incident,
        down: trouble.down.as_deref(),
        now,
    };
    Ok(must_stop(&around))
}

/// # Errors
/// If it is over.
pub async fn stop(
    state: &AppState,
    permit: &Permit<CancelRun>,
    number: i64,
    input: DrillStopIn,
) -> Result<(), AppError> {
    state.store.drill_by_number(number).await.found(|| format!("drill {number}"))?;
    let reason = input.reason.into_inner();
    if end_run(&state.store, number, &reason, &permit.actor()).await? {
        return Ok(());
    }
    Err(AppError::not_now("This drill is ending or over already."))
}

/// Ends the drill's run, wherever it is; the target goes with it. False if there is nothing to end.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn end_run(store: &Store, number: i64, why: &str, by: &Actor) -> Result<bool, AppError> {
    let mut tx = store.begin().await?;
    let drill = tx.drill_lock(number).await?;
    let mut run = tx.run_lock_id(drill.run).await?.run;
    let Some((event, moment)) = ending(&run, why) else { return Ok(false) };
    tx.run_append(&mut run, event, by).await?;
    if run.state.live() {
        tx.workers_call().await?;
    } else {
        tx.job_finish(run.header.id).await?;
    }
    moment::tell(&mut tx, &run, moment, why, by).await?;
    tx.drill_stop(number, why).await?;
    tx.audit(by, "drill.stopped", format!("drill {number}"), json!({"why": why, "run": run.header.number}));
    tx.live(Topic::Drills {});
    tx.commit().await?;
    Ok(true)
}

fn ending(run: &Run, why: &str) -> Option<(RunEvent, RunMoment)> {
    let reason = why.to_owned();
    match run.state {
        state if withdrawable(state) => Some((RunEvent::Withdrawn { reason }, RunMoment::Withdrawn)),
        RunState::Running => Some((RunEvent::CancelAsked { reason }, RunMoment::CancelAsked)),
        RunState::Asking => {
            let step = run.question.as_ref()?.step;
            Some((RunEvent::Answered { step, answer: Answer::Stop { reason } }, RunMoment::Stopped))
        }
        _ => None,
    }
}

pub(super) const NOT_OVER: &str = "This drill is not over yet.";

/// What somebody who has seen it says; said again, the newer word stands, and the audit log has both.
///
/// # Errors
/// If it is not over.
pub async fn judge(
    state: &AppState,
    permit: &Permit<RequestRun>,
    number: i64,
    input: DrillVerdictIn,
) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = state.store.begin().await?;
    let drill = tx.drill_lock(number).await.found(|| format!("drill {number}"))?;
    if drill.ended_at.is_none() {
        return Err(AppError::not_now(NOT_OVER));
    }
    let note = input.note.into_inner();
    tx.drill_judge(number, input.verdict, &by, &note).await?;
    tx.audit(&by, "drill.judged", format!("drill {number}"), json!({"verdict": input.verdict, "note": note}));
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}
