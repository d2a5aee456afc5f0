//! How the public page is arranged, on the wire. States and texts for the public are not here.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{actor::Actor, layout::Layout},
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatusPageView {
    /// 0 while nobody has arranged anything. A save names the version it was made from.
    pub version: i32,
    pub saved: Option<SavedBy>,
    /// With everything that the plans have now, in the order in which visitors see it.
    pub layout: Layout,
    /// What each component is called where nobody has renamed it.
    pub names: Vec<ComponentName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SavedBy {
    pub by: Actor,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ComponentName {
    pub system: String,
    pub component: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LayoutIn {
    pub layout: Layout,
    /// The version this arrangement was made from.
    pub base: i32,
}
