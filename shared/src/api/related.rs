//! Incidents that are the same or have to do with each other, on the wire. What one may not see is not in here.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{actor::Actor, incident::IncidentState, text::Message},
    timestamp::Timestamp,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MergeIn {
    /// The incident that is gone on with. There is no way back.
    pub into: i64,
    /// For the team.
    #[serde(default)]
    pub reason: Option<Message>,
    /// The last word on the status page; asked of an incident that stands there.
    #[serde(default)]
    pub public_text: Option<Message>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RelationIn {
    pub other: i64,
    /// False takes the link away.
    pub related: bool,
}

/// Another incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OtherView {
    pub number: i64,
    pub title: String,
    pub state: IncidentState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RelatedView {
    #[serde(flatten)]
    pub other: OtherView,
    pub by: Actor,
    pub at: Timestamp,
}

/// Open as well, and the same component does not work in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AlikeView {
    #[serde(flatten)]
    pub other: OtherView,
    /// Name of that component.
    pub component: String,
    /// Why this one cannot be merged into it, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub merge_refused: Option<String>,
}

/// As far as whoever asks may see them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LinksView {
    /// The one that this was merged into.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub merged_into: Option<OtherView>,
    /// What was merged into this one.
    pub duplicates: Vec<OtherView>,
    pub related: Vec<RelatedView>,
    pub alike: Vec<AlikeView>,
}
