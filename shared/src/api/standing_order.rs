//! Standing orders on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    digest::Digest,
    domain::{
        actor::Actor,
        alert::{Condition, Declaration},
        approval::{ApprovalPolicy, Content, Decision},
        offer::Offer,
        standing_order::{Limits, OrderState, Terms, UseState},
        text::{Message, Name},
    },
    timestamp::Timestamp,
};

/// What is to begin it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "on", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TriggerIn {
    /// This monitor is down.
    Monitor { id: Uuid },
    /// An alert of this source fires of which all of this holds.
    Alert { source: Uuid, when: Vec<Condition> },
}

/// A standing order as somebody proposes it; others have to consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderIn {
    pub name: Name,
    /// Id of a procedure of the system's current plan.
    pub procedure: String,
    /// Of the procedure as whoever proposes it saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure_digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    pub trigger: TriggerIn,
    /// The incident that it is for, where the rules of alerts declare none.
    pub declares: Declaration,
    pub limits: Limits,
    /// Why this need not wait for people.
    pub reason: Message,
}

/// Consent to what was read, or a refusal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderDecisionIn {
    pub approve: bool,
    /// Required when refusing.
    #[serde(default)]
    pub reason: Option<Message>,
    pub content: Content,
}

/// Why it is brought to an end, or held up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderWhyIn {
    pub reason: Message,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OrderCommand {
    Approve,
    Refuse,
    Suspend,
    Resume,
    Revoke,
}

/// One standing order, whole, for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OrderView {
    pub number: i64,
    /// The system's slug.
    pub system: String,
    pub terms: Terms,
    /// Title of the procedure as the plan in force has it; its id if it has it no more.
    pub procedure_title: String,
    /// What begins it, in words.
    pub when: String,
    pub policy: ApprovalPolicy,
    pub content: Content,
    pub reason: String,
    pub proposed_by: String,
    pub proposed_at: Timestamp,
    pub ends_at: Timestamp,
    pub decisions: Vec<Decision>,
    pub state: OrderState,
    /// Its time is over, whatever state it is in.
    pub expired: bool,
    /// Why it would not be begun as things are, beyond its state.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changed: Option<OrderChangeView>,
    /// What came of it, newest first.
    pub uses: Vec<OrderUseView>,
    pub offers: Vec<Offer<OrderCommand>>,
}

/// Who brought it into the state that it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OrderChangeView {
    pub by: Actor,
    pub at: Timestamp,
    pub why: String,
}

/// One time that it was due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OrderUseView {
    pub at: Timestamp,
    pub incident: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<i64>,
    pub state: UseState,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
}

/// What was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HandsOffView {
    /// Orders that are suspended now.
    pub orders: Vec<i64>,
    /// Runs of orders that were withdrawn or are being cancelled.
    pub runs: Vec<i64>,
}
