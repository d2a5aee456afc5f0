//! Post-incident reports on the wire.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{actor::Actor, offer::Offer, text::Document},
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReportView {
    pub incident: i64,
    pub incident_title: String,
    /// Of the text below; a save names the version it was made from.
    pub version: i32,
    pub body: String,
    pub saved_by: Actor,
    pub saved_at: Timestamp,
    pub published: Option<PublishedRef>,
    pub offers: Vec<Offer<ReportCommand>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PublishedRef {
    pub version: i32,
    pub public: bool,
    pub at: Timestamp,
    pub by: Actor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReportCommand {
    Save,
    Publish,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportIn {
    pub body: Document,
    /// The version this text was made from.
    pub base: i32,
}

/// `details` of an edit conflict: what is there now, beside what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EditConflict {
    pub current: i32,
    pub current_body: String,
    pub current_by: Actor,
    pub current_at: Timestamp,
    pub yours: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublishIn {
    /// The version the publisher has read.
    pub version: i32,
    /// True shows it on the public incident page.
    pub public: bool,
}
