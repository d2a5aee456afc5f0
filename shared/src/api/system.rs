//! Systems and their compiled plans as the console shows them.

use serde::{Deserialize, Serialize};

use crate::{
    api::plan::PlanCommand,
    domain::{actor::Actor, offer::Offer},
    ids::SystemId,
    plan::Compiled,
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SystemView {
    pub id: SystemId,
    pub slug: String,
    pub name: String,
    pub project: String,
    /// The Docker host it lives on, as that host's workers call it; absent: any that has the project.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<String>,
    /// Counts from 1; absent until a plan was imported.
    pub plan_version: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanView {
    pub system: SystemView,
    pub version: i32,
    pub imported_at: Timestamp,
    pub imported_by: Actor,
    pub reason: String,
    /// The Markdown, byte for byte.
    pub source: String,
    pub compiled: Compiled,
    pub offers: Vec<Offer<PlanCommand>>,
}
