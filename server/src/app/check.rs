//! A final check that a person makes: it holds, or it does not. The run has ended or asks; nothing is done on the host.

use serde_json::json;
use shared::{
    api::run::CheckIn,
    domain::{
        incident::RunMoment,
        run::{Run, RunEvent, RunState},
        text::Message,
    },
};
use store::Store;

use super::moment;
use crate::{
    auth::permit::{HandleIncident, Permit},
    error::{AppError, Found as _},
};

/// Why nobody can make a final check of this run now.
pub(super) fn not_to_check(run: &Run) -> Option<String> {
    if !run.header.procedure.steps.iter().any(|step| run.is_checked_by_hand(step.number)) {
        return Some("This run has no final check for a person to make.".into());
    }
    match run.state {
        RunState::Asking | RunState::Succeeded => None,
        state if state.live() => Some("Its final checks can be made when its steps are through.".into()),
        _ => Some(format!("This run did not come to its final checks: {}.", run.state.words().to_lowercase())),
    }
}

/// # Errors
/// If the step is no such check, the run is not so far, or what does not hold is not told.
pub async fn check(
    store: &Store,
    permit: &Permit<HandleIncident>,
    number: i64,
    input: CheckIn,
) -> Result<(), AppError> {
    let note = input.note.map(Message::into_inner).unwrap_or_default();
    if !input.holds && note.is_empty() {
        return Err(AppError::invalid("note", "Say what you saw instead, in a few words: others will act on it."));
    }
    let by = permit.actor();
    let mut tx = store.begin().await?;
    let mut run = tx.run_lock(number).await.found(|| format!("run {number}"))?.run;
    if let Some(why) = not_to_check(&run) {
        return Err(AppError::not_now(why));
    }
    let step = input.step;
    let Some(title) = title(&run, step) else {
        return Err(AppError::invalid("step", format!("Step {step} is not a final check that a person makes.")));
    };
    let colon = if note.is_empty() { "" } else { ": " };
    let verdict = if input.holds { "holds" } else { "does not hold" };
    let text = format!("\"{title}\" {verdict}{colon}{note}");
    tx.audit(&by, "run.checked", format!("run {number} step {step}"), json!({ "holds": input.holds, "note": note }));
    tx.run_append(&mut run, RunEvent::Checked { step, holds: input.holds, note }, &by).await?;
    moment::tell(&mut tx, &run, RunMoment::Checked, text, &by).await?;
    Ok(tx.commit().await?)
}

fn title(run: &Run, step: u32) -> Option<String> {
    let steps = run.header.procedure.steps.iter().filter(|s| run.is_checked_by_hand(s.number));
    steps.into_iter().find(|s| s.number == step).map(|s| s.title.clone())
}
