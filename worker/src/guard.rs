//! Before anything is done: what the database says is treated as hostile and checked again. Only refuses; never repairs.

use shared::{
    digest::Digest,
    domain::{
        access::Action,
        approval::{ApprovalPolicy, Deciders, RunRequest, Verdict, any_of, evaluate},
        resolution::{Resolution, ResolvedObject, ResolvedStep},
        run::{Run, StepState},
    },
    plan::{Plan, Procedure, compile},
    timestamp::Timestamp,
};
use store::StoreError;

mod order;

use crate::{
    Worker, drill,
    journal::needs_approval,
    resolve::{Known, resolve},
    secrets::Secrets,
    steps::{cannot_run, list},
};

/// What the guard found out by itself.
struct Facts<'a> {
    allowed: &'a [String],
    /// The Docker host that the system lives on, if it names one.
    home: Option<&'a str>,
    /// What the plan version's text compiles to, as it is kept.
    plan: &'a Plan,
    may_decide: &'a Deciders,
    may_break: &'a Deciders,
    /// What is so with the order that it names, if it does.
    order: Result<Option<&'a order::Seen>, &'a String>,
    /// The run that this one goes on from.
    before: Option<&'a Run>,
    now: Timestamp,
    /// What the steps mean at this moment.
    resolution: Result<&'a Resolution, &'a String>,
}

pub(crate) struct Checked {
    /// The error is a refusal in words; nothing was done on the host.
    pub(crate) verdict: Result<(), String>,
    /// What the run's version of the plan compiles to.
    pub(crate) plan: Plan,
}

pub(crate) async fn check(worker: &Worker, run: &Run, secrets: &Secrets) -> Result<Checked, StoreError> {
    let header = &run.header;
    let over = over(run);
    let known =
        Known { approved: run.resolution.as_ref().map(|(_, approved)| approved), over: &over, secrets: Some(secrets) };
    let config = worker.config_for(header);
    let look = async {
        let config = config.as_ref().map_err(Clone::clone)?;
        // Before anything is asked of the host.
        allowed(&config.projects, &header.project)?;
        drill::apart(&*worker.host, config, header).await?;
        resolve(&*worker.host, config, header, header.requested_at, known).await
    };
    let (resolution, system, version, may_decide, may_break, before, now) = tokio::join!(
        look,
        worker.store.system_fetch(header.system),
        worker.store.plan_version_fetch(header.plan_version),
        worker.store.users_who_may(Action::DecideRun),
        worker.store.users_who_may(Action::BreakGlass),
        before(worker, run),
        worker.store.now(),
    );
    let before = before?;
    let plan = compile(&version?.source).plan;
    let seen = order::look(worker, run).await?;
    let home = system?.host;
    let facts = Facts {
        allowed: config.as_ref().map_or(&[], |config| &config.projects),
        home: home.as_deref(),
        plan: &plan,
        may_decide: &may_decide?,
        may_break: &may_break?,
        order: seen.as_ref().map(Option::as_ref),
        before: before.as_ref(),
        now: now?,
        resolution: resolution.as_ref(),
    };
    let may = config.as_ref().map(drop).map_err(Clone::clone);
    let verdict = may.and_then(|()| verdict(run, &facts)).map_err(|reason| with_state(run, reason));
    Ok(Checked { verdict, plan })
}

/// The run that this one says it goes on from. `None`: none, or there is no such run.
async fn before(worker: &Worker, run: &Run) -> Result<Option<Run>, StoreError> {
    let Some(resumed) = &run.header.resumes else { return Ok(None) };
    match worker.store.run_by_number(resumed.run).await {
        Ok(record) => Ok(Some(record.run)),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// May this worker look at the project at all?
pub(crate) fn allowed(projects: &[String], project: &str) -> Result<(), String> {
    if projects.iter().any(|p| p == project) {
        return Ok(());
    }
    Err(format!("this worker may only touch the Compose projects {}, not {project}", list(projects)))
}

/// Two hosts may both have a project of this name.
pub(crate) fn at_home(home: Option<&str>, here: &str) -> Result<(), String> {
    match home {
        Some(home) if home != here => {
            Err(format!("the system lives on the host {home}, and this worker acts on {here}"))
        }
        _ => Ok(()),
    }
}

fn verdict(run: &Run, facts: &Facts<'_>) -> Result<(), String> {
    let header = &run.header;
    allowed(facts.allowed, &header.project)?;
    pinned(&header.procedure, header.plan_digest, facts.plan)?;
    for (name, value) in &header.parameters {
        if !header.procedure.parameters.iter().any(|p| p.name == *name && p.allows(value)) {
            return Err(format!("\"{value}\" is no value that \"{name}\" can have"));
        }
    }
    let (resolved_at, approved) = run.resolution.as_ref().ok_or("it was never resolved")?;
    let now = facts.resolution.map_err(Clone::clone)?;
    at_home(facts.home, &now.host)?;
    let differences = now.differences(&still_open(run, approved, now));
    if !differences.is_empty() {
        return Err(format!("what was approved is not what would happen: {}", list(&differences)));
    }
    if header.policy.approvals == 0 && needs_approval(run) {
        return Err("it changes something, and asks for nobody's approval".into());
    }
    if let Some(resumed) = &header.resumes {
        let before = facts.before.ok_or_else(|| format!("it goes on from run {}, which there is not", resumed.run))?;
        resumed.fits(header, before)?;
    }
    let content = run.content().ok_or("it was never resolved")?;
    let request = RunRequest { requested_by: header.requested_by, resolved_at: *resolved_at, content };
    // Consent runs out for beginning, not while what was begun goes on.
    let begun = run.steps.iter().filter_map(|step| step.started_at).min();
    let at = begun.map_or(facts.now, |begun| begun.min(facts.now));
    if run.header.standing_order.is_some() || run.ordered.is_some() {
        let seen = facts.order.map_err(Clone::clone)?;
        order::holds(run, seen, facts.may_decide, at)?;
    } else if !run.glass.as_ref().is_some_and(|glass| glass.holds(&header.policy, &request, facts.may_break, at)) {
        match evaluate(&header.policy, &request, &run.decisions, facts.may_decide, at) {
            Verdict::Granted => {}
            Verdict::Pending { have, need, lacking } if lacking.is_empty() => {
                return Err(format!("it has {have} of {need} approvals that still count"));
            }
            Verdict::Pending { lacking, .. } => {
                return Err(format!("nobody whose consent still counts is {}", any_of(&lacking)));
            }
            Verdict::Refused { by, reason } => return Err(format!("{by} has refused it: {reason}")),
            Verdict::Expired => return Err("the approval has expired".into()),
        }
    }
    asks_enough(run)
}

/// The policy in the row is no weaker than the one that the plan's text asks for. What was begun under the rules of an older release goes on.
fn asks_enough(run: &Run) -> Result<(), String> {
    let header = &run.header;
    let asked = ApprovalPolicy::of(&header.procedure).map_err(|error| error.to_string())?;
    if header.policy.is_weaker_than(&asked) && run.steps.iter().all(|step| step.attempts == 0) {
        return Err("the consent it asks for is less than the plan wants for these steps".into());
    }
    Ok(())
}

/// Steps that are done or skipped: what they meant may be gone, by their own doing.
pub(crate) fn over(run: &Run) -> Vec<u32> {
    let over = |state: &StepState| matches!(state, StepState::Succeeded { .. } | StepState::Skipped { .. });
    run.steps.iter().filter(|step| over(&step.state)).map(|step| step.number).collect()
}

/// What was approved, without the steps that are over. Of a step that was begun some objects may be gone by now; it may mean
/// none that were not approved.
fn still_open(run: &Run, approved: &Resolution, now: &Resolution) -> Resolution {
    let over = over(run);
    let mut open = approved.clone();
    open.steps.retain(|step| !over.contains(&step.number));
    for step in &mut open.steps {
        let begun = run.steps.iter().any(|s| s.number == step.number && s.attempts > 0);
        let Some(found) = now.steps.iter().find(|s| s.number == step.number) else { continue };
        // A check that was left to a person stays that person's, whatever the host could do by now.
        if step.by_hand.is_some() {
            *step = found.clone();
            continue;
        }
        let known = |o: &ResolvedObject| {
            step.objects.iter().any(|a| (&a.id, &a.image_id, a.port) == (&o.id, &o.image_id, o.port))
        };
        if begun && found.objects.iter().all(known) {
            // Another value is another consent, also in the middle.
            *step = ResolvedStep { secrets: std::mem::take(&mut step.secrets), ..found.clone() };
        }
    }
    open
}

/// The pinned procedure is, word for word, what the plan's text compiles to, and every step of it can run.
pub(crate) fn pinned(procedure: &Procedure, plan_digest: Digest, plan: &Plan) -> Result<(), String> {
    if plan.digest != plan_digest {
        return Err("the plan's text is not the one that was approved".into());
    }
    if !plan.procedures.contains(procedure) {
        return Err(format!("the steps of \"{}\" are not those of the plan's text", procedure.title));
    }
    // What the compiler says today about the steps of this very text.
    let unable = procedure.steps.iter().filter(|step| !step.check).find_map(|step| {
        let why = step.unavailable.clone().or_else(|| cannot_run(&step.kind))?;
        Some(format!("step {} cannot be run: {why}", step.number))
    });
    if let Some(why) = procedure.unavailable.clone().or(unable) {
        return Err(why);
    }
    // Bound to the text once more: nobody may call a step harmless that is not.
    match procedure.steps.iter().find(|step| step.cannot_be_undone() && !step.destructive) {
        Some(step) => Err(format!("step {} cannot be taken back, and does not say so", step.number)),
        None => Ok(()),
    }
}

/// Ends the sentence with what is true about the host.
fn with_state(run: &Run, reason: String) -> String {
    let reason = reason.trim_end_matches('.');
    // The resolver says so too; here the run's log decides what was done.
    let reason = reason.strip_suffix(". Nothing was done").unwrap_or(reason);
    let begun = run.steps.iter().find(|step| step.state == StepState::Running);
    let done = run.steps.iter().filter(|step| matches!(step.state, StepState::Succeeded { .. })).count();
    match (begun, done) {
        (Some(step), _) => {
            format!("The worker stopped: {reason}. Step {} had been begun; look whether it took effect.", step.number)
        }
        (None, 0) => format!("The worker refused: {reason}. Nothing was done; request the run again."),
        (None, done) => format!("The worker stopped: {reason}. {done} of {} steps had been done.", run.steps.len()),
    }
}

#[cfg(test)]
mod tests;
