//! What people were told by a step of a run, on the wire.

use serde::{Deserialize, Serialize};

use crate::{domain::audience::Audience, timestamp::Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct NoticeView {
    pub number: i64,
    pub incident: i64,
    pub incident_title: String,
    pub run: i64,
    pub procedure: String,
    pub step: u32,
    pub audience: Audience,
    pub text: String,
    pub at: Timestamp,
    /// Who has read it, first to last.
    pub acknowledged: Vec<NoticeAck>,
    /// True once the person who asks is among them.
    pub yours: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct NoticeAck {
    pub name: String,
    pub at: Timestamp,
}
