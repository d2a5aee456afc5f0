//! Follow-ups of incidents on the wire. No rule is made here.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        follow_up::{FollowUpState, Priority},
        incident::Person,
        text::{Message, TaskText},
    },
    ids::UserId,
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FollowUpView {
    pub number: i64,
    pub incident: i64,
    pub incident_title: String,
    pub title: String,
    pub owner: Option<Person>,
    pub due_at: Option<Timestamp>,
    /// By the server's clock, when it was asked.
    pub overdue: bool,
    pub priority: Priority,
    pub state: FollowUpState,
    /// A change names the one it was made from.
    pub version: i32,
    /// How it ended.
    pub note: String,
    pub link: Option<String>,
    pub added_by: String,
    pub added_at: Timestamp,
    pub ended_by: Option<String>,
    pub ended_at: Option<Timestamp>,
}

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowUpIn {
    pub title: TaskText,
    /// Somebody who may handle incidents; absent if nobody has it yet.
    #[serde(default)]
    pub owner: Option<UserId>,
    #[serde(default)]
    pub due_at: Option<Timestamp>,
    pub priority: Priority,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowUpChangeIn {
    /// Of the follow-up as one saw it: if somebody was faster, nothing is changed.
    pub version: i32,
    pub to: FollowUpIn,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowUpEndIn {
    pub version: i32,
    /// To open it again, too.
    pub state: FollowUpState,
    /// How it ended: needed to drop it or to open it again.
    #[serde(default)]
    pub note: Option<Message>,
    /// Where it can be seen.
    #[serde(default)]
    pub link: Option<String>,
}

/// Which follow-ups are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FollowUpsShown {
    Open,
    Mine,
    Overdue,
    Ended,
}

impl FollowUpsShown {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mine => "mine",
            Self::Overdue => "overdue",
            Self::Ended => "ended",
        }
    }
}

/// How many were open, by month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FollowUpMonth {
    /// Where the month begins, in UTC.
    pub month: Timestamp,
    pub added: i64,
    pub ended: i64,
    /// At its end, or now.
    pub open: i64,
    /// Of those ended in it, half took no longer than this many seconds.
    pub half: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FollowUpStatistics {
    pub open: i64,
    pub overdue: i64,
    /// Age of the oldest open one in seconds.
    pub oldest: Option<i64>,
    /// Oldest first.
    pub months: Vec<FollowUpMonth>,
}
