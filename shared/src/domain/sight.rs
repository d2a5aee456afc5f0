//! What a worker sees of a project without touching it: its services, and the files a parameter may name. Facts, no judgement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// As the host calls itself.
    pub host: String,
    /// By name.
    pub services: BTreeMap<String, ServiceSeen>,
    /// By directory as the plan names it, newest first; those that could be read.
    #[serde(default)]
    pub files: BTreeMap<String, Vec<FileSeen>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// `running`, `exited` …, of each of its containers.
    pub states: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSeen {
    pub name: String,
    pub bytes: u64,
    pub modified_at: Timestamp,
}
