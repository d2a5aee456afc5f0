//! How every failure looks on the wire. Status codes are the server's business.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Closed set: a client may match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The body or a field is not as it must be; `fields` says which.
    Invalid,
    NotSignedIn,
    WrongCredentials,
    /// The password was right; the account asks for a second proof. `details` says which ones do.
    SecondFactorNeeded,
    /// This needs a fresh proof that it is you. `details` says which ones do; then send the same again.
    ProofNeeded,
    /// Your role asks for a second factor, and you have none yet.
    EnrolmentNeeded,
    Forbidden,
    /// The request did not come from Muster's own pages (see `Origin`, `Sec-Fetch-Site`).
    ForeignOrigin,
    NotFound,
    /// The thing's state does not permit this now.
    NotNow,
    /// Another run is live on the target.
    TargetBusy,
    /// Somebody else changed it meanwhile; `details` holds their version.
    EditConflict,
    /// Somebody saved another version of the plan meanwhile; `details` holds theirs.
    PlanChanged,
    /// What was approved is not what is there now.
    ContentChanged,
    /// The idempotency key was used with another body.
    KeyReused,
    TooLarge,
    TooManyRequests,
    /// The identity provider does not answer.
    ProviderSilent,
    /// The database does not answer.
    Unavailable,
    Bug,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ErrorBody {
    pub error: ErrorView,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ErrorView {
    pub code: ErrorCode,
    /// For a person: what happened, what was not done, what to do next.
    pub message: String,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<FieldError>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub details: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl ErrorView {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: vec![], details: None }
    }
}
