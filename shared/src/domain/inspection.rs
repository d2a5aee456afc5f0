//! Reviews of access and audits of security: lines that people decide one by one, until all are decided and somebody signs it off. Reads
//! nothing and knows no clock.

pub mod access;
pub mod hardening;

use serde::{Deserialize, Serialize};

use self::{
    access::{Access, Mark, marks},
    hardening::{Check, Found, State},
};
use crate::{domain::named::named, ids::UserId, timestamp::Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "InspectionKind"))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Who can do what in Muster, account by account.
    AccessReview,
    /// What is hardened and what is not, check by check.
    SecurityAudit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "InspectionDecision"))]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The account stays as it is.
    Keep,
    /// Something about the account must change; the note says what.
    Change,
    /// The account must go.
    Remove,
    Holds,
    DoesNotHold,
    /// It says nothing here; the note says why.
    NotApplicable,
}

named!(Kind Decision);

impl Kind {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AccessReview => "Access review",
            Self::SecurityAudit => "Security audit",
        }
    }

    /// What can be said of its lines.
    #[must_use]
    pub fn decisions(self) -> [Decision; 3] {
        match self {
            Self::AccessReview => [Decision::Keep, Decision::Change, Decision::Remove],
            Self::SecurityAudit => [Decision::Holds, Decision::DoesNotHold, Decision::NotApplicable],
        }
    }
}

impl Decision {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Keep => "Keep",
            Self::Change => "Change",
            Self::Remove => "Remove",
            Self::Holds => "Holds",
            Self::DoesNotHold => "Does not hold",
            Self::NotApplicable => "Not applicable",
        }
    }
}

/// What a line is about, as it was when the inspection began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "InspectionSubject"))]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum Subject {
    Account(Box<Access>),
    /// What Muster looks at by itself.
    Check {
        check: Check,
    },
    /// A point of the plan that only people can answer.
    Question {
        text: String,
        /// Of its topic in the plan.
        line: u32,
    },
}

impl Subject {
    /// In one line.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Account(access) => &access.name,
            Self::Check { check } => check.words(),
            Self::Question { text, .. } => text,
        }
    }

    /// Whose account it is.
    #[must_use]
    pub fn account(&self) -> Option<UserId> {
        match self {
            Self::Account(access) => Some(access.id),
            _ => None,
        }
    }

    /// What stands out about the account.
    #[must_use]
    pub fn marks(&self, begun_at: Timestamp) -> Vec<Mark> {
        match self {
            Self::Account(access) => marks(access, begun_at),
            _ => vec![],
        }
    }
}

/// What Muster itself found to hold needs nobody's word.
#[must_use]
pub fn is_settled(found: Option<&Found>, decided: bool) -> bool {
    decided || found.is_some_and(|found| found.state == State::Holds)
}

/// One line when somebody decides about it.
#[derive(Clone, Copy, Debug)]
pub struct Deciding<'a> {
    pub kind: Kind,
    pub subject: &'a Subject,
    pub found: Option<&'a Found>,
    pub begun_at: Timestamp,
    pub by: UserId,
    pub decision: Decision,
    pub note: &'a str,
}

/// Why a decision cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Four eyes: it is their own account.
    Own,
    /// No decision about lines of this kind.
    Foreign,
    /// Muster has found otherwise.
    Contradicted,
    /// It is not known yet.
    Waiting,
    NoteMissing,
}

impl Refusal {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Own => "This is your own account: somebody else decides about it.",
            Self::Foreign => "This cannot be said of this line.",
            Self::Contradicted => {
                "Muster found that it does not hold. Say so, or that it is not applicable, and why; when it was \
                 mended, the next audit shows it."
            }
            Self::Waiting => "A worker has still to look at the host; then it can be decided.",
            Self::NoteMissing => {
                "Write a note: something stands out here, or is to be done, and whoever reads this later must know why."
            }
        }
    }
}

/// # Errors
/// Why not.
pub fn decide(one: &Deciding<'_>) -> Result<(), Refusal> {
    if one.subject.account() == Some(one.by) {
        return Err(Refusal::Own);
    }
    if !one.kind.decisions().contains(&one.decision) {
        return Err(Refusal::Foreign);
    }
    let state = one.found.map(|found| found.state);
    if state == Some(State::Waiting) {
        return Err(Refusal::Waiting);
    }
    if state == Some(State::DoesNotHold) && one.decision == Decision::Holds {
        return Err(Refusal::Contradicted);
    }
    let plain = matches!(one.decision, Decision::Keep | Decision::Holds);
    let stands_out = !one.subject.marks(one.begun_at).is_empty() || state == Some(State::Unknown);
    if one.note.trim().is_empty() && (!plain || stands_out) {
        return Err(Refusal::NoteMissing);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
