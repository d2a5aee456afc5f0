//! Break-glass: one person takes the consent of others upon themselves, everybody is told, and a review is owed. The audit log is
//! written as for any consent; nothing leads around it.

use serde_json::json;
use shared::{
    api::run::{GlassIn, ReviewIn},
    domain::{
        approval::Glass,
        incident::RunMoment,
        run::{Run, RunEvent, RunState},
    },
    ids::UserId,
};
use store::{JobKind, Store};

use super::{approval, moment};
use crate::{
    auth::permit::{BreakGlass, Permit, ReviewGlass},
    error::{AppError, Found as _},
};

/// # Errors
/// If the run does not wait for consent, or is not what they read.
pub async fn break_it(store: &Store, permit: &Permit<BreakGlass>, number: i64, input: GlassIn) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    let content = approval::waiting_content(&run)?;
    approval::same_content(input.content, content)?;
    if run.expires_at().is_some_and(|at| tx.now() > at) {
        return Err(AppError::not_now(approval::TIME_IS_OVER));
    }
    let glass = Glass {
        by: permit.id(),
        name: permit.user().name.clone(),
        at: tx.now(),
        content,
        rule: run.header.policy.words(),
        reason: input.reason.into_inner(),
    };
    let broken = format!("instead of \"{}\": {}", glass.rule, glass.reason);
    let notice = format!("{} broke the glass for run {number}, {}, {broken}", glass.name, run.header.procedure.title);
    tx.audit(&by, "run.glass-broken", format!("run {number}"), json!({ "glass": glass, "decisions": run.decisions }));
    tx.run_append(&mut run, RunEvent::GlassBroken { glass }, &by).await?;
    tx.run_append(&mut run, RunEvent::Granted, &by).await?;
    tx.audit(&by, "run.granted", format!("run {number}"), json!({ "content": content, "by": "glass" }));
    tx.job_add(run.header.id, JobKind::Execute).await?;
    moment::tell(&mut tx, &run, RunMoment::GlassBroken, broken, &by).await?;
    tx.notice_to_all(&run.header, &notice).await?;
    Ok(tx.commit().await?)
}

/// Why this person cannot review the run.
pub(super) fn not_to_review(run: &Run, user: UserId) -> Option<String> {
    let Some(glass) = &run.glass else { return Some("Nobody broke the glass for this run.".into()) };
    if let Some(review) = &run.review {
        return Some(format!("{} has reviewed it.", review.by));
    }
    if run.state.live() {
        return Some("It can be reviewed when it has ended.".into());
    }
    (glass.by == user).then(|| "You broke the glass, so somebody else must review it.".into())
}

/// # Errors
/// If nothing is owed, the run goes on, or it was their own doing.
pub async fn review(store: &Store, permit: &Permit<ReviewGlass>, number: i64, input: ReviewIn) -> Result<(), AppError> {
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    if let Some(why) = not_to_review(&run, permit.id()) {
        let own =
            run.glass.as_ref().is_some_and(|glass| glass.by == permit.id()) && run.owes_review() && !run.state.live();
        if !own {
            return Err(AppError::not_now(why));
        }
        tx.audit_denied(&by, "access.denied", format!("run {number}"), json!({ "why": "own glass" }));
        tx.commit().await?;
        return Err(AppError::forbidden(why));
    }
    let text = input.text.into_inner();
    tx.audit(&by, "run.reviewed", format!("run {number}"), json!({ "text": text }));
    tx.run_append(&mut run, RunEvent::Reviewed { text: text.clone() }, &by).await?;
    moment::tell(&mut tx, &run, RunMoment::Reviewed, text, &by).await?;
    Ok(tx.commit().await?)
}

/// Why this person cannot break the glass for the run.
pub(super) fn not_to_break(run: &Run) -> Option<String> {
    (run.state != RunState::AwaitingApproval).then(|| approval::waiting_refusal(run.state))
}
