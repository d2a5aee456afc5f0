//! Rehearsals: where they are done, when they come due, what ends one before its time, what it measured. Knows no clock and does nothing.

mod due;
mod point;
mod promised;

use serde::{Deserialize, Serialize};

pub use self::{
    due::{Every, Window, moved},
    point::{Given, Point, points},
    promised::{Promised, promised},
};
use crate::{
    domain::{
        access::Action,
        criteria::services,
        inspection,
        run::{Run, RunState},
    },
    plan::{Plan, Procedure},
    timestamp::Timestamp,
};

/// The Compose project in which procedures for `project` are rehearsed.
#[must_use]
pub fn target(project: &str) -> String {
    format!("{project}-drill")
}

/// An incident of this level or above ends a drill: people are needed there.
pub const SERIOUS: u8 = 2;
/// How long a drill may take at most, unless whoever begins it says otherwise.
pub const LIMIT_SECONDS: u64 = 2 * 3600;
/// Bounds of that.
pub const LIMITS: (u64, u64) = (300, 24 * 3600);

/// What is rehearsed. A kind is listed once something performs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "DrillKind"))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A procedure of the plan, on the drill target.
    Procedure,
    /// Who answers when called.
    ContactTree,
    /// The backups, restored on trial.
    BackupVerification,
    /// Who can do what in Muster.
    AccessReview,
    /// What is hardened, and what is not.
    SecurityAudit,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::Procedure, Self::ContactTree, Self::BackupVerification, Self::AccessReview, Self::SecurityAudit];

    /// What somebody must be allowed to do who is responsible for it. The contact tree is seen to by those who know the system, whoever
    /// begins it.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::Procedure | Self::ContactTree => Action::RequestRun,
            Self::BackupVerification => Action::ManageMonitors,
            Self::AccessReview | Self::SecurityAudit => Action::Inspect,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Procedure => "procedure",
            Self::ContactTree => "contact-tree",
            Self::BackupVerification => "backup-verification",
            Self::AccessReview => "access-review",
            Self::SecurityAudit => "security-audit",
        }
    }

    /// What is done, if it is no procedure of the plan.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Procedure => "A procedure",
            Self::ContactTree => "The contact tree",
            Self::BackupVerification => "Backup verification",
            Self::AccessReview => "Access review",
            Self::SecurityAudit => "Security audit",
        }
    }

    /// Of the kinds that are inspections.
    #[must_use]
    pub fn inspection(self) -> Option<inspection::Kind> {
        match self {
            Self::AccessReview => Some(inspection::Kind::AccessReview),
            Self::SecurityAudit => Some(inspection::Kind::SecurityAudit),
            _ => None,
        }
    }
}

/// What a person says of a drill that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "DrillVerdict"))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// In an emergency it would do.
    Good,
    /// Something has to change first.
    Lacking,
}

impl Verdict {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Lacking => "lacking",
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Good => "Good",
            Self::Lacking => "Something is lacking",
        }
    }
}

/// What may end a drill before its time.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    pub begun_at: Timestamp,
    pub limit_seconds: u64,
    /// Number and level of an open incident of the system that is none of its drills; without a number if only some may see it.
    pub incident: Option<(Option<i64>, u8)>,
    /// A monitor of the system that is down.
    pub down: Option<&'a str>,
    pub now: Timestamp,
}

/// Why the drill must end, in a sentence.
#[must_use]
pub fn must_stop(around: &Around<'_>) -> Option<String> {
    let until = around.begun_at.plus_seconds(around.limit_seconds);
    match (around.incident, around.down) {
        (Some((Some(number), level)), _) if level >= SERIOUS => {
            Some(format!("Incident {number} has level {level}: people are needed there."))
        }
        (Some((None, level)), _) if level >= SERIOUS => Some("People are needed elsewhere now.".into()),
        (_, Some(monitor)) => Some(format!("The monitor {monitor} is down: the real system comes first.")),
        _ if around.now >= until => Some("Its time is over.".into()),
        _ => None,
    }
}

/// How long a recovery took that was carried out to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// From the target's standing, which is when the trouble begins, to the last step: consent, checks and all.
    pub recovered_seconds: i64,
    /// From the request, with the time it took to make the target.
    pub asked_seconds: i64,
}

/// Nothing, if it was not carried out to its end, or without a step that recovers.
#[must_use]
pub fn measured(run: &Run) -> Option<Measured> {
    if !run.left_out().is_empty() {
        return None;
    }
    let (stood_at, _) = run.resolution.as_ref()?;
    let ended_at = run.ended_at.filter(|_| run.state == RunState::Succeeded)?;
    Some(Measured {
        recovered_seconds: ended_at.seconds_since(*stood_at).max(0),
        asked_seconds: ended_at.seconds_since(run.header.requested_at).max(0),
    })
}

/// The recovery times that the plan promises for what a procedure acts on: name and seconds, the longest first.
#[must_use]
pub fn objectives(plan: &Plan, procedure: &Procedure) -> Vec<(String, u64)> {
    let touched = services(procedure);
    let mut found: Vec<(String, u64)> = vec![];
    for component in &plan.components {
        let of = component.service.as_ref().is_some_and(|service| touched.contains(service));
        if let (true, Some(name), Some(seconds)) = (of, &component.objective, component.rto_seconds)
            && !found.iter().any(|(known, _)| known == name)
        {
            found.push((name.clone(), seconds));
        }
    }
    found.sort_by_key(|(_, seconds)| std::cmp::Reverse(*seconds));
    found
}

#[cfg(test)]
mod tests;
