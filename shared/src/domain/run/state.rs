//! The states of a run, with their names and words. Which may follow which is `run`'s.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// In line behind the run that is live on the same target.
    Waiting,
    /// The worker looks at the live host.
    Resolving,
    AwaitingApproval,
    /// Approved, waiting for the worker.
    Queued,
    Running,
    /// A step failed or its outcome is unknown: a person decides.
    Asking,
    /// A person wants it to end: nothing more is begun, and what was begun is brought to its end.
    Cancelling,
    Succeeded,
    /// Ended by a person after a failure, or refused by the worker's guard.
    Stopped,
    Refused,
    Expired,
    Withdrawn,
    /// The live host does not have what the steps name.
    Unresolvable,
    /// Ended by a person while a step was under way, or between two.
    Cancelled,
    /// Everything was looked up, and nothing was to be done.
    DryRun,
}

impl RunState {
    pub const ALL: [Self; 15] = [
        Self::Waiting,
        Self::Resolving,
        Self::AwaitingApproval,
        Self::Queued,
        Self::Running,
        Self::Asking,
        Self::Cancelling,
        Self::Succeeded,
        Self::Stopped,
        Self::Refused,
        Self::Expired,
        Self::Withdrawn,
        Self::Unresolvable,
        Self::Cancelled,
        Self::DryRun,
    ];

    /// True until the run has ended. One of them per target may be past [`RunState::Waiting`].
    #[must_use]
    pub fn live(self) -> bool {
        matches!(
            self,
            Self::Waiting
                | Self::Resolving
                | Self::AwaitingApproval
                | Self::Queued
                | Self::Running
                | Self::Asking
                | Self::Cancelling
        )
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Resolving => "resolving",
            Self::AwaitingApproval => "awaiting-approval",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Asking => "asking",
            Self::Cancelling => "cancelling",
            Self::Succeeded => "succeeded",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Unresolvable => "unresolvable",
            Self::Cancelled => "cancelled",
            Self::DryRun => "dry-run",
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting in line",
            Self::Resolving => "Looking at the host",
            Self::AwaitingApproval => "Waiting for approval",
            Self::Queued => "Approved, about to start",
            Self::Running => "Running",
            Self::Asking => "Needs a decision",
            Self::Cancelling => "Being cancelled",
            Self::Succeeded => "Succeeded",
            Self::Stopped => "Stopped",
            Self::Refused => "Refused",
            Self::Expired => "Approval expired",
            Self::Withdrawn => "Withdrawn",
            Self::Unresolvable => "Cannot run on this host",
            Self::Cancelled => "Cancelled",
            Self::DryRun => "Dry run, nothing was done",
        }
    }
}
