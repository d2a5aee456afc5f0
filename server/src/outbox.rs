//! Sends what the outbox holds: whoever claims a message sends it and writes down how that ended. Decides neither who is told nor
//! when it is tried again; writes no message.

pub mod handed_on;
mod hook;
pub(crate) mod letters;
pub mod mail;
mod subscriber_hook;
mod task;
mod words;

pub(crate) use task::keep_sending;

use serde::{Deserialize, Serialize};

/// What a way's row holds sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secrets {
    pub(crate) address: String,
    /// What a webhook's messages are signed with, as its owner was shown it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}
