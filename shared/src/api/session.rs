//! Signing in, showing that one is still oneself, and who one is. Secrets only travel inward.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    domain::access::{Action, ContactRole, RoleName},
    ids::UserId,
};

#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("email", &self.email).finish_non_exhaustive()
    }
}

/// How one can sign in here beside a local account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Ways {
    /// What the identity provider is called, if there is one.
    pub provider: Option<String>,
}

/// Leaving for the identity provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DepartIn {
    /// The console's page to go on to; anything else is the console's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Departed {
    /// Where the browser goes now.
    pub address: String,
}

/// By what somebody can show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProofWay {
    Password,
    /// Six digits from an app (TOTP, RFC 6238).
    Code,
    /// WebAuthn.
    Passkey,
    /// One of the codes for the day the phone is lost.
    RecoveryCode,
}

/// One proof.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "way", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProofIn {
    Password {
        password: String,
    },
    Code {
        code: String,
    },
    RecoveryCode {
        code: String,
    },
    /// What `navigator.credentials.get` gave, as JSON.
    Passkey {
        credential: Value,
    },
}

impl fmt::Debug for ProofIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofIn").field("way", &self.way()).finish_non_exhaustive()
    }
}

impl ProofIn {
    #[must_use]
    pub fn way(&self) -> ProofWay {
        match self {
            Self::Password { .. } => ProofWay::Password,
            Self::Code { .. } => ProofWay::Code,
            Self::RecoveryCode { .. } => ProofWay::RecoveryCode,
            Self::Passkey { .. } => ProofWay::Passkey,
        }
    }
}

/// In the `details` of an answer that asks for a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ProofWanted {
    /// Any one of these.
    pub ways: Vec<ProofWay>,
}

/// The person signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Me {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: RoleName,
    pub contact_roles: Vec<ContactRole>,
    /// What the access table allows this person now.
    pub may: Vec<Action>,
    /// The role asks for a second factor and there is none yet: nothing but the account can be opened.
    pub must_enrol: bool,
}

impl Me {
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.may.contains(&action)
    }
}
