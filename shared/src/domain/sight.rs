//! What a worker sees of a project without touching it: its services with their images, the files a parameter may name, the scripts of its
//! plan. Facts, no judgement.

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
    /// By path as the plan names it: those that could be read.
    #[serde(default)]
    pub scripts: BTreeMap<String, ScriptSeen>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// `running`, `exited` …, of each of its containers.
    pub states: Vec<String>,
    /// What they are made from, each once.
    #[serde(default)]
    pub images: Vec<ImageSeen>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSeen {
    /// The reference, `postgres:16`.
    pub name: String,
    pub id: String,
}

/// Digests, as a run's resolution has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptSeen {
    pub digest: String,
    /// Of everything else in its directory.
    pub beside: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSeen {
    pub name: String,
    pub bytes: u64,
    pub modified_at: Timestamp,
}
