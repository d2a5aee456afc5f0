//! Reviews of access and audits of security on the wire. No rule lives here.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        actor::Actor,
        inspection::{Decision, Kind, Subject, hardening::Found},
        text::{Message, Remark},
    },
    timestamp::Timestamp,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InspectionIn {
    pub kind: Kind,
}

/// What is said of one line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "InspectionDecisionIn"))]
#[serde(deny_unknown_fields)]
pub struct DecideIn {
    pub decision: Decision,
    /// Needed where something stands out, or is to be done.
    pub note: Remark,
    /// When the decision that one saw was taken; absent: there was none. If somebody was faster, nothing is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "InspectionEndIn"))]
#[serde(deny_unknown_fields)]
pub struct EndIn {
    /// What is to be remembered of it, or why it is called off.
    pub note: Message,
}

/// One inspection in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct InspectionRow {
    pub number: i64,
    pub kind: Kind,
    pub begun_by: Actor,
    pub begun_at: Timestamp,
    pub lines: u32,
    /// That somebody has still to decide.
    pub undecided: u32,
    /// Decisions to change or remove, or that something does not hold.
    pub objections: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_by: Option<Actor>,
    /// It ended without a result.
    pub called_off: bool,
}

/// The inspections of a system, for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct InspectionsView {
    pub system: String,
    pub name: String,
    /// Newest first.
    pub items: Vec<InspectionRow>,
    /// Why this person can begin none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub begin_refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "InspectionSaid"))]
pub struct Said {
    pub decision: Decision,
    pub note: String,
    pub by: Actor,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct InspectionLineView {
    pub place: u32,
    pub subject: Subject,
    /// What stands out, in sentences.
    pub marks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub found: Option<Found>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub said: Option<Said>,
    /// Nothing is left to decide.
    pub settled: bool,
    /// Why this person cannot decide about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
    /// What has changed about the account since it was looked at; empty: it is as it was.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub since: Vec<String>,
}

/// One inspection, for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct InspectionView {
    #[serde(flatten)]
    pub row: InspectionRow,
    pub system: String,
    pub name: String,
    pub plan_version: i32,
    /// Of accounts those that stand out come first; of points those that Muster looks at by itself.
    pub items: Vec<InspectionLineView>,
    /// Which worker looked at the host, and when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub looked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub looked_at: Option<Timestamp>,
    /// What was said at its end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// Why this person cannot sign it off now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sign_off_refused: Option<String>,
    /// Why this person can change nothing about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inspect_refused: Option<String>,
    pub now: Timestamp,
}
