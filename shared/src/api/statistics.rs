//! What incidents were like over time, on the wire. Spans are whole seconds.

use serde::{Deserialize, Serialize};

use crate::{api::follow_up::FollowUpStatistics, timestamp::Timestamp};

/// Of some incidents: how soon they were answered and over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Spread {
    pub n: i64,
    pub n_answered: i64,
    /// Half of them were answered within this (the median time to acknowledge).
    pub answered_half: Option<i64>,
    /// Nine of ten were.
    pub answered_most: Option<i64>,
    /// Not within their level's response time.
    pub answered_late: i64,
    pub n_over: i64,
    /// Half of them were over within this (the median time to recover).
    pub over_half: Option<i64>,
    pub over_most: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MonthStatistics {
    /// Where the month begins, in UTC.
    pub month: Timestamp,
    pub incidents: Spread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LevelStatistics {
    pub level: u8,
    pub incidents: Spread,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ComponentStatistics {
    /// Slug of the system, `/`, id in its plan.
    pub component: String,
    pub name: String,
    /// Incidents that affected it.
    pub n: i64,
    pub half: Option<i64>,
    pub most: Option<i64>,
    /// Times it came back and had a recovery time objective.
    pub n_measured: i64,
    /// Times that took longer than the objective.
    pub missed: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatisticsView {
    pub since: Timestamp,
    /// Oldest first; a month without an incident is not in it.
    pub months: Vec<MonthStatistics>,
    pub levels: Vec<LevelStatistics>,
    /// What was affected most comes first.
    pub components: Vec<ComponentStatistics>,
    pub follow_ups: FollowUpStatistics,
    /// Each time that something came back, oldest first; the newest of many.
    pub recoveries: Vec<RecoveryView>,
}

/// How long a component did not work in one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecoveryView {
    /// Slug of the system, `/`, id in its plan.
    pub component: String,
    pub name: String,
    pub incident: i64,
    pub ended_at: Timestamp,
    pub took_seconds: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub promised_seconds: Option<u64>,
}
