//! People's answers to a step that failed or whose outcome nobody knows: retry, skip, stop, done, happened; and the second
//! person's word where it takes two. What follows is the worker's.

use serde_json::json;
use shared::{
    api::run::{AnswerIn, ConfirmIn},
    domain::{
        access::Action,
        actor::Actor,
        incident::RunMoment,
        run::{Answer, Run, RunEvent, RunState},
        text::Message,
    },
};
use store::{JobKind, Store, Tx};

use super::moment;
use crate::{
    auth::permit::{AnswerStep, ConfirmAnswer, Permit},
    error::{AppError, Found as _},
};

pub(super) const NOT_ASKING: &str = "This run is not asking for a decision.";

/// An answer that takes two people is written down as what the first one says; everything else is done at once.
///
/// # Errors
/// If the run does not ask, or asks about another step.
pub async fn answer(store: &Store, permit: &Permit<AnswerStep>, number: i64, input: AnswerIn) -> Result<(), AppError> {
    let answer = reasoned(input.answer)?;
    let (step, by) = (input.step, permit.actor());
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    asked(&run, step)?;
    match &answer {
        Answer::Done { .. } if !run.is_manual(step) => {
            return Err(AppError::not_now(
                "Only a step that a person does can be called done; the worker does this one.",
            ));
        }
        Answer::Happened { .. } if !run.is_unclear(step) => return Err(AppError::not_now(IS_KNOWN)),
        _ => {}
    }
    if run.takes_two(step) && !matches!(answer, Answer::Stop { .. }) {
        let text = format!("{}; a second person must say the same", words(step, &answer));
        tx.audit(&by, "run.answer-proposed", format!("run {number}"), json!({"step": step, "answer": answer}));
        tx.run_append(&mut run, RunEvent::Proposed { step, answer }, &by).await?;
        moment::tell(&mut tx, &run, RunMoment::Answered, text, &by).await?;
        return Ok(tx.commit().await?);
    }
    take(&mut tx, &mut run, step, answer, &by).await?;
    Ok(tx.commit().await?)
}

pub(super) const IS_KNOWN: &str = "What became of this step is known; nobody needs to say it.";

/// The second person's word about the first one's answer.
///
/// # Errors
/// If nothing is proposed, something else is, or it was proposed by the same person.
pub async fn confirm(
    store: &Store,
    permit: &Permit<ConfirmAnswer>,
    number: i64,
    input: ConfirmIn,
) -> Result<(), AppError> {
    let (step, by) = (input.step, permit.actor());
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    asked(&run, step)?;
    let first = run.question.as_ref().and_then(|question| question.proposal.clone());
    let first = first.ok_or_else(|| AppError::not_now(NOTHING_SAID))?;
    if first.answer != input.answer {
        return Err(AppError::content_changed(
            "Something else has been said about this step since you read it. Read it again and decide then.",
        ));
    }
    if input.agree && first.by.key() == by.key() {
        let detail = json!({"action": Action::ConfirmAnswer, "why": "own answer"});
        tx.audit_denied(&by, "access.denied", format!("run {number}"), detail);
        tx.commit().await?;
        return Err(AppError::forbidden(OWN_ANSWER));
    }
    if input.agree {
        take(&mut tx, &mut run, step, first.answer, &by).await?;
        return Ok(tx.commit().await?);
    }
    let reason = input.reason.ok_or_else(|| AppError::invalid("reason", "An objection needs a reason."))?.into_inner();
    tx.audit(&by, "run.answer-objected", format!("run {number}"), json!({"step": step, "reason": reason}));
    tx.run_append(&mut run, RunEvent::Objected { step, reason: reason.clone() }, &by).await?;
    let text = format!("objected to what {} said about step {step}: {reason}", first.by);
    moment::tell(&mut tx, &run, RunMoment::Answered, text, &by).await?;
    Ok(tx.commit().await?)
}

pub(super) const NOTHING_SAID: &str = "Nobody has said anything yet that a second person could confirm.";
pub(super) const OWN_ANSWER: &str = "You have said this yourself, so somebody else must confirm it.";

fn asked(run: &Run, step: u32) -> Result<(), AppError> {
    match &run.question {
        Some(question) if run.state == RunState::Asking && question.step == step => Ok(()),
        Some(question) if run.state == RunState::Asking => Err(AppError::not_now(format!(
            "This run asks about step {}, not step {step}. Read it again and decide then.",
            question.step
        ))),
        _ => Err(AppError::not_now(NOT_ASKING)),
    }
}

/// Writes the answer, and gives the run back to the workers.
async fn take(tx: &mut Tx, run: &mut Run, step: u32, answer: Answer, by: &Actor) -> Result<(), AppError> {
    let moment = if matches!(answer, Answer::Stop { .. }) { RunMoment::Stopped } else { RunMoment::Answered };
    let text = words(step, &answer);
    tx.audit(by, "run.answered", format!("run {}", run.header.number), json!({"step": step, "answer": answer}));
    tx.run_append(run, RunEvent::Answered { step, answer }, by).await?;
    if run.state.live() {
        tx.job_add(run.header.id, JobKind::Execute).await?;
    }
    moment::tell(tx, run, moment, text, by).await
}

fn words(step: u32, answer: &Answer) -> String {
    match answer {
        Answer::Done { note } if note.is_empty() => format!("step {step} is done"),
        Answer::Done { note } => format!("step {step} is done: {note}"),
        Answer::Happened { note } if note.is_empty() => format!("step {step} did take effect"),
        Answer::Happened { note } => format!("step {step} did take effect: {note}"),
        Answer::Retry => format!("retry step {step}"),
        Answer::Skip { reason } => format!("skip step {step}: {reason}"),
        Answer::Stop { reason } => format!("at step {step}: {reason}"),
    }
}

fn reasoned(answer: Answer) -> Result<Answer, AppError> {
    let checked = |reason: String| {
        let reason = Message::parse(&reason)
            .map_err(|_| AppError::invalid("answer.reason", "A reason of at most 10,000 characters is needed."))?;
        Ok::<_, AppError>(reason.into_inner())
    };
    Ok(match answer {
        Answer::Retry => Answer::Retry,
        // It may be empty: that it is done says enough.
        Answer::Done { note } if note.trim().is_empty() => Answer::Done { note: String::new() },
        Answer::Done { note } => Answer::Done { note: checked(note)? },
        Answer::Happened { note } => Answer::Happened { note: checked(note)? },
        Answer::Skip { reason } => Answer::Skip { reason: checked(reason)? },
        Answer::Stop { reason } => Answer::Stop { reason: checked(reason)? },
    })
}
