//! A maintenance as strangers see it. What the team writes for itself has no field here.

use serde::{Deserialize, Serialize};

use super::{MaintenanceEvent, MaintenanceState, Window};
use crate::timestamp::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicMaintenance {
    pub number: i64,
    pub title: String,
    /// Markdown.
    pub text: String,
    pub state: MaintenanceState,
    pub window: Window,
    /// Names of the components that are not hidden.
    pub covers: Vec<String>,
    /// Which these are, in the same order.
    pub component_ids: Vec<String>,
    pub planned_at: Timestamp,
    /// Its beginning is near.
    pub soon: bool,
    pub begun_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Counts what a calendar has to take over anew.
    pub n_moves: u32,
    /// What happened to it, newest first, with what was said.
    pub steps: Vec<PublicStep>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicStep {
    pub at: Timestamp,
    pub event: MaintenanceEvent,
}

impl PublicStep {
    /// What was written with it: Markdown.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.event.text()
    }
}

impl MaintenanceEvent {
    /// What was written with it: Markdown.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Planned { text, .. } | Self::Posted { text } => Some(text),
            Self::Moved { text, .. } | Self::Finished { text } | Self::Cancelled { text } => text.as_deref(),
            Self::Reminded | Self::Begun => None,
        }
    }
}

impl PublicMaintenance {
    /// When anything about it has last changed.
    #[must_use]
    pub fn changed_at(&self) -> Timestamp {
        self.steps.first().map_or(self.planned_at, |step| step.at)
    }
}
