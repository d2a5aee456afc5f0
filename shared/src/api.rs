//! The wire: one shape per thing that crosses HTTP, and the typed client. No rule lives here.

pub mod account;
pub mod alert;
pub mod audit;
pub mod client;
pub mod contact;
pub mod drill;
pub mod error;
pub mod follow_up;
pub mod incident;
pub mod inspection;
pub mod live;
pub mod maintenance;
pub mod monitor;
pub mod notice;
pub mod people;
pub mod plan;
pub mod post;
pub mod readiness;
pub mod readiness_report;
pub mod related;
pub mod report;
pub mod restricted;
pub mod run;
pub mod secret;
pub mod session;
pub mod standing_order;
pub mod statistics;
pub mod status_brand;
pub mod status_page;
pub mod subscriber;
pub mod system;
pub mod task;
pub mod token;
pub mod verification;

use serde::{Deserialize, Serialize};

fn yes() -> bool {
    true
}

/// A page of a list; `next` is the key to ask for the following page with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ListOf{T}"))]
pub struct List<T> {
    pub items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}
