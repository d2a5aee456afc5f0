//! What a timeline tells of a recovery run. Names moments; what a run is, is the run's own.

use serde::{Deserialize, Serialize};

/// One moment of a recovery run as the timeline tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunMoment {
    Requested,
    /// It was first in line.
    Called,
    /// Its place among those that wait was changed.
    Prioritised,
    Resolved,
    Unresolvable,
    Approved,
    /// One person has taken the consent of others upon themselves.
    GlassBroken,
    /// Somebody else has looked at that.
    Reviewed,
    Refused,
    Expired,
    Withdrawn,
    Started,
    StepEnded,
    Asked,
    Answered,
    /// By what its steps took before it will miss what the plan promises.
    Late,
    /// A person wants it to end.
    CancelAsked,
    Cancelled,
    /// A person has made a final check.
    Checked,
    Succeeded,
    /// The watch after the recovery saw a change, or has ended.
    Watched,
    Stopped,
    /// A drill's target was removed.
    Cleared,
}
