//! Who asked to be told by mail, for the people who look after the status page. Most learn only how many.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{domain::outbox::Channel, timestamp::Timestamp};

/// Of whom to count those whom something concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ConcernedQuery {
    /// `SYSTEM/COMPONENT`, with commas between; absent: everybody.
    pub components: Option<String>,
}

impl ConcernedQuery {
    #[must_use]
    pub fn of(components: &[String]) -> Self {
        Self { components: Some(components.join(",")).filter(|list| !list.is_empty()) }
    }

    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let list = self.components.as_deref().unwrap_or_default().split(',');
        list.filter(|one| !one.is_empty()).map(str::to_owned).collect()
    }

    /// As it stands in an address, with the `?`; empty if everybody is meant.
    #[must_use]
    pub fn to_query(&self) -> String {
        let Some(list) = &self.components else { return String::new() };
        let mut query = "?components=".to_owned();
        for byte in list.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                query.push(char::from(byte));
            } else {
                let _ = write!(query, "%{byte:02X}");
            }
        }
        query
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SubscribersCount {
    /// Those who have confirmed their address, and whom one of the components asked about concerns.
    pub subscribed: i64,
    /// There is a mail server, so strangers can ask for updates.
    pub open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SubscriberView {
    pub id: Uuid,
    /// E-mail or webhook.
    pub channel: Channel,
    /// Of a webhook, its host.
    pub email: String,
    /// `SYSTEM/COMPONENT` each; empty: everything.
    pub components: Vec<String>,
    pub confirmed_at: Timestamp,
}
