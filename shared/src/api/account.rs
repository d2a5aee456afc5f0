//! One's own account: what one proves oneself by, and the sessions that are open. Secrets are shown once, when they are made.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{api::session::Me, domain::text::Name, timestamp::Timestamp};

/// `GET /account`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    pub me: Me,
    /// False for who signs in elsewhere.
    pub has_password: bool,
    /// An authenticator app is in use.
    pub totp: bool,
    pub passkeys: Vec<PasskeyView>,
    /// Why passkeys cannot be had here, if so.
    pub passkeys_refused: Option<String>,
    /// Unused ones.
    pub recovery_codes: i64,
    /// The role asks for a second factor.
    pub factor_required: bool,
    /// This one first, then by last use.
    pub sessions: Vec<SessionView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyView {
    pub id: Uuid,
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Ends it; does not open it.
    pub id: String,
    /// The one that asks.
    pub current: bool,
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
    pub since: Timestamp,
    /// To within a few minutes.
    pub last_used_at: Timestamp,
}

/// `POST /account/password`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordIn {
    pub current: String,
    pub new: String,
}

impl fmt::Debug for PasswordIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordIn(…)")
    }
}

/// An app's secret, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotpView {
    /// Base32, to be typed in by hand.
    pub secret: String,
    /// `otpauth://…`, to be scanned.
    pub url: String,
}

impl fmt::Debug for TotpView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpView(…)")
    }
}

/// The first code of a new app.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeIn {
    pub code: String,
}

/// Codes for the day the phone is lost: shown once, each serves once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Empty if there were some already, which go on to count.
    pub codes: Vec<String>,
}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoveryCodes({})", self.codes.len())
    }
}

/// `POST /account/passkeys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyIn {
    pub name: Name,
    /// What `navigator.credentials.create` gave, as JSON.
    pub credential: Value,
}
