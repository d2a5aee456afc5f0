//! Alerts and their sources on the wire. A source's key is shown once, within its address.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    domain::{
        actor::Actor,
        alert::{Alert, Condition, Mapping, Rule, SourceKind},
        text::{Message, Name},
    },
    timestamp::Timestamp,
};

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It stands among the alerts.
    Shown,
    /// A rule says that it means nothing.
    Ignored,
    /// Its source was muted.
    Muted,
    /// An incident was declared for it.
    Declared,
    /// The incident that it led to before is still open.
    Joined,
}

impl Outcome {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Ignored => "ignored",
            Self::Muted => "muted",
            Self::Declared => "declared",
            Self::Joined => "joined",
        }
    }
}

/// One trouble of one source, from its first message to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AlertView {
    pub number: i64,
    /// Name of its source.
    pub source: String,
    /// Slug of the system.
    pub system: String,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// Absent as long as it fires.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    /// Messages that said so.
    pub n_heard: i64,
    pub outcome: Outcome,
    /// Number of the incident that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub incident: Option<i64>,
}

/// How often a heartbeat comes, and how much later it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BeatIn {
    /// 1 second to 365 days.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 31_536_000)))]
    pub every_seconds: u32,
    #[cfg_attr(feature = "openapi", schemars(range(max = 31_536_000)))]
    pub grace_seconds: u32,
}

/// What people decide about a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceSettingsIn {
    pub name: Name,
    /// Only for JSON of one's own; absent: the usual places.
    #[serde(default)]
    pub mapping: Option<Mapping>,
    /// The first that fits decides; where none does, the alert is shown and nothing else.
    #[cfg_attr(feature = "openapi", schemars(length(max = 100)))]
    pub rules: Vec<Rule>,
    /// For heartbeats, and only for them.
    #[serde(default)]
    pub beat: Option<BeatIn>,
    /// Until then its alerts are written down and lead to nothing.
    #[serde(default)]
    pub muted_until: Option<Timestamp>,
}

/// A new source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceIn {
    pub kind: SourceKind,
    pub settings: SourceSettingsIn,
}

/// A changed source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceChangeIn {
    /// The `version` that was changed: if it is not the newest any more, nothing is changed.
    pub version: i32,
    pub settings: SourceSettingsIn,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SourceView {
    pub id: Uuid,
    /// Slug of the system.
    pub system: String,
    pub kind: SourceKind,
    pub settings: SourceSettingsIn,
    pub version: i32,
    pub made_by: Actor,
    pub made_at: Timestamp,
    /// To within a few seconds.
    pub heard_at: Option<Timestamp>,
    /// A heartbeat that is silent.
    pub silent: bool,
    /// What its rules name and the plan in force does not have.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unknown: Vec<String>,
}

/// A source with its address, this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SourceMade {
    pub source: SourceView,
    /// Where it sends to; whoever knows it can send.
    pub address: String,
}

impl fmt::Debug for SourceMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceMade").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A message to try rules with; nothing comes of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TryIn {
    pub kind: SourceKind,
    #[serde(default)]
    pub mapping: Option<Mapping>,
    #[cfg_attr(feature = "openapi", schemars(length(max = 100)))]
    pub rules: Vec<Rule>,
    pub message: Value,
}

/// What one alert of a message would lead to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TriedView {
    pub alert: Alert,
    /// Number of the rule that decides, from 1; absent where none fits.
    pub rule: Option<usize>,
    /// "Declares an incident of level 2".
    pub words: String,
}

/// A message was taken; in the shape that senders of `PagerDuty` events expect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TakenView {
    /// Always `success`.
    pub status: String,
    pub message: String,
    /// Of the only alert of the message.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dedup_key: Option<String>,
}

/// Alerts that lead to nothing for a while: those for which all conditions hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SilenceIn {
    #[cfg_attr(feature = "openapi", schemars(length(min = 1, max = 20)))]
    pub conditions: Vec<Condition>,
    pub reason: Message,
    /// A week at most from now.
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SilenceView {
    pub id: Uuid,
    /// Slug of the system.
    pub system: String,
    pub conditions: Vec<Condition>,
    pub reason: String,
    pub made_by: Actor,
    pub made_at: Timestamp,
    pub until: Timestamp,
}
