//! What a person can do next with a thing, or in words why not. The screen shows these and nothing else.

use serde::{Deserialize, Serialize};

/// One command on one object for one person at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OfferOf{C}"))]
pub struct Offer<C> {
    pub command: C,
    /// Absent if it may be done now; else a sentence that says why not and who may.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
}

impl<C> Offer<C> {
    #[must_use]
    pub fn open(&self) -> bool {
        self.refused.is_none()
    }
}

/// A command the rules do not permit now: a closed code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
