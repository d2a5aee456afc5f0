//! What a session was begun from, for whoever looks through their own. Nothing is decided by it: a browser says what it likes.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{header, request::Parts};
use serde::{Deserialize, Serialize};

use crate::{AppState, auth::address::Address};

/// An address and what the browser called itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub address: String,
    pub agent: String,
}

/// Longer names of browsers tell nothing more.
const MOST: usize = 200;

impl FromRequestParts<AppState> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let address = Address::from_request_parts(parts, state).await?.text();
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self { address, agent: agent.chars().filter(|c| !c.is_control()).take(MOST).collect() })
    }
}
