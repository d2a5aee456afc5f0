//! Post-incident reports on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        actor::Actor,
        offer::Offer,
        report::{
            facts::FactBlock,
            review::{ReviewEntry, Standing},
        },
        text::{Document, Message, Title},
    },
    ids::UserId,
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReportView {
    pub incident: i64,
    pub incident_title: String,
    /// Of the text below; a save names the version it was made from.
    pub version: i32,
    /// As people wrote it: `[facts: summary]` on a line of its own stands for what the records say.
    pub body: String,
    /// What the records say now; of a published version, what they said then.
    pub facts: Vec<FactBlock>,
    pub saved_by: Actor,
    pub saved_at: Timestamp,
    pub published: Option<PublishedRef>,
    /// How the version stands with those who review it.
    pub standing: Standing,
    /// Oldest first, of all versions.
    pub reviews: Vec<ReviewEntry>,
    /// Oldest first.
    pub comments: Vec<CommentView>,
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

/// What somebody said beside a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CommentView {
    pub id: Uuid,
    /// Its heading; empty: about the whole.
    pub section: String,
    /// The version that was read.
    pub version: i32,
    pub text: String,
    pub by: Actor,
    pub at: Timestamp,
    pub settled_by: Option<String>,
    pub settled_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReportCommand {
    Save,
    AskReview,
    Review,
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
pub struct CommentIn {
    /// The version that was read.
    pub version: i32,
    /// Heading of the section; absent: about the whole.
    #[serde(default)]
    pub section: Option<Title>,
    pub text: Message,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SettleIn {
    /// False opens it again.
    pub settled: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewAskIn {
    /// The version that is to be read.
    pub version: i32,
    /// Who is told; somebody who may publish reports and has not saved this version.
    pub person: UserId,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportReviewIn {
    /// The version that was read.
    pub version: i32,
    /// False asks for changes, and says which.
    pub approve: bool,
    #[serde(default)]
    pub text: Option<Message>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublishIn {
    /// The version the publisher has read.
    pub version: i32,
    /// True shows the chosen sections on the public incident page.
    pub public: bool,
    /// Which sections become public, by their place in the text from 0. Of the facts, strangers get only what was posted for them.
    #[serde(default)]
    pub sections: Vec<u16>,
}

impl PublishIn {
    #[must_use]
    pub fn for_team(version: i32) -> Self {
        Self { version, public: false, sections: vec![] }
    }

    #[must_use]
    pub fn for_everybody(version: i32, sections: Vec<u16>) -> Self {
        Self { version, public: true, sections }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicPreviewIn {
    pub version: i32,
    pub sections: Vec<u16>,
}

/// Exactly what would become public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PublicPreview {
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct VersionHead {
    pub version: i32,
    pub saved_by: String,
    pub saved_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReportVersionView {
    pub version: i32,
    pub body: String,
    pub saved_by: String,
    pub saved_at: Timestamp,
}
