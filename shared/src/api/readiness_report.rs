//! The report on readiness for auditors: one document of what is promised, what was shown, and how. It is signed as it stands here.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    api::{drill::DrillObjective, readiness::ReadinessDay},
    digest::Digest,
    domain::{
        drill::{Point, Verdict},
        incident::IncidentState,
        readiness::Item,
        run::RunState,
        verification::State,
    },
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
    /// Recovery runs that were asked for in the time chosen, oldest first, but for rehearsals. What only some may see is not in it.
    pub runs: Vec<RunLine>,
    pub incidents: Vec<IncidentLine>,
    /// Rehearsals of the contact tree.
    pub contact_drills: Vec<DrillLine>,
    /// Rehearsals of procedures that were begun in the time chosen, oldest first.
    #[serde(default)]
    pub drills: Vec<RehearsalLine>,
    /// Trials of the backups that ended in the time chosen, oldest first; of very many only the newest.
    #[serde(default)]
    pub trials: Vec<TrialLine>,
    /// The end of the audit chain when it was made.
    pub audit: ChainEnd,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    pub number: i64,
    pub procedure: String,
    pub state: RunState,
    pub dry_run: bool,
    /// The person's name, or the standing order that it was begun by.
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
pub struct RehearsalLine {
    pub number: i64,
    pub procedure: String,
    pub run: i64,
    pub run_state: RunState,
    pub begun_by: String,
    pub begun_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    /// Why it was ended before its time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped_why: Option<String>,
    /// From the target's standing to the last step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recovered_seconds: Option<i64>,
    /// What the plan in force promises for what it acts on.
    pub promised: Vec<DrillObjective>,
    /// What would have been lost.
    pub points: Vec<Point>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<VerdictLine>,
}

/// What somebody said of a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictLine {
    pub verdict: Verdict,
    pub by: String,
    pub at: Timestamp,
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialLine {
    pub state: State,
    pub ended_at: Timestamp,
    pub why: String,
    pub places: Vec<PlaceLine>,
}

/// What became of the newest backup of one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceLine {
    pub place: String,
    pub verified: bool,
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub loss_seconds: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainEnd {
    pub seq: u64,
    pub hash: Digest,
}
