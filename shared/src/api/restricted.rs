//! Who may see an incident, on the wire. Nothing here is about what one may do there.

use serde::{Deserialize, Serialize};

use crate::{domain::text::Message, ids::UserId};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RestrictIn {
    /// Who may see it beside oneself.
    #[serde(default)]
    pub people: Vec<UserId>,
    /// For those who see it.
    pub reason: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenIn {
    /// For everybody, who can read the whole timeline from then on.
    pub reason: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReaderIn {
    pub person: UserId,
    pub deed: ReaderVerb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReaderVerb {
    LetIn,
    PutOut,
}
