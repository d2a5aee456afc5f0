//! A recovery run as a fold of its log: one transition function, illegal pairs are errors. Decides nothing about the future
//! (that is `next`) and does nothing.

mod event;
mod priority;
mod question;
mod restored;
mod resumed;
mod state;
mod step;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    event::{Answer, Recorded, RunEvent, StepOutcome, StepRun, StepState},
    priority::Priority,
    question::{Proposal, Question, Seen},
    resumed::Resumed,
    state::RunState,
};

use crate::{
    digest::Digest,
    domain::{
        actor::Actor,
        approval::{ApprovalPolicy, Choice, Content, Decision, Glass},
        resolution::Resolution,
        standing_order::Ordered,
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
    /// In a drill: the project of the system itself, which is not touched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub drill_of: Option<String>,
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
    /// Begins in line behind the run that is live on its target.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub waits: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resumes: Option<Resumed>,
    /// Number of the standing order that it was begun by, instead of by a person; then who proposed that is who requested it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub standing_order: Option<i64>,
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub header: RunHeader,
    pub state: RunState,
    pub resolution: Option<(Timestamp, Resolution)>,
    pub decisions: Vec<Decision>,
    pub steps: Vec<StepRun>,
    pub fence: i64,
    pub last_seq: i32,
    /// While [`RunState::Asking`].
    pub question: Option<Question>,
    pub ended_at: Option<Timestamp>,
    /// Why it ended, where the state's name does not say it.
    pub reason: Option<String>,
    /// Instant of the backup this run was restored from, until a person has had a step begun again: what the log does not
    /// name may have happened since.
    pub restored_from: Option<Timestamp>,
    /// Consent that nobody else gave.
    pub glass: Option<Glass>,
    /// What somebody else says about the broken glass afterwards.
    pub review: Option<Review>,
    /// Consent that was given beforehand.
    pub ordered: Option<Ordered>,
    /// Its place among runs that wait for the same thing.
    pub priority: Priority,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Review {
    pub by: Actor,
    pub at: Timestamp,
    pub text: String,
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
                state: header
                    .resumes
                    .iter()
                    .find_map(|r| r.done.get(&step.number).cloned())
                    .unwrap_or(StepState::Pending),
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
            glass: None,
            review: None,
            ordered: None,
            priority: Priority::default(),
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
            (E::Requested, S::Resolving) if seq == 1 => {
                if self.header.waits {
                    self.state = S::Waiting;
                }
            }
            (E::Ordered { ordered }, S::Resolving) if self.header.standing_order == Some(ordered.order) => {
                self.ordered = Some(ordered.clone());
            }
            (E::Called, S::Waiting) => self.state = S::Resolving,
            (E::Prioritised { priority }, S::Waiting | S::Resolving | S::AwaitingApproval | S::Queued) => {
                self.priority = *priority;
            }
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
            (E::GlassBroken { glass }, S::AwaitingApproval) => self.glass = Some(glass.clone()),
            (E::Granted, S::AwaitingApproval) => self.state = S::Queued,
            (E::Expired, S::Resolving | S::AwaitingApproval | S::Queued) => self.end(S::Expired, at, None),
            (E::Withdrawn { reason }, S::Waiting | S::Resolving | S::AwaitingApproval | S::Queued) => {
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
            (E::Asked { step, why, seen }, S::Running) => {
                self.question = Some(Question { step: *step, why: why.clone(), seen: seen.clone(), proposal: None });
                self.state = S::Asking;
            }
            (E::Proposed { step, answer }, S::Asking) if self.asks_about(*step) => {
                let proposal = Proposal { by: recorded.by.clone(), at, answer: answer.clone() };
                self.propose(Some(proposal)).map_err(corrupt)?;
            }
            (E::Objected { step, .. }, S::Asking) if self.asks_about(*step) => self.propose(None).map_err(corrupt)?,
            (E::Answered { step, answer }, S::Asking) if self.asks_about(*step) => {
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
            (E::Reviewed { text }, state) if !state.live() && self.owes_review() => {
                self.review = Some(Review { by: recorded.by.clone(), at, text: text.clone() });
            }
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

    /// Consent was given by breaking the glass, and nobody else has looked at it yet.
    #[must_use]
    pub fn owes_review(&self) -> bool {
        self.glass.is_some() && self.review.is_none()
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

#[cfg(test)]
mod tests;
