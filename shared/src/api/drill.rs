//! Drills on the wire: what is rehearsed when, what was begun, what it showed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    digest::Digest,
    domain::{
        actor::Actor,
        drill::{Every, Kind, Point, Promised, Verdict},
        incident::Person,
        run::RunState,
        text::Message,
    },
    ids::UserId,
    plan::Parameter,
    timestamp::Timestamp,
};

/// Begins one: the run is requested with it, and asks for the same consent as any other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DrillIn {
    /// Id of a procedure of the system's current plan.
    pub procedure: String,
    /// Values of its parameters, by name; what is not named stays as the plan has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Of the procedure as whoever presses the button saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure_digest: Option<Digest>,
    /// It ends after so long at the latest; between five minutes and a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_seconds: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DrillStopIn {
    pub reason: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DrillVerdictIn {
    pub verdict: Verdict,
    /// What was seen, and what has to change.
    pub note: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DrillScheduleIn {
    pub kind: Kind,
    /// Id of a procedure of the plan; of no other kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure: Option<String>,
    pub every: Every,
    /// The first time; then by the rule.
    pub due_at: Timestamp,
    pub responsible: UserId,
}

/// Another rule for the same drill.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DrillScheduleChangeIn {
    pub every: Every,
    /// When it is due next.
    pub due_at: Timestamp,
    pub responsible: UserId,
    /// When it was due as one saw it: if that has changed, nothing else is.
    pub seen_due_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DrillWindowIn {
    pub from_at: Timestamp,
    pub until_at: Timestamp,
    pub reason: Message,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillScheduleView {
    pub id: Uuid,
    pub kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub procedure: Option<String>,
    pub title: String,
    pub every: Every,
    pub due_at: Timestamp,
    pub overdue: bool,
    /// When it would have been due, and what is in the way.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub moved_from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub moved_why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub done_at: Option<Timestamp>,
    pub responsible: Person,
    /// What it names is not in the plan any more.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub gone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillWindowView {
    pub id: Uuid,
    pub from_at: Timestamp,
    pub until_at: Timestamp,
    pub reason: String,
    pub by: Actor,
}

/// A recovery time that the plan promises for what a procedure acts on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillObjective {
    pub name: String,
    pub seconds: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillVerdictView {
    pub verdict: Verdict,
    pub by: Actor,
    pub at: Timestamp,
    pub note: String,
}

/// One drill: what it was, what became of it, what it showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillView {
    pub number: i64,
    pub procedure: String,
    pub title: String,
    pub incident: i64,
    pub run: i64,
    pub run_state: RunState,
    pub begun_by: Actor,
    pub begun_at: Timestamp,
    /// It is ended then at the latest.
    pub until: Timestamp,
    /// Why it was ended before its time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped_why: Option<String>,
    /// When the target was removed, and what of it is still there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cleared_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub left_behind: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    /// From the target's standing to the last step, if the run succeeded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recovered_seconds: Option<i64>,
    /// From the request, with the time that it took to make the target.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked_seconds: Option<i64>,
    /// What would have been lost, for each recovery point that the plan promised, if the run succeeded.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub points: Vec<Point>,
    /// What the plan in force promises for what the procedure acts on, the longest first.
    pub objectives: Vec<DrillObjective>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<DrillVerdictView>,
}

/// Somebody who can be responsible, and for which kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillResponsible {
    pub id: UserId,
    pub name: String,
    pub kinds: Vec<Kind>,
}

/// A procedure that can be rehearsed, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillOffer {
    pub procedure: String,
    pub title: String,
    pub digest: Digest,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parameters: Vec<Parameter>,
    /// Values to choose from, by the parameter's name; what is not in it is written.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub choices: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
}

/// Everything about a system's drills, for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillsView {
    pub system: String,
    pub name: String,
    /// The next one first.
    pub schedules: Vec<DrillScheduleView>,
    pub windows: Vec<DrillWindowView>,
    /// Newest first.
    pub drills: Vec<DrillView>,
    pub procedures: Vec<DrillOffer>,
    /// Points of the plan that ask for rehearsals.
    pub promised: Vec<Promised>,
    /// Who can be responsible.
    pub people: Vec<DrillResponsible>,
    /// Why none can be begun now, or not by this person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub begin_refused: Option<String>,
    /// Why this person cannot say when they come due.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan_refused: Option<String>,
    pub now: Timestamp,
}
