//! The audit log on the wire.

use serde::{Deserialize, Serialize};

use crate::{digest::Digest, domain::audit::Entry};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntryView {
    #[serde(flatten)]
    pub entry: Entry,
    pub hash: Digest,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerdict {
    pub entries: u64,
    pub head: Digest,
    /// The first thing wrong, if any.
    pub broken: Option<String>,
}
