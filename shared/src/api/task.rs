//! Tasks of incidents on the wire, and what people are told because it is about them. No rule is made here.

use serde::{Deserialize, Serialize};

use crate::{
    api::incident::TimelineEntry,
    domain::{incident::Task, text::TaskText},
    ids::UserId,
    timestamp::Timestamp,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TaskIn {
    pub text: TaskText,
    /// Somebody who may handle incidents; absent if nobody has it yet.
    #[serde(default)]
    pub owner: Option<UserId>,
    #[serde(default)]
    pub due_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TaskDeedIn {
    /// Of the task as one saw it: if somebody was faster, nothing is changed.
    pub version: u32,
    pub deed: TaskVerb,
    /// To hand over: to whom.
    #[serde(default)]
    pub person: Option<UserId>,
    /// To change: what it says from now on.
    #[serde(default)]
    pub text: Option<TaskText>,
    /// To change: when it is due from now on, if at all.
    #[serde(default)]
    pub due_at: Option<Timestamp>,
}

impl TaskDeedIn {
    /// A deed that names nothing else.
    #[must_use]
    pub fn plain(version: u32, deed: TaskVerb) -> Self {
        Self { version, deed, person: None, text: None, due_at: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TaskVerb {
    Take,
    HandTo,
    /// Nobody has it then.
    LetGo,
    Change,
    Done,
    /// Nobody needs it any more.
    Drop,
    Reopen,
}

/// A task with where it belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OwnTaskView {
    pub incident: i64,
    pub incident_title: String,
    pub task: Task,
}

/// Something in a timeline that is about the person who asks: they were mentioned, asked, given a task, or are late with one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct NudgeView {
    pub number: i64,
    pub incident: i64,
    pub incident_title: String,
    pub entry: TimelineEntry,
}
