//! Four eyes: when a request counts as approved. Consent binds to content; this file knows no database and no clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    domain::access::{ContactRole, UnknownRole},
    ids::UserId,
    plan::Procedure,
    timestamp::Timestamp,
};

/// What it takes. From the plan's annotations; what they do not say is decided by what the steps do: [`ApprovalPolicy::of`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ApprovalPolicy {
    /// Distinct people besides the requester.
    pub approvals: u8,
    /// From the resolution until consent can no longer be given or used.
    pub expires_seconds: u64,
    /// If any: only people with one of these contact roles count.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub roles: Vec<ContactRole>,
    /// If any: at least one of those who count has one of these contact roles.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub including: Vec<ContactRole>,
    /// Whether it takes two people to say what became of a step that cannot be undone and whose outcome is unknown.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub confirm_unknown: bool,
}

impl Default for ApprovalPolicy {
    /// One other person, within half an hour.
    fn default() -> Self {
        Self { approvals: 1, ..Self::NONE }
    }
}

impl ApprovalPolicy {
    /// For procedures that only look.
    pub const NONE: Self =
        Self { approvals: 0, expires_seconds: 1800, roles: vec![], including: vec![], confirm_unknown: false };

    /// What cannot be undone takes two people besides the requester, one of them with the contact role that the procedure
    /// belongs to; what changes something takes one; what only looks or tells people takes nobody. The plan may name another
    /// number (never none where something changes) and the contact roles that count.
    ///
    /// # Errors
    /// If the plan names a contact role that there is not.
    pub fn of(procedure: &Procedure) -> Result<Self, UnknownRole> {
        let roles = procedure.roles.iter().map(|role| role.parse()).collect::<Result<Vec<_>, _>>()?;
        let needs_approval = procedure.steps.iter().any(|step| step.kind.needs_approval());
        let final_steps = procedure.steps.iter().any(|step| step.cannot_be_undone());
        let approvals = match (procedure.approvals, needs_approval) {
            (Some(said), true) => said.max(1),
            (Some(said), false) => said,
            (None, true) if final_steps => 2,
            (None, true) => 1,
            (None, false) => 0,
        };
        // Where the plan says who counts, it has said enough.
        let including = if final_steps && roles.is_empty() { vec![duty(procedure)] } else { vec![] };
        Ok(Self { approvals, roles, including, confirm_unknown: final_steps, ..Self::NONE })
    }

    /// Whether it lets something through that `asked` would not.
    #[must_use]
    pub fn is_weaker_than(&self, asked: &Self) -> bool {
        self.approvals < asked.approvals
            || self.expires_seconds > asked.expires_seconds
            || self.roles != asked.roles
            || self.including != asked.including
            || (asked.confirm_unknown && !self.confirm_unknown)
    }

    /// Why this person's consent would not count, if so.
    #[must_use]
    pub fn lacks(&self, held: &[ContactRole]) -> Option<String> {
        if self.roles.is_empty() || self.roles.iter().any(|role| held.contains(role)) {
            return None;
        }
        Some(format!("The plan wants the consent of somebody who is {}, and you are not.", any_of(&self.roles)))
    }
}

impl ApprovalPolicy {
    /// What it takes, for people: what breaking the glass breaks.
    #[must_use]
    pub fn words(&self) -> String {
        let people = match self.approvals {
            0 => return "No approval is needed".into(),
            1 => "One approval by somebody other than the requester".to_owned(),
            n => format!("{n} approvals by different people other than the requester"),
        };
        match (self.roles.is_empty(), self.including.is_empty()) {
            (false, _) => format!("{people}, each of them {}", any_of(&self.roles)),
            (true, false) => format!("{people}, one of them {}", any_of(&self.including)),
            (true, true) => people,
        }
    }
}

/// "database administrator or security officer".
#[must_use]
pub fn any_of(roles: &[ContactRole]) -> String {
    roles.iter().map(|role| role.name().replace('-', " ")).collect::<Vec<_>>().join(" or ")
}

/// Whose procedure it is, by its title and the headings above it: the last word that names a field decides, since headings
/// stand from wide to narrow.
#[must_use]
pub fn duty(procedure: &Procedure) -> ContactRole {
    let headings = procedure.section.iter().chain([&procedure.title]).rev();
    for heading in headings {
        let heading = heading.to_lowercase();
        let words: Vec<_> = heading.split(|c: char| !c.is_alphanumeric()).collect();
        let names = |known: &[&str]| words.iter().any(|word| known.contains(word));
        if names(&["database", "databases", "db", "postgres", "postgresql", "sql"]) {
            return ContactRole::DatabaseAdministrator;
        }
        if names(&["security", "credential", "credentials", "breach", "compromise", "compromised", "intrusion"]) {
            return ContactRole::SecurityOfficer;
        }
    }
    ContactRole::SystemAdministrator
}

/// Who may decide at this moment, with their contact roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deciders(BTreeMap<UserId, Decider>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    pub contact_roles: Vec<ContactRole>,
    /// Since when their rights are what they are. `None`: always.
    pub since: Option<Timestamp>,
}

impl FromIterator<(UserId, Decider)> for Deciders {
    fn from_iter<I: IntoIterator<Item = (UserId, Decider)>>(people: I) -> Self {
        Self(people.into_iter().collect())
    }
}

impl Deciders {
    /// Those of them who are among these.
    #[must_use]
    pub fn among(self, people: &[UserId]) -> Self {
        Self(self.0.into_iter().filter(|(id, _)| people.contains(id)).collect())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn holds(&self, user: UserId) -> Option<&[ContactRole]> {
        self.0.get(&user).map(|decider| decider.contact_roles.as_slice())
    }

    /// Whether what this person said then still counts: who lost a right and got it back has to say it again.
    #[must_use]
    pub fn still(&self, user: UserId, at: Timestamp) -> bool {
        self.0.get(&user).is_some_and(|decider| decider.since.is_none_or(|since| at >= since))
    }

    /// Why a request of `requested_by` can get no consent from the people there are, if so.
    #[must_use]
    pub fn cannot_meet(&self, policy: &ApprovalPolicy, requested_by: UserId) -> Option<String> {
        let held = || self.0.iter().map(|(user, decider)| (user, decider.contact_roles.as_slice()));
        let others = || held().filter(|(user, held)| **user != requested_by && policy.lacks(held).is_none());
        if policy.approvals == 0 {
            return None;
        }
        if !policy.roles.is_empty() && others().count() == 0 {
            return Some(format!("Nobody else who may approve is {}.", any_of(&policy.roles)));
        }
        if others().count() < usize::from(policy.approvals) {
            return Some(format!(
                "It takes {} people besides the requester, and only {} may approve.",
                policy.approvals,
                others().count()
            ));
        }
        let covered = policy.including.is_empty()
            || others().any(|(_, held)| policy.including.iter().any(|role| held.contains(role)));
        (!covered).then(|| format!("Nobody else who may approve is {}.", any_of(&policy.including)))
    }
}

/// What is consented to. Any change of it voids every decision made on the old content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Content {
    pub plan_digest: Digest,
    pub procedure_digest: Digest,
    pub resolution_digest: Digest,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Decision {
    pub by: UserId,
    pub name: String,
    pub at: Timestamp,
    pub content: Content,
    #[serde(flatten)]
    pub choice: Choice,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "choice", rename_all = "kebab-case")]
pub enum Choice {
    Approve,
    Refuse { reason: String },
}

/// One person's word in place of the consent that the policy asks for. Bound to content as any decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Glass {
    pub by: UserId,
    pub name: String,
    pub at: Timestamp,
    pub content: Content,
    /// The rule it breaks, in words.
    pub rule: String,
    pub reason: String,
}

impl Glass {
    /// As [`evaluate`]: whether it still holds. `breakers` may break the glass at this moment.
    #[must_use]
    pub fn holds(&self, policy: &ApprovalPolicy, request: &RunRequest, breakers: &Deciders, now: Timestamp) -> bool {
        let in_time = now <= request.resolved_at.plus_seconds(policy.expires_seconds);
        self.content == request.content && breakers.still(self.by, self.at) && in_time
    }
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
    /// `lacking`: contact roles of which nobody has consented yet.
    Pending {
        have: u8,
        need: u8,
        lacking: Vec<ContactRole>,
    },
    Granted,
    Refused {
        by: String,
        reason: String,
    },
    Expired,
}

/// Evaluated when decided and again when executed.
///
/// One valid refusal outweighs any number of approvals. A decision counts only if its content is the request's, its author is
/// not the requester and has been one of `deciders` since (active, with a role that allows it, and a contact role that counts).
#[must_use]
pub fn evaluate(
    policy: &ApprovalPolicy,
    request: &RunRequest,
    decisions: &[Decision],
    deciders: &Deciders,
    now: Timestamp,
) -> Verdict {
    let counts = |d: &&Decision| {
        let held = deciders.holds(d.by);
        d.content == request.content
            && d.by != request.requested_by
            && deciders.still(d.by, d.at)
            && held.is_some_and(|h| policy.lacks(h).is_none())
    };
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
    let held = |role: &ContactRole| people.iter().any(|p| deciders.holds(*p).is_some_and(|h| h.contains(role)));
    let covered = policy.including.is_empty() || policy.including.iter().any(held);
    if have >= policy.approvals && covered {
        return Verdict::Granted;
    }
    let lacking = if covered { vec![] } else { policy.including.clone() };
    Verdict::Pending { have, need: policy.approvals, lacking }
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
        let held = |user| if user == 4 { vec![ContactRole::DatabaseAdministrator] } else { vec![] };
        // 12 has lost a right and got it back after the decisions were made.
        let since = |user| (user == 12).then(|| Timestamp::from_unix(11));
        let decider = |user| Decider { contact_roles: held(user), since: since(user) };
        let deciders = (1..=8).chain([12]).map(|user| (UserId(Uuid::from_u128(user)), decider(user))).collect();
        evaluate(&policy, &request, decisions, &deciders, Timestamp::from_unix(now))
    }

    #[test]
    fn cases() {
        use Choice::{Approve, Refuse};
        let one = ApprovalPolicy::default;
        let two = || ApprovalPolicy { approvals: 2, ..one() };
        let refuse = || Refuse { reason: "not now".into() };
        let pending = |have, need| Verdict::Pending { have, need, lacking: vec![] };
        let database = || vec![ContactRole::DatabaseAdministrator];
        let with_one = || ApprovalPolicy { including: database(), ..two() };
        let only = || ApprovalPolicy { roles: database(), ..one() };
        let refused = Verdict::Refused { by: "person 3".into(), reason: "not now".into() };
        let cases: Vec<(&str, ApprovalPolicy, Vec<Decision>, i64, Verdict)> = vec![
            ("nobody yet", one(), vec![], 10, pending(0, 1)),
            ("another person", one(), vec![decision(2, Approve, "now")], 10, Verdict::Granted),
            ("the requester never counts", one(), vec![decision(1, Approve, "now")], 10, pending(0, 1)),
            ("other content does not count", one(), vec![decision(2, Approve, "before")], 10, pending(0, 1)),
            ("who lost the right does not count", one(), vec![decision(9, Approve, "now")], 10, pending(0, 1)),
            ("who got it back does not count either", one(), vec![decision(12, Approve, "now")], 10, pending(0, 1)),
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
            (
                "two, and none of them holds the duty",
                with_one(),
                vec![decision(2, Approve, "now"), decision(3, Approve, "now")],
                10,
                Verdict::Pending { have: 2, need: 2, lacking: database() },
            ),
            (
                "two, one of them with the duty",
                with_one(),
                vec![decision(2, Approve, "now"), decision(4, Approve, "now")],
                10,
                Verdict::Granted,
            ),
            ("one with the duty is not two", with_one(), vec![decision(4, Approve, "now")], 10, pending(1, 2)),
            ("only the duty counts", only(), vec![decision(2, Approve, "now")], 10, pending(0, 1)),
            ("and does", only(), vec![decision(4, Approve, "now")], 10, Verdict::Granted),
            ("nothing needed", ApprovalPolicy::NONE, vec![], 10, Verdict::Granted),
        ];
        for (name, policy, decisions, now, expected) in cases {
            assert_eq!(verdict(policy, &decisions, now), expected, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_undone_takes_two_people_and_a_duty() {
        use crate::{
            fixtures::procedure,
            plan::{StepKind, VolumeSelection},
        };
        use ContactRole as R;
        let look = || StepKind::Inspect { services: vec![] };
        let restart = || StepKind::Restart { services: vec![] };
        let wipe = || StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject };
        let of = |procedure: &Procedure| {
            let policy = ApprovalPolicy::of(procedure).unwrap();
            (policy.approvals, policy.roles, policy.including, policy.confirm_unknown)
        };
        assert_eq!(of(&procedure("Look", [look()])), (0, vec![], vec![], false));
        assert_eq!(of(&procedure("Database restart", [look(), restart()])), (1, vec![], vec![], false));
        let database = procedure("Restore the database", [wipe()]);
        assert_eq!(of(&database), (2, vec![], vec![R::DatabaseAdministrator], true));
        assert_eq!(of(&procedure("Everything", [wipe()])), (2, vec![], vec![R::SystemAdministrator], true));
        // The narrow heading goes before the wide one.
        let inside = |section: &str| Procedure { section: vec![section.into()], ..procedure("Wipe", [wipe()]) };
        assert_eq!(of(&inside("Security Incident Recovery")).2, [R::SecurityOfficer]);
        let both = Procedure { section: vec!["Security".into()], ..database.clone() };
        assert_eq!(of(&both).2, [R::DatabaseAdministrator]);
        // The plan's word goes before the default, but nobody's consent is never enough.
        let said = |approvals, roles: &[&str]| Procedure {
            approvals: Some(approvals),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
            ..database.clone()
        };
        assert_eq!(of(&said(1, &[])), (1, vec![], vec![R::DatabaseAdministrator], true));
        assert_eq!(of(&said(0, &["security-officer"])), (1, vec![R::SecurityOfficer], vec![], true));
        assert!(ApprovalPolicy::of(&said(1, &["janitor"])).is_err());
    }

    #[test]
    fn who_could_consent_is_said_before_anybody_waits() {
        let user = |n| UserId(Uuid::from_u128(n));
        let dba = vec![ContactRole::DatabaseAdministrator];
        let policy = ApprovalPolicy { approvals: 2, including: dba.clone(), ..ApprovalPolicy::default() };
        let people = |n: u128, with: u128| -> Deciders {
            let held = |p| if p == with { dba.clone() } else { vec![] };
            (1..=n).map(|p| (user(p), Decider { contact_roles: held(p), since: None })).collect()
        };
        assert_eq!(people(3, 2).cannot_meet(&policy, user(1)), None);
        assert!(people(2, 2).cannot_meet(&policy, user(1)).unwrap().contains("takes 2 people"));
        assert!(people(3, 9).cannot_meet(&policy, user(1)).unwrap().contains("database administrator"));
        // The requester's duty is of no use.
        assert!(people(3, 1).cannot_meet(&policy, user(1)).is_some());
        assert_eq!(people(1, 9).cannot_meet(&ApprovalPolicy::NONE, user(1)), None);
        let only = ApprovalPolicy { roles: dba.clone(), ..ApprovalPolicy::default() };
        assert!(people(3, 9).cannot_meet(&only, user(1)).is_some());
    }
}
