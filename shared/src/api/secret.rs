//! Secrets of a system: set and listed, never read. A value only travels inward.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{domain::actor::Actor, timestamp::Timestamp};

#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecretIn {
    pub value: String,
}

impl fmt::Debug for SecretIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretIn").finish_non_exhaustive()
    }
}

/// All that anybody gets to see of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SecretView {
    pub name: String,
    /// Grows with each value. Consent to a run binds to it.
    pub version: i32,
    pub set_by: Actor,
    pub set_at: Timestamp,
    /// Titles of the procedures in the plan in force that give it to a step.
    pub used_by: Vec<String>,
}

/// The plan in force gives it to a step, and it is not set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MissingSecret {
    pub name: String,
    pub used_by: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SecretsView {
    pub items: Vec<SecretView>,
    pub missing: Vec<MissingSecret>,
}
