//! API tokens on the wire. A token itself is shown once, when it is made.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        access::{Action, RoleName},
        text::Name,
    },
    timestamp::Timestamp,
};

/// Somebody's tokens, and what a new one can be made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TokensView {
    pub tokens: Vec<TokenView>,
    /// What the owner may and a token can do: nothing that asks for a fresh proof of the person.
    pub choices: Vec<TokenChoice>,
    /// Why who asks cannot make one, if so.
    pub refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TokenChoice {
    pub action: Action,
    /// As it reads after "may".
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TokenView {
    pub id: Uuid,
    pub name: String,
    /// How it begins: `muster_3fK9`.
    pub prefix: String,
    /// What it was made for; it never may more than its owner.
    pub may: Vec<Action>,
    pub made_by: String,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
    pub expired: bool,
    /// To within a few minutes.
    pub last_used_at: Option<Timestamp>,
    pub last_used_from: Option<String>,
}

/// A new token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenIn {
    /// What uses it.
    pub name: Name,
    pub may: Vec<Action>,
    /// At most 365.
    pub valid_days: u16,
}

/// The token itself, this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TokenMade {
    /// For the header `Authorization: Bearer …`.
    pub token: String,
    pub view: TokenView,
}

impl fmt::Debug for TokenMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenMade").field("view", &self.view).finish_non_exhaustive()
    }
}

/// An account for a program. Nobody can sign in to it; tokens are made for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountIn {
    pub name: Name,
    pub role: RoleName,
}
