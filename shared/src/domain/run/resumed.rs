//! Going on where another run ended: what of it counts as done, and when it may be gone on from. Begins nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::run::{Run, RunHeader, RunState, StepState};

/// The run that this one goes on from, and what of it counts as done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    pub run: i64,
    /// Step → what became of it there.
    pub done: BTreeMap<u32, StepState>,
}

impl Resumed {
    /// What a run that goes on from `before` need not do again. Final checks are made again: they are about the end.
    ///
    /// # Errors
    /// Why it cannot be gone on from.
    pub fn of(before: &Run) -> Result<Self, String> {
        let number = before.header.number;
        if !matches!(before.state, RunState::Stopped | RunState::Cancelled) {
            return Err(format!("Run {number} was not stopped half way: {}.", before.state.words().to_lowercase()));
        }
        let check = |step: u32| before.header.procedure.steps.iter().any(|s| s.number == step && s.check);
        let told = |evidence: &str| {
            if evidence.starts_with("In run ") { evidence.to_owned() } else { format!("In run {number}: {evidence}") }
        };
        let done = before.steps.iter().filter(|step| !check(step.number)).filter_map(|step| {
            let state = match &step.state {
                StepState::Succeeded { evidence } => StepState::Succeeded { evidence: told(evidence) },
                StepState::Skipped { reason } => StepState::Skipped { reason: told(reason) },
                _ => return None,
            };
            Some((step.number, state))
        });
        let done: BTreeMap<_, _> = done.collect();
        if done.is_empty() {
            return Err(format!("Run {number} has done nothing to go on from; request the procedure anew."));
        }
        let left = before.steps.iter().any(|step| !check(step.number) && !done.contains_key(&step.number));
        if !left {
            return Err(format!("Run {number} has done all its steps; there is nothing to go on with."));
        }
        Ok(Self { run: number, done })
    }

    /// Whether `header` goes on from `before` as it may: same target, same words, same choices, and no step left out that was
    /// not done.
    ///
    /// # Errors
    /// What does not fit.
    pub fn fits(&self, header: &RunHeader, before: &Run) -> Result<(), String> {
        let same = header.system == before.header.system
            && header.project == before.header.project
            && header.procedure == before.header.procedure
            && header.parameters == before.header.parameters;
        if !same {
            return Err(format!("run {} was another procedure, or on another target", self.run));
        }
        if Self::of(before)? != *self {
            return Err(format!("what it leaves out is not what run {} has done", self.run));
        }
        Ok(())
    }
}
