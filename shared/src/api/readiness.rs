//! How ready a system is, on the wire.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{readiness::Item, standing_order::Missing},
    timestamp::Timestamp,
};

/// A day of which it is known how ready the system was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReadinessDay {
    /// Where the day begins, in UTC.
    pub at: Timestamp,
    pub score: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReadinessView {
    /// Slug and name of the system.
    pub system: String,
    pub name: String,
    /// Version of the plan that it is judged by.
    pub plan_version: i32,
    /// 0 to 100.
    pub score: u32,
    /// What most is lost by comes first.
    pub items: Vec<Item>,
    /// What the plan says happens by itself, and no standing order stands for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub without_order: Vec<Missing>,
    /// Oldest first.
    pub days: Vec<ReadinessDay>,
    pub at: Timestamp,
}
