//! A person's answer to a step that failed or whose outcome nobody knows: retry, skip, stop, or done. What follows is the worker's.

use serde_json::json;
use shared::{
    api::run::AnswerIn,
    domain::{
        incident::RunMoment,
        run::{Answer, RunEvent, RunState},
        text::Message,
    },
};
use store::{JobKind, Store};

use super::moment;
use crate::{
    auth::permit::{AnswerStep, Permit},
    error::{AppError, Found as _},
};

pub(super) const NOT_ASKING: &str = "This run is not asking for a decision.";

/// # Errors
/// If the run does not ask, or asks about another step.
pub async fn answer(store: &Store, permit: &Permit<AnswerStep>, number: i64, input: AnswerIn) -> Result<(), AppError> {
    let answer = reasoned(input.answer)?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    match &run.question {
        Some((step, _)) if run.state == RunState::Asking && *step == input.step => {}
        Some((step, _)) if run.state == RunState::Asking => {
            return Err(AppError::not_now(format!(
                "This run asks about step {step}, not step {}. Read it again and decide then.",
                input.step
            )));
        }
        _ => return Err(AppError::not_now(NOT_ASKING)),
    }
    let step = input.step;
    let (moment, text) = match &answer {
        Answer::Done { .. } if !run.is_manual(step) => {
            return Err(AppError::not_now(
                "Only a step that a person does can be called done; the worker does this one.",
            ));
        }
        Answer::Done { note } if note.is_empty() => (RunMoment::Answered, format!("step {step} is done")),
        Answer::Done { note } => (RunMoment::Answered, format!("step {step} is done: {note}")),
        Answer::Retry => (RunMoment::Answered, format!("retry step {step}")),
        Answer::Skip { reason } => (RunMoment::Answered, format!("skip step {step}: {reason}")),
        Answer::Stop { reason } => (RunMoment::Stopped, format!("at step {step}: {reason}")),
    };
    tx.audit(&by, "run.answered", format!("run {number}"), json!({"step": step, "answer": answer}));
    tx.run_append(&mut run, RunEvent::Answered { step, answer }, &by).await?;
    if run.state.live() {
        tx.job_add(run.header.id, JobKind::Execute).await?;
    }
    moment::tell(&mut tx, &run, moment, text, &by).await?;
    Ok(tx.commit().await?)
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
        Answer::Skip { reason } => Answer::Skip { reason: checked(reason)? },
        Answer::Stop { reason } => Answer::Stop { reason: checked(reason)? },
    })
}
