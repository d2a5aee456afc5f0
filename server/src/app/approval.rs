//! Deciding about a run: approve or refuse what was read, nothing else. When consent is enough is the domain's.

use serde_json::json;
use shared::{
    api::run::DecisionIn,
    domain::{
        access::Action,
        approval::{Choice, Content, Decision, RunRequest, Verdict, any_of, evaluate},
        incident::RunMoment,
        run::{Run, RunEvent, RunState},
        text::Message,
    },
};
use store::{JobKind, Store, Tx, User};

use super::moment;
use crate::{
    auth::permit::{DecideRun, Permit},
    error::{AppError, Found as _},
};

pub(super) const OWN_REQUEST: &str = "You asked for this run, so somebody else must decide about it.";
pub(super) const TIME_IS_OVER: &str = "The time to approve this run is over. Request it again.";

/// # Errors
/// If the run does not wait for consent, is not what the decider read, or is the decider's own.
pub async fn decide(store: &Store, permit: &Permit<DecideRun>, number: i64, input: DecisionIn) -> Result<(), AppError> {
    let choice = match (input.approve, input.reason) {
        (true, _) => Choice::Approve,
        (false, Some(reason)) => Choice::Refuse { reason: Message::into_inner(reason) },
        (false, None) => return Err(AppError::invalid("reason", "A refusal needs a reason.")),
    };
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    if run.header.requested_by == permit.id() {
        let detail = json!({"action": Action::DecideRun, "why": "own request"});
        tx.audit_denied(&by, "access.denied", format!("run {number}"), detail);
        tx.commit().await?;
        return Err(AppError::forbidden(OWN_REQUEST));
    }
    let content = waiting_content(&run)?;
    let resolved_at = run.resolution.as_ref().map_or(run.header.requested_at, |(at, _)| *at);
    same_content(input.content, content)?;
    if let Some(why) = run.header.policy.lacks(&permit.user().contact_roles) {
        let detail = json!({"action": Action::DecideRun, "why": "contact role"});
        tx.audit_denied(&by, "access.denied", format!("run {number}"), detail);
        tx.commit().await?;
        return Err(AppError::forbidden(why));
    }
    let deciders = tx.users_who_may(Action::DecideRun).await?;
    let request = RunRequest { requested_by: run.header.requested_by, resolved_at, content };
    let now = tx.now();
    let policy = run.header.policy.clone();
    let judge = |decisions: &[Decision]| evaluate(&policy, &request, decisions, &deciders, now);
    if judge(&run.decisions) == Verdict::Expired {
        return Err(AppError::not_now(TIME_IS_OVER));
    }
    if has_decided(&run, permit.user(), content) {
        return Err(AppError::not_now("You have already approved this run; now somebody else must."));
    }
    let decision = Decision { by: permit.id(), name: permit.user().name.clone(), at: now, content, choice };
    let detail = json!({"choice": decision.choice, "content": content});
    let action = if decision.choice == Choice::Approve { "run.approved" } else { "run.refused" };
    tx.run_append(&mut run, RunEvent::Decided { decision }, &by).await?;
    tx.audit(&by, action, format!("run {number}"), detail);
    let verdict = judge(&run.decisions);
    conclude(&mut tx, &mut run, verdict, permit).await?;
    Ok(tx.commit().await?)
}

async fn conclude(tx: &mut Tx, run: &mut Run, verdict: Verdict, permit: &Permit<DecideRun>) -> Result<(), AppError> {
    let by = permit.actor();
    let (moment, text) = match verdict {
        Verdict::Granted => {
            tx.run_append(run, RunEvent::Granted, &by).await?;
            tx.job_add(run.header.id, JobKind::Execute).await?;
            tx.audit(&by, "run.granted", format!("run {}", run.header.number), json!({"content": run.content()}));
            (RunMoment::Approved, String::new())
        }
        Verdict::Pending { have, need, lacking } if lacking.is_empty() => {
            (RunMoment::Approved, format!("{have} of {need} approvals"))
        }
        Verdict::Pending { have, need, lacking } => {
            (RunMoment::Approved, format!("{have} of {need} approvals; one must be by the {}", any_of(&lacking)))
        }
        Verdict::Refused { reason, .. } => (RunMoment::Refused, reason),
        // Looked at before the decision was written, in the same transaction and at the same instant.
        Verdict::Expired => return Err(AppError::bug("consent expired within one instant")),
    };
    moment::tell(tx, run, moment, text, &by).await
}

/// Whether this person's word stands; what lapsed with a right is said again.
pub(super) fn has_decided(run: &Run, user: &User, content: Content) -> bool {
    let stands = |d: &Decision| user.rights_since.is_none_or(|since| d.at >= since);
    run.decisions.iter().any(|d| d.by == user.id && d.content == content && stands(d))
}

/// What a run that waits for consent would do.
///
/// # Errors
/// If it does not wait.
pub(super) fn waiting_content(run: &Run) -> Result<Content, AppError> {
    let waiting = run.content().filter(|_| run.state == RunState::AwaitingApproval);
    waiting.ok_or_else(|| AppError::not_now(waiting_refusal(run.state)))
}

/// # Errors
/// If what was read is not what there is.
pub(super) fn same_content(read: Content, now: Content) -> Result<(), AppError> {
    if read == now {
        return Ok(());
    }
    Err(AppError::content_changed(
        "What this run would do has changed since you read it. Your decision was not counted; read it again and decide then.",
    ))
}

pub(super) fn waiting_refusal(state: RunState) -> String {
    format!("This run is not waiting for approval: {}.", state.words().to_lowercase())
}
