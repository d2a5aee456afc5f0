//! Recovery runs: requesting and withdrawing. Consent is `approval`'s, failed steps are `answer`'s, the host is the worker's.

use std::collections::BTreeMap;

use serde_json::json;
use shared::{
    api::run::{RunRequestIn, WithdrawIn},
    domain::{
        actor::Actor,
        approval::ApprovalPolicy,
        incident::{Eyes, IncidentCommand, RunMoment},
        run::{Resumed, Run, RunEvent, RunState},
    },
    ids::{IncidentId, SystemId},
    plan::Procedure,
};
use store::{IncidentRecord, JobKind, NewRun, Part, Store, System, Tx};

use super::{moment, plan::Plans, turn::Turn};
use crate::{
    auth::permit::{Permit, RequestRun},
    error::{AppError, Found as _},
};

/// Its number; that of the first one if the same key and body come again. Freezes the procedure as the current plan has it.
///
/// # Errors
/// If the procedure cannot run, the incident does not permit it, or another run is live on the target.
pub async fn request(
    store: &Store,
    plans: &Plans,
    permit: &Permit<RequestRun>,
    key: Option<&str>,
    incident: i64,
    input: RunRequestIn,
) -> Result<i64, AppError> {
    let turn = Turn::new(permit.id(), key, &format!("request a run for incident {incident}"), &input)?;
    let seen = store.incident_by_number(incident).await.found(|| format!("incident {incident}"))?;
    let system = store.system_fetch(seen.system).await?;
    let dry_run = input.dry_run;
    let wait = input.wait;
    let Wanted { new, version } = wanted(store, plans, permit, &system, seen.id, input).await?;

    let by = permit.actor();
    let mut tx = store.begin().await?;
    if let Some(number) = turn.begin(&mut tx).await? {
        return Ok(number);
    }
    // Locked before the run is written: its foreign key would hold a lock that two requests could not both make stronger.
    let record = tx.incident_lock(incident).await.found(|| format!("incident {incident}"))?;
    record.incident.permits(IncidentCommand::RequestRun)?;
    // Nobody who asks passes those who wait.
    let in_line = !dry_run && !tx.runs_in_line(system.id).await?.is_empty();
    let created = match (dry_run, in_line) {
        (true, _) => Some(tx.run_create(new.clone()).await?),
        (false, true) => None,
        (false, false) => tx.run_create_live(new.clone()).await?,
    };
    let mut run = match created {
        Some(run) => run,
        None if wait => tx.run_create(NewRun { waits: true, ..new }).await?,
        None => {
            drop(tx);
            return Err(busy(store, &seen, &system.name).await?);
        }
    };
    tx.run_append(&mut run, RunEvent::Requested, &by).await?;
    if run.state == RunState::Resolving {
        tx.job_add(run.header.id, JobKind::Resolve).await?;
    }
    let line = if run.state == RunState::Waiting { ", in line behind another run" } else { "" };
    let dry = if run.header.dry_run { "as a dry run, " } else { "" };
    let on = run.header.resumes.as_ref().map(|r| format!("going on where run {} ended, ", r.run)).unwrap_or_default();
    let text = format!("{dry}{on}on project {}, plan version {version}{line}", system.project);
    requested(&mut tx, &record, &run, version, text, &by).await?;
    turn.save(&mut tx, run.header.number).await?;
    tx.commit().await?;
    Ok(run.header.number)
}

/// Tells of the request, and writes down what was asked for.
///
/// # Errors
/// If the database does not answer.
pub(super) async fn requested(
    tx: &mut Tx,
    record: &IncidentRecord,
    run: &Run,
    version: i32,
    text: String,
    by: &Actor,
) -> Result<(), AppError> {
    moment::tell_of(tx, record, run, RunMoment::Requested, text, by).await?;
    let header = &run.header;
    let mut detail = json!({
        "incident": record.number, "procedure": header.procedure.id, "procedure_digest": header.procedure.digest,
        "plan_version": version, "plan_digest": header.plan_digest, "project": header.project,
        "parameters": header.parameters, "dry_run": header.dry_run, "policy": header.policy,
        "waits": header.waits, "resumes": header.resumes.as_ref().map(|r| r.run),
    });
    if let Some(of) = &header.drill_of {
        detail["drill_of"] = json!(of);
    }
    tx.audit(by, "run.requested", format!("run {}", header.number), detail);
    Ok(())
}

/// A run as the plan in force has it, for whoever asks.
pub(super) struct Wanted {
    pub(super) new: NewRun,
    /// The plan's.
    pub(super) version: i32,
}

/// # Errors
/// If the procedure is not the plan's, cannot run, or was changed since it was read.
pub(super) async fn wanted(
    store: &Store,
    plans: &Plans,
    permit: &Permit<RequestRun>,
    system: &System,
    incident: IncidentId,
    input: RunRequestIn,
) -> Result<Wanted, AppError> {
    let plan = plans.current(system.id).await?;
    let plan =
        plan.ok_or_else(|| AppError::not_now(format!("{} has no plan, so there is nothing to run.", system.name)))?;
    if let Some(why) = plan.altered() {
        return Err(AppError::not_now(format!("{why} Nothing was requested.")));
    }
    let procedure = plan.compiled.plan.procedures.iter().find(|p| p.id == input.procedure);
    let procedure = procedure.ok_or_else(|| {
        AppError::invalid(
            "procedure",
            format!("Version {} of the plan has no procedure \"{}\".", plan.version.version, input.procedure),
        )
    })?;
    if input.procedure_digest.is_some_and(|seen| seen != procedure.digest) {
        return Err(AppError::content_changed(format!(
            "{} was changed by version {} of the plan since you saw it. Nothing was requested; look at it again.",
            procedure.title, plan.version.version
        )));
    }
    if let Some(why) = &procedure.unavailable {
        return Err(AppError::not_now(format!("{} cannot run: {why}", procedure.title)));
    }
    let (parameters, resumes) = match input.resumes {
        Some(before) => resumed((store, permit.eyes()), before, procedure, system.id, &system.project).await?,
        None => (parameters(procedure, input.parameters)?, None),
    };
    let policy = ApprovalPolicy::of(procedure)
        .map_err(|error| AppError::not_now(format!("{} cannot run: {error}", procedure.title)))?;
    let new = NewRun {
        incident,
        system: system.id,
        project: system.project.clone(),
        drill_of: None,
        plan_version: plan.version.id,
        plan_digest: plan.version.digest,
        procedure: procedure.clone(),
        parameters,
        policy,
        dry_run: input.dry_run,
        waits: false,
        resumes,
        standing_order: None,
        watch_seconds: plan.compiled.plan.watch.filter(|_| has_checks(procedure)).map(|watch| watch.seconds),
        requested_by: permit.id(),
    };
    Ok(Wanted { new, version: plan.version.version })
}

/// What a run that goes on from another one is asked to be: the same, without what is done.
async fn resumed(
    (store, eyes): (&Store, Eyes),
    number: i64,
    procedure: &Procedure,
    system: SystemId,
    project: &str,
) -> Result<(BTreeMap<String, String>, Option<Resumed>), AppError> {
    if !store.part_is_seen(Part::Run, number, eyes).await? {
        return Err(AppError::not_found(format!("run {number}")));
    }
    let before = store.run_by_number(number).await.found(|| format!("run {number}"))?.run;
    if before.header.system != system || before.header.project != project || before.header.procedure.id != procedure.id
    {
        let why = format!("Run {number} was another procedure, or on another target. Nothing was requested.");
        return Err(AppError::invalid("resumes", why));
    }
    if before.header.procedure != *procedure {
        return Err(AppError::content_changed(format!(
            "{} was changed since run {number}, so its steps are not the ones that were done. Nothing was requested; request it from \
             its beginning.",
            procedure.title
        )));
    }
    let resumed = Resumed::of(&before).map_err(AppError::not_now)?;
    Ok((before.header.parameters, Some(resumed)))
}

/// Those that differ from the plan's own. Whether the live system has them is the worker's to say.
pub(super) fn parameters(
    procedure: &Procedure,
    given: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, AppError> {
    let mut chosen = BTreeMap::new();
    for (name, value) in given {
        let Some(parameter) = procedure.parameters.iter().find(|p| p.name == name) else {
            let why = format!("{} has no parameter \"{name}\".", procedure.title);
            return Err(AppError::invalid("parameters", why));
        };
        if !parameter.allows(&value) {
            return Err(AppError::invalid("parameters", format!("\"{value}\" is no answer to: {}", parameter.label)));
        }
        if value != parameter.default {
            chosen.insert(name, value);
        }
    }
    Ok(chosen)
}

pub(super) fn has_checks(procedure: &Procedure) -> bool {
    procedure.steps.iter().any(|step| step.check)
}

async fn busy(store: &Store, seen: &store::IncidentRecord, system: &str) -> Result<AppError, AppError> {
    let rule = format!("Only one run at a time may act on {system}");
    Ok(AppError::target_busy(match store.run_live(seen.system).await? {
        Some(number) => {
            format!("{rule}, and run {number} has not ended. Nothing was requested; wait in line, or end it first.")
        }
        None => format!("{rule}, and another one was ending just now. Nothing was requested; try again."),
    }))
}

/// # Errors
/// If the run has started or ended.
pub async fn withdraw(
    store: &Store,
    permit: &Permit<RequestRun>,
    number: i64,
    input: WithdrawIn,
) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    if !withdrawable(run.state) {
        return Err(AppError::not_now(not_withdrawable(run.state)));
    }
    let reason = input.reason.into_inner();
    tx.run_append(&mut run, RunEvent::Withdrawn { reason: reason.clone() }, &by).await?;
    tx.job_finish(run.header.id).await?;
    moment::tell(&mut tx, &run, RunMoment::Withdrawn, reason.clone(), &by).await?;
    tx.audit(&by, "run.withdrawn", format!("run {number}"), json!({"reason": reason}));
    Ok(tx.commit().await?)
}

pub(super) fn withdrawable(state: RunState) -> bool {
    matches!(state, RunState::Waiting | RunState::Resolving | RunState::AwaitingApproval | RunState::Queued)
}

/// Why a run cannot be gone on from; the request looks at the plan in force as well.
pub(super) fn not_to_resume(run: &Run) -> Option<String> {
    if run.header.drill_of.is_some() {
        return Some("The target of this drill is gone, so nothing can go on in it; begin another drill.".into());
    }
    Resumed::of(run).err()
}

pub(super) fn not_withdrawable(state: RunState) -> String {
    match state {
        RunState::Running => "This run has started; cancel it instead.".into(),
        RunState::Asking => "This run has started; stop it where it asks.".into(),
        RunState::Cancelling => "This run is being cancelled.".into(),
        _ => format!("This run has ended: {}.", state.words().to_lowercase()),
    }
}
