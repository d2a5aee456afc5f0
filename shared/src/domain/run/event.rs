//! What can stand in a run's log, and the states of its steps. What may follow what is decided in `run`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        actor::Actor,
        approval::{Decision, Glass},
        resolution::Resolution,
        run::{Priority, Seen},
        standing_order,
    },
    timestamp::Timestamp,
};

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
    /// A standing order began it: its consent was given beforehand.
    Ordered {
        ordered: standing_order::Ordered,
    },
    /// It was first in line, and the run before it has ended.
    Called,
    Prioritised {
        priority: Priority,
    },
    Resolved {
        resolution: Resolution,
    },
    Unresolvable {
        reason: String,
    },
    Decided {
        decision: Decision,
    },
    /// Somebody takes the consent upon themselves that others should have given.
    GlassBroken {
        glass: Glass,
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
        /// What the step means, as it looked when the question arose.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        seen: Vec<Seen>,
    },
    /// An answer that takes a second person: what the first one says.
    Proposed {
        step: u32,
        answer: Answer,
    },
    /// The second person says otherwise; the question stays.
    Objected {
        step: u32,
        reason: String,
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
    /// Somebody else has looked at a consent that was given by breaking the glass.
    Reviewed {
        text: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Retry,
    /// A person has done what a manual step asks for; `note` may say how.
    Done {
        note: String,
    },
    /// Somebody has looked: the step whose outcome nobody knew did take effect.
    Happened {
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
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
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
