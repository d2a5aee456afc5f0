//! Announced maintenance on the wire. No rule lives here.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        actor::Actor,
        maintenance::{Covered, MaintenanceCommand, MaintenanceEvent, MaintenanceState},
        offer::Offer,
        text::{Message, Title},
    },
    timestamp::Timestamp,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaintenanceIn {
    /// For the public, as is the text.
    pub title: Title,
    /// Markdown.
    pub text: Message,
    /// Which components are worked on; at least one.
    pub components: Vec<MaintenanceComponentIn>,
    pub from_at: Timestamp,
    pub to_at: Timestamp,
    /// Whether subscribers are told.
    #[serde(default = "super::yes")]
    pub notify: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaintenanceComponentIn {
    /// Slug of its system.
    pub system: String,
    /// Id of a component of its plan.
    pub component: String,
}

/// An update for the public.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaintenancePostIn {
    /// Markdown.
    pub text: Message,
    /// Whether subscribers are told.
    #[serde(default = "super::yes")]
    pub notify: bool,
}

/// Other times. Of one that has begun only the end can be another.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaintenanceTimesIn {
    pub from_at: Timestamp,
    pub to_at: Timestamp,
    /// What the public is told with it: Markdown.
    #[serde(default)]
    pub text: Option<Message>,
    /// Whether subscribers are told.
    #[serde(default = "super::yes")]
    pub notify: bool,
}

/// The last word, for the public.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaintenanceEndIn {
    /// Markdown.
    #[serde(default)]
    pub text: Option<Message>,
    /// Whether subscribers are told.
    #[serde(default = "super::yes")]
    pub notify: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MaintenanceView {
    pub number: i64,
    pub title: String,
    /// Markdown.
    pub text: String,
    pub state: MaintenanceState,
    pub covers: Vec<Covered>,
    pub from_at: Timestamp,
    pub to_at: Timestamp,
    pub begun_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Oldest first.
    pub log: Vec<MaintenanceEntry>,
    pub offers: Vec<Offer<MaintenanceCommand>>,
}

impl MaintenanceView {
    #[must_use]
    pub fn offer(&self, command: MaintenanceCommand) -> Option<&Offer<MaintenanceCommand>> {
        self.offers.iter().find(|offer| offer.command == command)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MaintenanceEntry {
    pub at: Timestamp,
    pub by: Actor,
    #[serde(flatten)]
    pub event: MaintenanceEvent,
}
