//! Monitors on the wire: what people decided, how each stands, what was found.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        actor::Actor,
        monitor::{Baseline, Bucket, Definition, Span, State, Verdict},
    },
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LastCheckView {
    pub at: Timestamp,
    pub verdict: Verdict,
    pub took_ms: u32,
    /// In the check's unit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MonitorView {
    pub id: Uuid,
    /// Slug of the system.
    pub system: String,
    pub definition: Definition,
    pub version: i32,
    pub made_by: Actor,
    pub made_at: Timestamp,
    pub state: State,
    pub since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<LastCheckView>,
    /// Absent while it is paused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due_at: Option<Timestamp>,
    /// What it is about was brought back lately: until then it looks more often, and fewer bad checks make it down.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closely_until: Option<Timestamp>,
    /// Nobody has made a check that was due: no worker looks at this project.
    pub overdue: bool,
    /// Checks of the last day, and how many of them were bad.
    pub day_checks: i64,
    pub day_bad: i64,
    /// What its definition names and the plan in force does not have, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stale: Option<String>,
}

/// New monitors; all of them, or none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MonitorsIn {
    #[cfg_attr(feature = "openapi", schemars(length(min = 1, max = 50)))]
    pub monitors: Vec<Definition>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MonitorChangeIn {
    /// The `version` that was changed: if it is not the newest any more, nothing is changed.
    pub version: i32,
    pub definition: Definition,
}

/// A recovery point that the plan promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PromisedPoint {
    pub data: String,
    pub amount: u64,
    pub unit: String,
}

/// What the plan itself says is worth watching, and is not watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SuggestedView {
    pub monitors: Vec<Definition>,
    /// Recovery points that nothing measures.
    pub unmeasured: Vec<PromisedPoint>,
}

/// One change of a monitor's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MonitorChangeView {
    pub number: i64,
    pub at: Timestamp,
    pub before: State,
    pub state: State,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MonitorHistory {
    pub span: Span,
    /// Oldest first; a time in which nothing was checked has none.
    pub buckets: Vec<Bucket>,
    /// The share of checks that were not bad.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uptime: Option<f64>,
    /// What it usually finds, if that says how well something performs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<Baseline>,
    /// Newest first.
    pub changes: Vec<MonitorChangeView>,
}
