//! Versions of a plan on the wire: the list, what differs between two, and saving another one. The plan in force is `system`'s.

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    domain::{actor::Actor, plan_change::PlanChange, plan_proposal::Proposal, text::Message, text_diff::Hunk},
    plan::Diagnostic,
    timestamp::Timestamp,
};

/// A version without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanVersionView {
    /// Counts from 1 within the system.
    pub version: i32,
    pub imported_at: Timestamp,
    pub imported_by: Actor,
    pub reason: String,
    /// Of the text, byte for byte.
    pub digest: Digest,
    /// It came from this incident, which the reader may see.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub incident: Option<i64>,
}

/// What an incident says about the plan in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanProposalView {
    /// Slug.
    pub system: String,
    /// The version in force, that the lines are of.
    pub version: i32,
    pub source: String,
    /// In the order of the text.
    pub proposals: Vec<Proposal>,
    /// Versions that came from this incident before.
    pub adopted: Vec<i32>,
}

/// Another text for a system's plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanIn {
    /// Kept byte for byte.
    pub source: String,
    pub reason: Message,
    /// The version this text was made from.
    pub base_version: i32,
}

/// What differs between two versions: in words, and line by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanDiff {
    pub from: PlanVersionView,
    pub to: PlanVersionView,
    pub changes: Vec<PlanChange>,
    pub hunks: Vec<Hunk>,
}

/// `details` of `plan-changed`: what is there now. Whoever sent another text still has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanConflict {
    /// The version the text that was sent was made from.
    pub base_version: i32,
    pub current: PlanVersionView,
    pub current_source: String,
}

/// `details` of a text that has errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanRefused {
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlanCommand {
    /// Save another version.
    Save,
}
