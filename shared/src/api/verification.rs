//! Verifications of backups on the wire: what people decided, and what each trial found.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        actor::Actor,
        verification::{Found, Settings, State},
    },
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct VerificationView {
    pub id: Uuid,
    /// Slug of the system.
    pub system: String,
    pub state: State,
    /// Absent: the schedule asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked_by: Option<Actor>,
    pub asked_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub begun_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub worker: Option<String>,
    /// Somebody wants it to end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cancelled_by: Option<Actor>,
    /// What the worker is at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doing: Option<String>,
    /// How often a worker began it: more than once if one died.
    pub n_attempts: i32,
    /// What it came to, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// As they were when it was asked for.
    pub settings: Settings,
    /// Place by place; in a list without what was compared and said.
    pub found: Vec<Found>,
}

/// Where the plan says that backups of something lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BackupPlace {
    pub label: String,
    pub path: String,
}

/// How the backups of a system are verified, and how that went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct VerificationsView {
    /// Those that were saved; else what the plan suggests, which does nothing before it is saved.
    pub settings: Settings,
    /// 0: nothing was saved yet.
    pub version: i32,
    /// When the next one is due.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due_at: Option<Timestamp>,
    pub places: Vec<BackupPlace>,
    /// Newest first.
    pub items: Vec<VerificationView>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VerificationSettingsIn {
    /// The `version` that was changed: if it is not the newest any more, nothing is changed.
    pub version: i32,
    pub settings: Settings,
}
