//! Public updates beside those that are posted at once, on the wire: kept texts, what waits for its time, and how something will look.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        actor::Actor,
        incident::PublicState,
        template::About,
        text::{Message, Name},
    },
    timestamp::Timestamp,
};

/// A message that is posted once its time has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduleIn {
    pub state: PublicState,
    pub text: Message,
    pub publish_at: Timestamp,
    /// Whether subscribers are told.
    #[serde(default = "super::yes")]
    pub notify: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RescheduleIn {
    pub post: ScheduleIn,
    /// The version that the change was made from: if somebody was faster, nothing is changed.
    pub version: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ScheduledView {
    pub number: i64,
    pub state: PublicState,
    pub text: String,
    pub publish_at: Timestamp,
    pub notify: bool,
    /// Who scheduled it, or changed it last: in whose name it is posted.
    pub by: String,
    pub version: i32,
}

/// Exactly what visitors will see once this is posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PreviewView {
    /// The page's main part, made by what makes the page.
    pub html: String,
    /// The page's style, for a shadow tree.
    pub style: String,
    /// Language of the page.
    pub lang: String,
    /// Subscribers whom it concerns.
    pub concerned: i64,
}

/// What the public page says now, to hand on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PreparedView {
    /// For social media: never longer than `most`.
    pub post: String,
    pub n_characters: usize,
    pub most: usize,
    /// For answers to people who ask.
    pub answer: String,
    /// The host that they can be sent to, if the operator has named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

/// The texts that somebody has read and wants to have sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HandOnIn {
    pub post: String,
    pub answer: String,
}

/// How sending them ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HandedOnView {
    /// Whether it was taken. If not, `why` says what happened; it may have arrived all the same.
    pub sent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A text to post again and again, with places such as `{{title}}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TemplateIn {
    pub name: Name,
    #[serde(default)]
    pub about: About,
    /// What the state becomes with it; absent: whoever posts chooses. Maintenance has none.
    #[serde(default)]
    pub state: Option<PublicState>,
    pub text: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TemplateChangeIn {
    pub template: TemplateIn,
    /// The version that the change was made from: if somebody was faster, nothing is changed.
    pub version: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TemplateView {
    pub id: Uuid,
    pub name: String,
    pub about: About,
    pub state: Option<PublicState>,
    /// With its places, or filled in for an incident.
    pub text: String,
    pub version: i32,
    pub saved_by: Actor,
    pub saved_at: Timestamp,
}

/// What kept texts about maintenance are filled in with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FillIn {
    /// As visitors will read it; may not be written yet.
    pub title: String,
    /// As visitors call them.
    pub components: Vec<String>,
    pub from_at: Timestamp,
    pub to_at: Timestamp,
    /// If it is announced already.
    #[serde(default)]
    pub number: Option<i64>,
}
