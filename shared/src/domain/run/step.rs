//! A run's steps as the log moves them: begun, ended, answered, checked. Which event may come when is decided in `run`.

use std::collections::BTreeMap;

use crate::{
    domain::{
        actor::Actor,
        run::{Answer, Run, RunState, StepOutcome, StepRun, StepState},
    },
    plan::StepKind,
    timestamp::Timestamp,
};

impl Run {
    pub(super) fn step_mut(&mut self, number: u32) -> Result<&mut StepRun, String> {
        self.steps.iter_mut().find(|s| s.number == number).ok_or_else(|| format!("there is no step {number}"))
    }

    pub(super) fn start_step(
        &mut self,
        number: u32,
        attempt: u32,
        before: &BTreeMap<String, String>,
        at: Timestamp,
    ) -> Result<(), String> {
        let step = self.step_mut(number)?;
        if attempt != step.attempts + 1 {
            return Err(format!("attempt {attempt} of step {number} may not follow attempt {}", step.attempts));
        }
        if matches!(step.state, StepState::Succeeded { .. } | StepState::Skipped { .. }) {
            return Err(format!("step {number} is already done"));
        }
        step.attempts = attempt;
        step.started_at = step.started_at.or(Some(at));
        step.ended_at = None;
        step.before = before.clone();
        step.retry = false;
        step.state = StepState::Running;
        Ok(())
    }

    pub(super) fn end_step(
        &mut self,
        number: u32,
        attempt: u32,
        outcome: &StepOutcome,
        at: Timestamp,
    ) -> Result<(), String> {
        let step = self.step_mut(number)?;
        if step.state != StepState::Running || step.attempts != attempt {
            return Err(format!("attempt {attempt} of step {number} is not running"));
        }
        step.ended_at = Some(at);
        step.state = match outcome.clone() {
            StepOutcome::Succeeded { evidence } => StepState::Succeeded { evidence },
            StepOutcome::Failed { reason } => StepState::Failed { reason },
            StepOutcome::Unknown { reason } => StepState::Unknown { reason },
        };
        Ok(())
    }

    /// True for a step that a person does.
    #[must_use]
    pub fn is_manual(&self, step: u32) -> bool {
        self.header.procedure.steps.iter().any(|s| s.number == step && matches!(s.kind, StepKind::Manual {}))
    }

    /// True for a final check that a person makes: the plan names no command for it, or the host has nothing to run it with.
    #[must_use]
    pub fn is_checked_by_hand(&self, step: u32) -> bool {
        let resolved = self.resolution.as_ref().and_then(|(_, r)| r.steps.iter().find(|s| s.number == step));
        let by_hand = resolved.is_some_and(|s| s.by_hand.is_some());
        self.header.procedure.steps.iter().any(|s| s.number == step && s.check && (by_hand || self.is_manual(step)))
    }

    /// Final checks that a person still has to make, or has found not to hold.
    #[must_use]
    pub fn open_checks(&self) -> usize {
        let open = |step: &&StepRun| !matches!(step.state, StepState::Succeeded { .. } | StepState::Skipped { .. });
        self.steps.iter().filter(open).filter(|step| self.is_checked_by_hand(step.number)).count()
    }

    /// Steps that recover and that a person skipped: what came after them says nothing about the procedure as it is written.
    #[must_use]
    pub fn left_out(&self) -> Vec<u32> {
        let skipped = |n| self.steps.iter().any(|s| s.number == n && matches!(s.state, StepState::Skipped { .. }));
        let steps = self.header.procedure.steps.iter().filter(|step| step.recovers());
        steps.map(|step| step.number).filter(|number| skipped(*number)).collect()
    }

    pub(super) fn check(
        &mut self,
        number: u32,
        holds: bool,
        note: &str,
        by: &Actor,
        at: Timestamp,
    ) -> Result<(), String> {
        if !self.is_checked_by_hand(number) {
            return Err(format!("step {number} is not a check that a person makes"));
        }
        let note = if note.trim().is_empty() { String::new() } else { format!(": {}", note.trim()) };
        let step = self.step_mut(number)?;
        step.ended_at = Some(at);
        step.state = if holds {
            StepState::Succeeded { evidence: format!("{by} says that it holds{note}") }
        } else {
            StepState::Failed { reason: format!("{by} says that it does not hold{note}") }
        };
        Ok(())
    }

    pub(super) fn answer(&mut self, number: u32, answer: &Answer, by: &Actor, at: Timestamp) -> Result<(), String> {
        self.agreed(number, answer, by)?;
        let said_first = self.question.take().and_then(|question| question.proposal).filter(|_| self.takes_two(number));
        self.state = RunState::Running;
        match answer {
            // Asked again: nobody but a person can try.
            Answer::Retry if self.is_manual(number) => {}
            Answer::Retry => {
                self.step_mut(number)?.retry = true;
                // Somebody has looked: this step is to be done, so those after it have not been.
                self.restored_from = None;
            }
            Answer::Done { note } => {
                if !self.is_manual(number) {
                    return Err(format!("step {number} is not done by a person"));
                }
                let note = if note.trim().is_empty() { String::new() } else { format!(": {}", note.trim()) };
                let step = self.step_mut(number)?;
                step.ended_at = Some(at);
                step.state = StepState::Succeeded { evidence: format!("{by} says it is done{note}") };
            }
            Answer::Happened { note } => {
                if !self.is_unclear(number) {
                    return Err(format!("what became of step {number} is known"));
                }
                let who = said_first.map_or_else(|| by.to_string(), |first| format!("{} and {by}", first.by));
                let says = if who == by.to_string() { "says" } else { "say" };
                let note = if note.trim().is_empty() { String::new() } else { format!(": {}", note.trim()) };
                let step = self.step_mut(number)?;
                step.ended_at = Some(at);
                step.state = StepState::Succeeded { evidence: format!("{who} {says} that it took effect{note}") };
            }
            Answer::Skip { reason } => self.step_mut(number)?.state = StepState::Skipped { reason: reason.clone() },
            Answer::Stop { reason } => self.end(RunState::Stopped, at, Some(reason.clone())),
        }
        Ok(())
    }
}
