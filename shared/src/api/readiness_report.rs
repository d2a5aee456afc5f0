//! The report on readiness for auditors: one document of what is promised, what was shown, and how. It is signed as it stands here.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    api::readiness::ReadinessDay,
    digest::Digest,
    domain::{incident::IncidentState, readiness::Item, run::RunState},
    timestamp::Timestamp,
};

/// The kind of document, as its signature says it.
pub const KIND: &str = "readiness-report";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessReport {
    /// The installation that made it.
    pub install: Uuid,
    pub at: Timestamp,
    /// The time it is about, up to `at`.
    pub since: Timestamp,
    /// Slug and name of the system.
    pub system: String,
    pub name: String,
    pub plan_version: i32,
    /// Of the plan's text, byte for byte.
    pub plan_digest: Digest,
    /// 0 to 100.
    pub score: u32,
    /// What most is lost by comes first.
    pub items: Vec<Item>,
    /// Oldest first, of the time chosen.
    pub days: Vec<ReadinessDay>,
    /// Recovery runs that were asked for in the time chosen, oldest first. What only some may see is not in it.
    pub runs: Vec<RunLine>,
    pub incidents: Vec<IncidentLine>,
    /// Rehearsals of the contact tree.
    pub contact_drills: Vec<DrillLine>,
    /// The end of the audit chain when it was made.
    pub audit: ChainEnd,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    pub number: i64,
    pub procedure: String,
    pub state: RunState,
    pub dry_run: bool,
    pub requested_by: String,
    pub requested_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentLine {
    pub number: i64,
    pub level: u8,
    pub title: String,
    pub state: IncidentState,
    pub declared_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub acknowledged_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resolved_at: Option<Timestamp>,
    /// Promises that were kept and missed.
    pub kept: u32,
    pub missed: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillLine {
    pub number: i64,
    pub begun_at: Timestamp,
    pub called: u32,
    pub in_time: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainEnd {
    pub seq: u64,
    pub hash: Digest,
}
