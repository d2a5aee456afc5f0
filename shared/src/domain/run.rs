//! A recovery run as a fold of its log: one transition function, illegal pairs are errors. Decides nothing about the future
//! (that is `next`) and does nothing.

mod restored;
mod state;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::state::RunState;

use crate::{
    digest::Digest,
    domain::{
        actor::Actor,
        approval::{ApprovalPolicy, Choice, Content, Decision},
        resolution::Resolution,
    },
    ids::{IncidentId, PlanVersionId, RunId, SystemId, UserId},
    plan::{Procedure, StepKind},
    timestamp::Timestamp,
};

/// Fixed when the run is requested; never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHeader {
    pub id: RunId,
    pub number: i64,
    pub incident: IncidentId,
    pub system: SystemId,
    /// The Compose project it may touch.
    pub project: String,
    pub plan_version: PlanVersionId,
    pub plan_digest: Digest,
    /// Pinned: the procedure as it was compiled from that version.
    pub procedure: Procedure,
    /// Values of the procedure's parameters; one that is not here is as the plan has it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub parameters: BTreeMap<String, String>,
    pub policy: ApprovalPolicy,
    /// How long the system is watched after it, as the plan had it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub watch_seconds: Option<u64>,
    /// Only looked up, never done.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub dry_run: bool,
    pub requested_by: UserId,
    pub requested_at: Timestamp,
}

impl RunHeader {
    /// The procedure with its parameters' values in place: what is really done.
    #[must_use]
    pub fn meant(&self) -> Procedure {
        self.procedure.with(&self.parameters)
    }
}

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// From 1, without gaps within the run.
    pub seq: i32,
    pub at: Timestamp,
    pub by: Actor,
    #[serde(flatten)]
    pub event: RunEvent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum RunEvent {
    Requested,
    Resolved {
        resolution: Resolution,
    },
    Unresolvable {
        reason: String,
    },
    Decided {
        decision: Decision,
    },
    /// Enough consent: the queue row was written in the same transaction.
    Granted,
    Expired,
    Withdrawn {
        reason: String,
    },
    /// A worker has taken the run (again, after another one died).
    Claimed {
        fence: i64,
    },
    /// Intent, written before the host is touched. `before` are facts that tell later whether the effect happened.
    StepStarted {
        step: u32,
        attempt: u32,
        fence: i64,
        before: BTreeMap<String, String>,
    },
    StepEnded {
        step: u32,
        attempt: u32,
        fence: i64,
        outcome: StepOutcome,
    },
    /// The step's outcome needs a person.
    Asked {
        step: u32,
        why: String,
    },
    Answered {
        step: u32,
        answer: Answer,
    },
    /// A person has made a final check.
    Checked {
        step: u32,
        holds: bool,
        note: String,
    },
    /// The worker's guard found that what was approved is not what would happen. Nothing was done.
    GuardRefused {
        reason: String,
    },
    /// A person wants the run to end. What was begun goes on until it has ended or was ended.
    CancelAsked {
        reason: String,
    },
    /// Nothing of it goes on any more.
    Cancelled,
    /// The database was brought back from a backup while this run was under way: what happened since then is not in this log.
    Restored {
        backup_of: Timestamp,
    },
    Finished {
        succeeded: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum StepOutcome {
    /// `evidence`: one line a person can read: "height grew from 41 to 42".
    Succeeded {
        evidence: String,
    },
    Failed {
        reason: String,
    },
    /// Begun, and nobody can tell whether it happened.
    Unknown {
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Retry,
    /// A person has done what a manual step asks for; `note` may say how.
    Done {
        note: String,
    },
    Skip {
        reason: String,
    },
    Stop {
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum StepState {
    Pending,
    Running,
    Succeeded { evidence: String },
    Failed { reason: String },
    Unknown { reason: String },
    Skipped { reason: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRun {
    pub number: u32,
    #[serde(flatten)]
    pub state: StepState,
    pub attempts: u32,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Facts noted with the intent of the last attempt.
    pub before: BTreeMap<String, String>,
    /// A person asked for another attempt.
    pub retry: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub header: RunHeader,
    pub state: RunState,
    pub resolution: Option<(Timestamp, Resolution)>,
    pub decisions: Vec<Decision>,
    pub steps: Vec<StepRun>,
    pub fence: i64,
    pub last_seq: i32,
    /// Step and reason, while [`RunState::Asking`].
    pub question: Option<(u32, String)>,
    pub ended_at: Option<Timestamp>,
    /// Why it ended, where the state's name does not say it.
    pub reason: Option<String>,
    /// Instant of the backup this run was restored from, until a person has had a step begun again: what the log does not
    /// name may have happened since.
    pub restored_from: Option<Timestamp>,
}

/// The log cannot have been written by this program, or was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run's log is corrupt at event {seq}: {what}")]
pub struct CorruptLog {
    pub seq: i32,
    pub what: String,
}

impl Run {
    /// Before its first event.
    #[must_use]
    pub fn new(header: RunHeader) -> Self {
        let steps = header
            .procedure
            .steps
            .iter()
            .map(|step| StepRun {
                number: step.number,
                state: StepState::Pending,
                attempts: 0,
                started_at: None,
                ended_at: None,
                before: BTreeMap::new(),
                retry: false,
            })
            .collect();
        Self {
            header,
            state: RunState::Resolving,
            resolution: None,
            decisions: vec![],
            steps,
            fence: 0,
            last_seq: 0,
            question: None,
            ended_at: None,
            reason: None,
            restored_from: None,
        }
    }

    /// # Errors
    /// If an event may not follow those before it.
    pub fn replay(header: RunHeader, events: &[Recorded]) -> Result<Self, CorruptLog> {
        events.iter().try_fold(Self::new(header), |run, recorded| run.apply(recorded))
    }

    /// The one transition function.
    ///
    /// # Errors
    /// If the event may not follow the state the run is in.
    pub fn apply(mut self, recorded: &Recorded) -> Result<Self, CorruptLog> {
        use RunEvent as E;
        use RunState as S;
        let (seq, at, from) = (recorded.seq, recorded.at, self.state);
        let corrupt = |what: String| CorruptLog { seq, what };
        if seq != self.last_seq + 1 {
            return Err(corrupt(format!("expected event {}", self.last_seq + 1)));
        }
        self.last_seq = seq;
        match (&recorded.event, from) {
            (E::Requested, S::Resolving) if seq == 1 => {}
            (E::Resolved { resolution }, S::Resolving) => {
                self.resolution = Some((at, resolution.clone()));
                self.state = S::AwaitingApproval;
                if self.header.dry_run {
                    self.end(S::DryRun, at, None);
                }
            }
            (E::Unresolvable { reason }, S::Resolving) => self.end(S::Unresolvable, at, Some(reason.clone())),
            (E::Decided { decision }, S::AwaitingApproval) => {
                self.decisions.push(decision.clone());
                if let Choice::Refuse { reason } = &decision.choice {
                    self.end(S::Refused, at, Some(reason.clone()));
                }
            }
            (E::Granted, S::AwaitingApproval) => self.state = S::Queued,
            (E::Expired, S::Resolving | S::AwaitingApproval | S::Queued) => self.end(S::Expired, at, None),
            (E::Withdrawn { reason }, S::Resolving | S::AwaitingApproval | S::Queued) => {
                self.end(S::Withdrawn, at, Some(reason.clone()));
            }
            (E::GuardRefused { reason }, S::Queued | S::Running | S::Cancelling) => {
                self.end(S::Stopped, at, Some(reason.clone()))
            }
            (E::Claimed { fence }, S::Queued | S::Running | S::Cancelling) if *fence > self.fence => {
                self.fence = *fence;
                if from != S::Cancelling {
                    self.state = S::Running;
                }
            }
            (E::StepStarted { step, attempt, fence, before }, S::Running) if *fence == self.fence => {
                self.start_step(*step, *attempt, before, at).map_err(corrupt)?;
            }
            (E::StepEnded { step, attempt, fence, outcome }, S::Running | S::Cancelling) if *fence == self.fence => {
                self.end_step(*step, *attempt, outcome, at).map_err(corrupt)?;
            }
            (E::Asked { step, why }, S::Running) => {
                self.question = Some((*step, why.clone()));
                self.state = S::Asking;
            }
            (E::Answered { step, answer }, S::Asking) if self.question.as_ref().is_some_and(|(s, _)| s == step) => {
                self.answer(*step, answer, &recorded.by, at).map_err(corrupt)?;
            }
            (E::Checked { step, holds, note }, S::Asking | S::Succeeded) => {
                self.check(*step, *holds, note, &recorded.by, at).map_err(corrupt)?;
            }
            (E::CancelAsked { reason }, S::Running) => {
                self.state = S::Cancelling;
                self.reason = Some(format!("{}: {reason}", recorded.by));
            }
            (E::Cancelled, S::Cancelling) if !self.steps.iter().any(|s| s.state == StepState::Running) => {
                let reason = self.reason.take();
                self.end(S::Cancelled, at, reason);
            }
            (E::Restored { backup_of }, S::Running | S::Asking | S::Cancelling) => {
                self.restored_from = Some(*backup_of)
            }
            (E::Finished { succeeded: true }, S::Running) => self.end(S::Succeeded, at, None),
            (event, state) => return Err(corrupt(format!("{event:?} may not follow {state:?}"))),
        }
        Ok(self)
    }

    fn end(&mut self, state: RunState, at: Timestamp, reason: Option<String>) {
        self.state = state;
        self.ended_at = Some(at);
        self.reason = reason;
        self.question = None;
    }

    fn step_mut(&mut self, number: u32) -> Result<&mut StepRun, String> {
        self.steps.iter_mut().find(|s| s.number == number).ok_or_else(|| format!("there is no step {number}"))
    }

    fn start_step(
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

    fn end_step(&mut self, number: u32, attempt: u32, outcome: &StepOutcome, at: Timestamp) -> Result<(), String> {
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

    fn check(&mut self, number: u32, holds: bool, note: &str, by: &Actor, at: Timestamp) -> Result<(), String> {
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

    fn answer(&mut self, number: u32, answer: &Answer, by: &Actor, at: Timestamp) -> Result<(), String> {
        self.question = None;
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
            Answer::Skip { reason } => self.step_mut(number)?.state = StepState::Skipped { reason: reason.clone() },
            Answer::Stop { reason } => self.end(RunState::Stopped, at, Some(reason.clone())),
        }
        Ok(())
    }

    /// What approvers consent to, once the host has been looked at.
    #[must_use]
    pub fn content(&self) -> Option<Content> {
        let (_, resolution) = self.resolution.as_ref()?;
        Some(Content {
            plan_digest: self.header.plan_digest,
            procedure_digest: self.header.procedure.digest,
            resolution_digest: resolution.digest(),
        })
    }

    /// Until when consent can be given and used.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.resolution.as_ref().map(|(at, _)| at.plus_seconds(self.header.policy.expires_seconds))
    }

    #[must_use]
    pub fn kind_of(&self, step: u32) -> Option<StepKind> {
        self.header.meant().steps.into_iter().find(|s| s.number == step).map(|s| s.kind)
    }
}
