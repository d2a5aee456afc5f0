//! What a plan says happens by itself, and no standing order stands for. Judges no order.

use serde::{Deserialize, Serialize};

use super::Order;
use crate::{domain::drill::objectives, plan::Plan, timestamp::Timestamp};

/// A recovery time objective of which the plan says that it is met automatically.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrderMissing"))]
pub struct Missing {
    pub component: String,
    /// As the plan says it.
    pub method: String,
    /// Title of a procedure that acts on it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub procedure: Option<String>,
    pub line: u32,
}

/// In the plan's order. One that waits for consent counts as there.
#[must_use]
pub fn missing(plan: &Plan, orders: &[Order], now: Timestamp) -> Vec<Missing> {
    let stands = |id: &str| orders.iter().any(|o| o.terms.procedure == id && !o.state.over() && o.ends_at() > now);
    let automatic = plan.rto.iter().filter(|row| row.method.to_lowercase().contains("automatic"));
    let found = automatic.filter_map(|row| {
        let acts =
            plan.procedures.iter().filter(|p| objectives(plan, p).iter().any(|(name, _)| *name == row.component));
        let acting: Vec<_> = acts.collect();
        (!acting.iter().any(|procedure| stands(&procedure.id))).then(|| Missing {
            component: row.component.clone(),
            method: row.method.clone(),
            procedure: acting.iter().find(|p| p.unavailable.is_none()).map(|p| p.title.clone()),
            line: row.line,
        })
    });
    found.collect()
}
