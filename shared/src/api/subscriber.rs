//! Who asked to be told by mail, for the people who look after the status page. Most learn only how many.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::timestamp::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SubscribersCount {
    /// Those who have confirmed their address.
    pub subscribed: i64,
    /// There is a mail server, so strangers can ask for updates.
    pub open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SubscriberView {
    pub id: Uuid,
    pub email: String,
    /// `SYSTEM/COMPONENT` each; empty: everything.
    pub components: Vec<String>,
    pub confirmed_at: Timestamp,
}
