//! Standing orders: consent that people give beforehand, to one procedure when one thing is down. What may stand, when it may be begun, and
//! when people have to take over; begins nothing.

mod judge;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::judge::{Facts, Ground, Hold, Outlook, UseFacts, Watched, Word, lapses, may_begin, outlook};

use crate::{
    digest::Digest,
    domain::{
        alert::{Alert, Condition, Declaration},
        approval::{ApprovalPolicy, Content, Deciders, Decision, RunRequest, Verdict, evaluate},
        text::Name,
    },
    ids::{SystemId, UserId},
    plan::{Plan, Procedure, RecoveryTime, StepKind},
    timestamp::{Timestamp, human_seconds},
};

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// What begins it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrderTrigger"))]
#[serde(tag = "on", rename_all = "kebab-case")]
pub enum Trigger {
    /// A monitor is down that looks at what it looked at when consent was given.
    Monitor { id: Uuid, looks_at: Digest },
    /// An alert of this source of which all of this holds.
    Alert { source: Uuid, when: Vec<Condition> },
}

impl Trigger {
    /// Whether this alert is meant. `monitors`: its source is the system's own monitors, whose word nobody else can give. What a monitor
    /// looks at is compared by [`lapses`].
    #[must_use]
    pub fn fits(&self, source: Uuid, monitors: bool, alert: &Alert) -> bool {
        match self {
            Self::Monitor { id, .. } => monitors && alert.key == format!("{id} down"),
            Self::Alert { source: meant, when } => *meant == source && crate::domain::alert::silenced(when, alert),
        }
    }
}

/// How far it goes without anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrderLimits"))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Runs in each window.
    pub at_most: u32,
    pub window_seconds: u64,
    /// From one begin to the next.
    pub pause_seconds: u64,
    /// How long after its run what is down may stay down, and how long its run may wait to begin.
    pub settle_seconds: u64,
    /// From consent on. Afterwards people have to say it again.
    pub valid_seconds: u64,
}

impl Limits {
    /// # Errors
    /// The field, and a sentence that says what it may be.
    pub fn admit(&self) -> Result<(), (&'static str, String)> {
        let within = |name, n: u64, least: u64, most: u64, words: &str| {
            if (least..=most).contains(&n) { Ok(()) } else { Err((name, words.to_owned())) }
        };
        within("at_most", self.at_most.into(), 1, 10, "An order begins one to ten runs in its window.")?;
        within(
            "window_seconds",
            self.window_seconds,
            10 * MINUTE,
            7 * DAY,
            "Its window is ten minutes to seven days.",
        )?;
        within("pause_seconds", self.pause_seconds, 10, DAY, "Its pause is ten seconds to a day.")?;
        within("settle_seconds", self.settle_seconds, 10, 60 * MINUTE, "It is given ten seconds to an hour to help.")?;
        within("valid_seconds", self.valid_seconds, DAY, 366 * DAY, "An order holds for one day to a year.")
    }
}

impl Limits {
    /// "At most 2 runs in 1 h, …".
    #[must_use]
    pub fn words(&self) -> String {
        let span = |seconds: u64| human_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        let runs = if self.at_most == 1 { "1 run".to_owned() } else { format!("{} runs", self.at_most) };
        format!(
            "At most {runs} in {}, with {} between two; people are called if it is not back {} after its run",
            span(self.window_seconds),
            span(self.pause_seconds),
            span(self.settle_seconds)
        )
    }
}

/// What people consent to, whole: with another word in it, it is another order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrderTerms"))]
pub struct Terms {
    pub system: SystemId,
    pub project: String,
    pub name: Name,
    /// Id of a procedure of the plan.
    pub procedure: String,
    /// What that procedure does: [`meaning`].
    pub meaning: Digest,
    pub parameters: BTreeMap<String, String>,
    pub trigger: Trigger,
    /// The incident that it is for, where the rules of alerts declare none.
    pub declares: Declaration,
    pub limits: Limits,
}

/// What a procedure does and who must consent, wherever in the plan's text it stands.
#[must_use]
pub fn meaning(procedure: &Procedure) -> Digest {
    let steps: Vec<_> = procedure
        .steps
        .iter()
        .map(|s| (s.number, &s.digest, &s.kind, s.destructive, s.check, s.timeout_seconds, &s.secrets))
        .collect();
    let parameters: Vec<_> = procedure.parameters.iter().map(|p| (&p.name, &p.default)).collect();
    Digest::of_value(&(&procedure.id, &procedure.digest, steps, parameters, procedure.approvals, &procedure.roles))
}

/// Where it stands. That its time is over, the clock says: [`Order::ends_at`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// Waits for consent.
    Proposed,
    InForce,
    /// Somebody wants nothing to happen by itself for now.
    Suspended,
    Refused,
    Revoked,
    /// What was consented to is not what would happen any more.
    Lapsed,
}

impl OrderState {
    pub const ALL: [Self; 6] =
        [Self::Proposed, Self::InForce, Self::Suspended, Self::Refused, Self::Revoked, Self::Lapsed];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::InForce => "in-force",
            Self::Suspended => "suspended",
            Self::Refused => "refused",
            Self::Revoked => "revoked",
            Self::Lapsed => "lapsed",
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Proposed => "Waits for consent",
            Self::InForce => "In force",
            Self::Suspended => "Suspended",
            Self::Refused => "Refused",
            Self::Revoked => "Revoked",
            Self::Lapsed => "Lapsed",
        }
    }

    /// Nothing can become of it any more.
    #[must_use]
    pub fn over(self) -> bool {
        matches!(self, Self::Refused | Self::Revoked | Self::Lapsed)
    }
}

/// An order as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub number: i64,
    pub terms: Terms,
    /// As the plan was when it was proposed.
    pub content: Content,
    pub policy: ApprovalPolicy,
    pub proposed_by: UserId,
    pub proposed_at: Timestamp,
    pub decisions: Vec<Decision>,
    pub state: OrderState,
}

impl Order {
    /// What consent to these terms binds to, proposed from this plan.
    #[must_use]
    pub fn content_of(terms: &Terms, plan_digest: Digest, procedure: &Procedure) -> Content {
        Content { plan_digest, procedure_digest: procedure.digest, resolution_digest: Digest::of_value(terms) }
    }

    /// The procedure's own policy, for as long as the order holds.
    ///
    /// # Errors
    /// A sentence: the plan names a contact role that there is not.
    pub fn policy_of(procedure: &Procedure, limits: &Limits) -> Result<ApprovalPolicy, String> {
        let policy = ApprovalPolicy::of(procedure).map_err(|error| error.to_string())?;
        Ok(ApprovalPolicy { expires_seconds: limits.valid_seconds, ..policy })
    }

    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.proposed_at.plus_seconds(self.policy.expires_seconds)
    }

    /// Whether consent is enough at this moment, with those who may give it at this moment.
    #[must_use]
    pub fn verdict(&self, deciders: &Deciders, now: Timestamp) -> Verdict {
        let request =
            RunRequest { requested_by: self.proposed_by, resolved_at: self.proposed_at, content: self.content };
        evaluate(&self.policy, &request, &self.decisions, deciders, now)
    }

    /// "Ada and Bo".
    #[must_use]
    pub fn givers(&self) -> String {
        let mut names: Vec<&str> = self.decisions.iter().map(|d| d.name.as_str()).collect();
        names.dedup();
        names.join(" and ")
    }
}

/// Why nobody can consent to this beforehand, if so. What cannot be taken back, and what asks people in the middle, is begun by people.
#[must_use]
pub fn cannot_stand(procedure: &Procedure) -> Option<String> {
    if let Some(why) = &procedure.unavailable {
        return Some(format!("{} cannot run: {why}", procedure.title));
    }
    let step = |wrong: &str, s: &crate::plan::Step| {
        Some(format!("Step {} of {}, \"{}\", {wrong}. People have to begin it.", s.number, procedure.title, s.title))
    };
    for s in procedure.steps.iter().filter(|s| !s.check) {
        if s.cannot_be_undone() {
            return step("cannot be taken back", s);
        }
        if matches!(s.kind, StepKind::Manual {}) {
            return step("is done by a person", s);
        }
        if s.unavailable.is_some() {
            return step("cannot be run", s);
        }
    }
    let changes = procedure.steps.iter().any(|s| s.kind.needs_approval());
    (!changes).then(|| format!("{} changes nothing, so it cannot recover anything by itself.", procedure.title))
}

/// The recovery times that the plan promises to reach without people.
pub fn promised(plan: &Plan) -> impl Iterator<Item = &RecoveryTime> {
    plan.rto.iter().filter(|row| row.method.to_lowercase().contains("automatic"))
}

/// In a run's log, in the place of the approvals of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Ordered {
    pub order: i64,
    pub name: String,
    /// What was consented to, and by whom.
    pub content: Content,
    pub givers: String,
}

/// What the timeline tells of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OrderMoment {
    /// A run was requested.
    Begun,
    /// What was down is back.
    Helped,
    /// It did not help, or could not be begun: people were called.
    HandedOver,
}

/// What became of one time that it was begun, or should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UseState {
    Due,
    Begun,
    Helped,
    HandedOver,
}

impl UseState {
    pub const ALL: [Self; 4] = [Self::Due, Self::Begun, Self::Helped, Self::HandedOver];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Begun => "begun",
            Self::Helped => "helped",
            Self::HandedOver => "handed-over",
        }
    }
}

#[cfg(test)]
mod tests;
