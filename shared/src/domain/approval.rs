//! Four eyes: when a request counts as approved. Consent binds to content; this file knows no database and no clock.

use serde::{Deserialize, Serialize};

use crate::{digest::Digest, domain::access::ContactRole, ids::UserId, timestamp::Timestamp};

/// What it takes. From the plan's annotations, else [`ApprovalPolicy::default`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    /// Distinct people besides the requester.
    pub approvals: u8,
    /// From the resolution until consent can no longer be given or used.
    pub expires_seconds: u64,
    /// If any: only people with one of these contact roles count.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub roles: Vec<ContactRole>,
}

impl Default for ApprovalPolicy {
    /// One other person, within half an hour.
    fn default() -> Self {
        Self { approvals: 1, expires_seconds: 1800, roles: vec![] }
    }
}

impl ApprovalPolicy {
    /// For procedures that only look.
    pub const NONE: Self = Self { approvals: 0, expires_seconds: 1800, roles: vec![] };
}

/// What is consented to. Any change of it voids every decision made on the old content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub plan_digest: Digest,
    pub procedure_digest: Digest,
    pub resolution_digest: Digest,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub by: UserId,
    pub name: String,
    pub at: Timestamp,
    pub content: Content,
    #[serde(flatten)]
    pub choice: Choice,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "kebab-case")]
pub enum Choice {
    Approve,
    Refuse { reason: String },
}

/// A request waiting for consent.
#[derive(Clone, Copy, Debug)]
pub struct RunRequest {
    pub requested_by: UserId,
    pub resolved_at: Timestamp,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pending { have: u8, need: u8 },
    Granted,
    Refused { by: String, reason: String },
    Expired,
}

/// Evaluated when decided and again when executed.
///
/// One valid refusal outweighs any number of approvals. A decision counts only if its content is the request's, its author is
/// not the requester and `still_may` (active, and the role still allows it) says so.
pub fn evaluate(
    policy: &ApprovalPolicy,
    request: &RunRequest,
    decisions: &[Decision],
    still_may: impl Fn(UserId) -> bool,
    now: Timestamp,
) -> Verdict {
    let counts = |d: &&Decision| d.content == request.content && d.by != request.requested_by && still_may(d.by);
    for decision in decisions.iter().filter(counts) {
        if let Choice::Refuse { reason } = &decision.choice {
            return Verdict::Refused { by: decision.name.clone(), reason: reason.clone() };
        }
    }
    if now > request.resolved_at.plus_seconds(policy.expires_seconds) {
        return Verdict::Expired;
    }
    let mut people: Vec<UserId> = decisions.iter().filter(counts).map(|d| d.by).collect();
    people.sort_unstable();
    people.dedup();
    let have = u8::try_from(people.len()).unwrap_or(u8::MAX);
    if have >= policy.approvals { Verdict::Granted } else { Verdict::Pending { have, need: policy.approvals } }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn content(text: &str) -> Content {
        Content {
            plan_digest: Digest::of(b"plan"),
            procedure_digest: Digest::of(b"procedure"),
            resolution_digest: Digest::of(text.as_bytes()),
        }
    }

    fn decision(by: u128, choice: Choice, on: &str) -> Decision {
        Decision {
            by: UserId(Uuid::from_u128(by)),
            name: format!("person {by}"),
            at: Timestamp::from_unix(10),
            content: content(on),
            choice,
        }
    }

    fn verdict(policy: ApprovalPolicy, decisions: &[Decision], now: i64) -> Verdict {
        let request = RunRequest {
            requested_by: UserId(Uuid::from_u128(1)),
            resolved_at: Timestamp::from_unix(0),
            content: content("now"),
        };
        evaluate(&policy, &request, decisions, |user| user.0 != Uuid::from_u128(9), Timestamp::from_unix(now))
    }

    #[test]
    fn cases() {
        use Choice::{Approve, Refuse};
        let one = ApprovalPolicy::default;
        let two = || ApprovalPolicy { approvals: 2, ..one() };
        let refuse = || Refuse { reason: "not now".into() };
        let pending = |have, need| Verdict::Pending { have, need };
        let refused = Verdict::Refused { by: "person 3".into(), reason: "not now".into() };
        let cases: Vec<(&str, ApprovalPolicy, Vec<Decision>, i64, Verdict)> = vec![
            ("nobody yet", one(), vec![], 10, pending(0, 1)),
            ("another person", one(), vec![decision(2, Approve, "now")], 10, Verdict::Granted),
            ("the requester never counts", one(), vec![decision(1, Approve, "now")], 10, pending(0, 1)),
            ("other content does not count", one(), vec![decision(2, Approve, "before")], 10, pending(0, 1)),
            ("who lost the right does not count", one(), vec![decision(9, Approve, "now")], 10, pending(0, 1)),
            (
                "one person twice is one",
                two(),
                vec![decision(2, Approve, "now"), decision(2, Approve, "now")],
                10,
                pending(1, 2),
            ),
            ("two people", two(), vec![decision(2, Approve, "now"), decision(3, Approve, "now")], 10, Verdict::Granted),
            ("refusal wins", one(), vec![decision(2, Approve, "now"), decision(3, refuse(), "now")], 10, refused),
            (
                "a refusal of other content does not",
                one(),
                vec![decision(3, refuse(), "before"), decision(2, Approve, "now")],
                10,
                Verdict::Granted,
            ),
            ("consent runs out", one(), vec![decision(2, Approve, "now")], 1801, Verdict::Expired),
            ("nothing needed", ApprovalPolicy::NONE, vec![], 10, Verdict::Granted),
        ];
        for (name, policy, decisions, now, expected) in cases {
            assert_eq!(verdict(policy, &decisions, now), expected, "{name}");
        }
    }
}
