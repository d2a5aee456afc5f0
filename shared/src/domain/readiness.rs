//! Would it work? What a plan promises against what was shown to work, when, and whether that still counts. Every point that is lost says
//! why, and what earns it back. Reads nothing and knows no clock.

mod age;
mod automatic;
mod backup;
mod inspection;
mod judge;
mod made_with;
mod recovery_time;
mod rehearsed;

use serde::{Deserialize, Serialize};

pub use self::rehearsed::Failure;

use crate::{
    digest::Digest,
    domain::{inspection::Kind, monitor::State, resolution::Resolution, sight::Sight, standing_order::OrderState},
    plan::{Gap, Plan, Procedure},
    timestamp::Timestamp,
};

/// A procedure that was carried out to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    pub procedure: String,
    /// As it was then.
    pub digest: Digest,
    pub ended_at: Timestamp,
    /// From the request to the end.
    pub took_seconds: i64,
    pub run: i64,
    /// On a drill target; then what it took is counted from the target's standing.
    pub drill: bool,
    /// What has to change first, as somebody says who has seen it.
    pub lacking: Option<String>,
    /// What it acted on and with.
    pub resolution: Option<Resolution>,
}

/// How long an incident kept a component from working, the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    pub component: String,
    pub ended_at: Timestamp,
    pub took_seconds: i64,
    pub incident: i64,
}

/// A monitor whose value is a recovery point.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub data: String,
    pub state: State,
    pub paused: bool,
    /// Nobody makes its checks any more, so that its last word is an old one.
    pub stale: bool,
    pub value: Option<f64>,
    pub checked_at: Option<Timestamp>,
    pub monitor: String,
}

/// Somebody in their place for a role of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeper {
    /// As the plan's contacts call it.
    pub role: String,
    pub primary: bool,
    /// There is a way to reach them that they have confirmed.
    pub reachable: bool,
}

/// The last rehearsal of the contact tree that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeDrill {
    pub ended_at: Timestamp,
    pub called: usize,
    pub in_time: usize,
}

/// What the last trial showed that got to the backups of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// As the plan names it, and where.
    pub place: String,
    pub path: String,
    pub verified: bool,
    pub why: String,
    pub at: Timestamp,
    pub loss_seconds: Option<i64>,
}

/// The last trial of the backups, if it failed; then it may not have got to every place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTrial {
    pub at: Timestamp,
    pub why: String,
}

/// A standing order that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub number: i64,
    pub procedure: String,
    pub state: OrderState,
    pub ends_at: Timestamp,
    /// Why it would lapse the moment that it is needed, if it would.
    pub lapses: Option<String>,
}

/// What a drill would have lost of some data: the last one that restored them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub data: String,
    pub seconds: i64,
    pub ended_at: Timestamp,
    pub run: i64,
    pub procedure: String,
}

/// The last inspection of a kind that was signed off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    pub kind: Kind,
    pub ended_at: Timestamp,
    /// That say something, and those of them that did not hold or that were to be changed and are still as they were.
    pub lines: usize,
    pub bad: usize,
    /// Who manages people or roles by now and did not then.
    pub newcomers: Vec<String>,
}

/// All that is known.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub plan: &'a Plan,
    /// What the compiler misses in it.
    pub gaps: &'a [Gap],
    pub rehearsals: &'a [Rehearsal],
    pub failures: &'a [Failure],
    /// What a worker has seen last.
    pub sight: Option<&'a Sight>,
    pub outages: &'a [Outage],
    pub probes: &'a [Probe],
    pub restored: &'a [Restored],
    pub failed_trial: Option<&'a FailedTrial>,
    pub orders: &'a [Standing],
    pub lost: &'a [Lost],
    pub keepers: &'a [Keeper],
    pub drill: Option<TreeDrill>,
    pub inspections: &'a [Inspected],
    pub now: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A procedure of the plan.
    Procedure,
    /// A recovery time objective.
    RecoveryTime,
    /// A recovery time that is promised without people.
    Automatic,
    /// A recovery point objective.
    RecoveryPoint,
    /// A place of backups.
    Backup,
    /// A role that is called.
    Contact,
    /// The contact tree as a whole.
    ContactTree,
    /// A review of access or an audit of security.
    Inspection,
    /// What the compiler misses in the plan.
    Plan,
}

impl Subject {
    pub const ALL: [Self; 9] = [
        Self::Procedure,
        Self::RecoveryTime,
        Self::Automatic,
        Self::RecoveryPoint,
        Self::Backup,
        Self::Contact,
        Self::ContactTree,
        Self::Inspection,
        Self::Plan,
    ];

    /// As a heading.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Procedure => "Procedures, rehearsed",
            Self::RecoveryTime => "Recovery times, measured",
            Self::Automatic => "What recovers by itself",
            Self::RecoveryPoint => "Recovery points, measured",
            Self::Backup => "Backups, restored on trial",
            Self::Contact => "People who can be called",
            Self::ContactTree => "The contact tree, tried",
            Self::Inspection => "Access and security, looked through",
            Self::Plan => "The plan itself",
        }
    }
}

/// What earns lost points back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Earn {
    /// Carry it out, on the drill target.
    Drill { procedure: String },
    /// Correct the plan at this line.
    Plan { line: u32 },
    /// Say who is called, or let them confirm how.
    Contacts {},
    /// Try the contact tree.
    ContactDrill {},
    /// Watch what would be lost.
    Monitor { objective: String },
    /// Restore backups on trial, or see why they could not be.
    Verify {},
    /// Consent beforehand to this procedure.
    Order { procedure: String },
    /// See how the order stands.
    LookAtOrder { number: i64 },
    /// Look through it once more, and sign it off.
    Inspect { kind: Kind },
    /// See why the monitor is not content.
    LookAt { monitor: String },
}

/// One thing that must hold, and how far it is shown to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ReadinessItem"))]
pub struct Item {
    pub subject: Subject,
    /// Which one: unique among those of its subject.
    pub id: String,
    pub title: String,
    /// In tenths of a point: what it can earn, and what it has earned.
    pub weight: u32,
    pub earned: u32,
    /// What is known of it, in a sentence; if points are lost, why.
    pub why: String,
    /// When it was last shown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shown_at: Option<Timestamp>,
    /// When what was shown begins to count less.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fresh_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub earn: Option<Earn>,
}

impl Item {
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.weight.saturating_sub(self.earned)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Readiness {
    /// What most is lost by comes first.
    pub items: Vec<Item>,
}

impl Readiness {
    #[must_use]
    pub fn of(facts: Facts<'_>) -> Self {
        let mut items = judge::all(facts);
        items.sort_by(|a, b| (b.lost(), a.subject as u8, &a.id).cmp(&(a.lost(), b.subject as u8, &b.id)));
        Self { items }
    }

    /// 0 to 100. Never 100 while anything is lost; a plan that promises nothing has shown nothing.
    #[must_use]
    pub fn score(&self) -> u32 {
        let (earned, weight) = self.items.iter().fold((0, 0), |(e, w), item| (e + item.earned, w + item.weight));
        (earned * 100).checked_div(weight).unwrap_or(0)
    }
}

/// What recovers something: only such a procedure can be rehearsed.
#[must_use]
pub fn is_rehearsed(procedure: &Procedure) -> bool {
    procedure.steps.iter().any(|step| !step.check)
}

/// What was shown counts in full for so many days (the plan asks for monthly rehearsals), and then less and less.
pub const FRESH_DAYS: u64 = 35;
/// What was shown so many days ago counts no more.
pub const STALE_DAYS: u64 = 180;

#[cfg(test)]
mod tests;
