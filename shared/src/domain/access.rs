//! Who may do what: the one table of actions and the roles that Muster brings. Nothing else in the program decides by role.

mod rights;
mod role;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::{
    rights::Rights,
    role::{ContactRole, Role, RoleName, UnknownRole},
};

/// How lately somebody must have shown that it is still they who sit there, before an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Being signed in is enough.
    SignedIn,
    /// A sign-in or a proof within the last quarter of an hour.
    Recent,
    /// A proof made for this very purpose, minutes ago; signing in does not count.
    Now,
}

impl Proof {
    /// How old it may be.
    #[must_use]
    pub fn seconds(self) -> Option<i64> {
        match self {
            Self::SignedIn => None,
            Self::Recent => Some(15 * 60),
            Self::Now => Some(2 * 60),
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident $words:literal $why:literal $proof:ident: $($role:ident)*;)*) => {
        /// Everything that can be asked of the server once signed in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum Action {
            $($(#[$doc])* $action,)*
        }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$action,)*];

            /// The built-in roles that may.
            #[must_use]
            pub fn roles(self) -> &'static [Role] {
                match self {
                    $(Self::$action => &[$(Role::$role,)*],)*
                }
            }

            /// As it reads in "You may not …".
            #[must_use]
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$action => $words,)*
                }
            }

            /// Why these roles and no others.
            #[must_use]
            pub fn why(self) -> &'static str {
                match self {
                    $(Self::$action => $why,)*
                }
            }

            #[must_use]
            pub fn proof(self) -> Proof {
                match self {
                    $(Self::$action => Proof::$proof,)*
                }
            }
        }
    };
}

actions! {
    /// Every page of the console except the audit log.
    ViewConsole "open the console"
        "Whoever helps must see the same truth."
        SignedIn: Viewer Responder Operator Approver Administrator;
    DeclareIncident "declare an incident"
        "Whoever is called out must be able to raise the alarm."
        SignedIn: Responder Operator Approver Administrator;
    /// Acknowledge, start work, note, change the level, resolve.
    HandleIncident "handle an incident"
        "Whoever is called out works on it."
        SignedIn: Responder Operator Approver Administrator;
    /// Also those that only some people may see. No role that comes with Muster: who may read confidential things is not decided by
    /// who manages people.
    SeeRestricted "see restricted incidents"
        "Who may read what is confidential is named; managing people is no reason to."
        SignedIn: ;
    PostUpdate "post a public update"
        "Whoever works on it knows what can be said; approvers judge, they do not report."
        SignedIn: Responder Operator Administrator;
    /// Which components strangers see, in which order and under which names.
    ManageStatusPage "arrange the status page"
        "It takes knowledge of the system; approvers judge, they do not report."
        SignedIn: Operator Administrator;
    /// Announce work, move it, say how it goes, end it, call it off.
    PlanMaintenance "plan maintenance"
        "It takes knowledge of the system, and strangers rely on it; approvers judge, they do not report."
        SignedIn: Operator Administrator;
    /// Their addresses, and removing somebody. How many there are is no secret.
    ManageSubscribers "see who gets updates"
        "They are strangers' addresses."
        Recent: Administrator;
    RequestRun "request a recovery run"
        "It takes knowledge of the system; nothing happens before others agree."
        SignedIn: Operator Administrator;
    /// Approve or refuse; never one's own request.
    DecideRun "approve or refuse a recovery run"
        "Consent is given by people who did not ask; an open browser must not give it."
        Recent: Approver Administrator;
    /// Retry, skip or stop when a step has failed.
    AnswerStep "decide about a failed step"
        "It takes knowledge of the system."
        SignedIn: Operator Administrator;
    /// Say the same as somebody else about a step that cannot be undone, or object.
    ConfirmAnswer "confirm what became of a step"
        "A second pair of eyes; an open browser must not be one."
        Recent: Operator Approver Administrator;
    /// Take the consent upon oneself that others should have given. Pages everybody and leaves a review behind.
    BreakGlass "break the glass"
        "When nobody answers, whoever knows the system must be able to go on; it is loud and reviewed."
        Now: Operator Approver Administrator;
    /// Look, afterwards, at a consent that somebody else gave by breaking the glass.
    ReviewGlass "review a broken glass"
        "Those who should have been asked look at it afterwards."
        Recent: Approver Administrator;
    /// End a run that goes on.
    CancelRun "cancel a recovery run"
        "Stopping must be easy."
        SignedIn: Operator Approver Administrator;
    /// Keep every worker from beginning anything, and lift that again.
    Freeze "freeze all recovery"
        "Stopping must be easy."
        SignedIn: Operator Approver Administrator;
    /// That one has read a notice for oneself; whose it is, is decided by its audience.
    AcknowledgeNotice "acknowledge a notice"
        "Everybody can be told something."
        SignedIn: Viewer Responder Operator Approver Administrator;
    EditReport "write a report"
        "Whoever was there can write it down."
        SignedIn: Responder Operator Approver Administrator;
    PublishReport "publish a report"
        "What is published is signed by those who answer for it."
        SignedIn: Approver Administrator;
    /// Save another version of a plan. It says what may run and who must agree, so it is for those who could change the people too.
    EditPlan "change a plan"
        "It says what may run and who must agree, so it is for those who could change the people too."
        SignedIn: Administrator;
    /// People, roles and what they allow; not to change them.
    ViewPeople "see who may do what"
        "Those who answer for decisions and those who manage people must be able to check them."
        SignedIn: Approver Administrator;
    /// Invite, deactivate, give a role, help somebody who is locked out. Never above one's own rights.
    ManagePeople "manage people"
        "Whoever says who is who could act as anybody."
        Recent: Administrator;
    /// What roles of one's own allow, and which roles need a second factor.
    ManageRoles "manage roles"
        "Whoever changes a role changes everybody who has it."
        Recent: Administrator;
    /// Their names, who set them and when; nobody sees values.
    ViewSecrets "see which secrets there are"
        "Those who set them must see what is missing."
        SignedIn: Administrator;
    /// Set, replace and delete what a plan's steps need and nobody reads.
    ManageSecrets "manage secrets"
        "Whoever replaces a value says what the steps are given; an open browser must not."
        Recent: Administrator;
    /// What is watched, and what the status page says when it is down.
    ManageMonitors "manage monitors"
        "What a monitor says stands on the status page and may declare incidents; it asks databases and addresses inside."
        SignedIn: Approver Administrator;
    /// When drills come due, for whom, and when none does. Beginning one is requesting a run.
    PlanDrills "plan drills"
        "It binds other people's time; those who know the system and those who answer for it."
        SignedIn: Operator Approver Administrator;
    /// What was looked at, what was found, and who decided what.
    ViewInspections "see reviews of access and security"
        "They say who has access and what is weak; those who answer for it and those who manage people."
        SignedIn: Approver Administrator;
    BeginInspection "begin a review of access or security"
        "Whoever answers for Muster itself says when it is looked through."
        SignedIn: Administrator;
    /// Decide line by line, never about one's own account; sign it off, or call it off.
    Inspect "review access and security"
        "The word of those who answer for it is evidence; an open browser must not give it."
        Recent: Approver Administrator;
    /// Keep alerts from declaring anything for a while.
    SilenceAlerts "silence alerts"
        "Whoever deals with the trouble must be able to quieten what it causes; a silence ends by itself."
        SignedIn: Responder Operator Approver Administrator;
    /// Which programs send alerts, by which rules; nobody sees their keys again.
    ViewAlertSources "see who sends alerts"
        "Those who set the rules must see what they are."
        SignedIn: Administrator;
    /// Who may send alerts, and what they lead to.
    ManageAlertSources "manage who sends alerts"
        "A rule declares incidents and calls people without asking anybody."
        Recent: Administrator;
    /// Who one is, one's own second factors and sessions.
    ViewAccount "open your account"
        "Everybody may know what is known about them."
        SignedIn: Viewer Responder Operator Approver Administrator;
    /// One's own password, second factors and sessions.
    ChangeAccount "change your account"
        "Everybody keeps their own key; an open browser must not change it."
        Recent: Viewer Responder Operator Approver Administrator;
    /// The plan's contacts with their addresses, and what was sent to whom.
    ViewContacts "see whom to call"
        "Whoever is called out must be able to call others; addresses are nobody else's business."
        SignedIn: Responder Operator Approver Administrator;
    /// Who the plan's contact roles are, in which order they are called; and try whether they can be reached.
    ManageContacts "say who is called"
        "Whoever is called at night must have been named by somebody who answers for it."
        Recent: Administrator;
    ReadAudit "read the audit log"
        "It holds everybody's doings."
        SignedIn: Approver Administrator;
}

impl Action {
    /// What a role of one's own allows always: to look, to be told, and to keep one's own key.
    pub const BASICS: [Self; 4] = [Self::ViewConsole, Self::AcknowledgeNotice, Self::ViewAccount, Self::ChangeAccount];

    /// What is open to somebody whose role asks for a second factor that they do not have.
    pub const OWN: [Self; 2] = [Self::ViewAccount, Self::ChangeAccount];

    /// One sentence for whoever lacks it: what it takes.
    #[must_use]
    pub fn needs(self) -> String {
        let names: Vec<_> = self.roles().iter().map(|role| role.name()).collect();
        let list = match names.as_slice() {
            [] => {
                return format!(
                    "To {} you need a role that allows it; none that comes with Muster does.",
                    self.words()
                );
            }
            [one] => (*one).to_owned(),
            [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
        };
        format!("To {} you need the role {list}.", self.words())
    }

    /// As the wire and the database write it: `request-run`.
    #[must_use]
    pub fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(c.to_lowercase());
        }
        name
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// The text names no action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no action \"{0}\"")]
pub struct UnknownAction(String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.iter().copied().find(|action| action.name() == text).ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_like_this() {
        let mut picture = String::new();
        for action in Action::ALL {
            let row: String = Role::ALL.iter().map(|role| if role.rights().may(*action) { 'x' } else { '.' }).collect();
            let proof = match action.proof() {
                Proof::SignedIn => "",
                Proof::Recent => " with a recent proof",
                Proof::Now => " with a proof now",
            };
            picture += &format!("{row} {action:?}{proof}\n");
        }
        // viewer, responder, operator, approver, administrator
        assert_eq!(
            picture,
            "xxxxx ViewConsole\n\
             .xxxx DeclareIncident\n\
             .xxxx HandleIncident\n\
             ..... SeeRestricted\n\
             .xx.x PostUpdate\n\
             ..x.x ManageStatusPage\n\
             ..x.x PlanMaintenance\n\
             ....x ManageSubscribers with a recent proof\n\
             ..x.x RequestRun\n\
             ...xx DecideRun with a recent proof\n\
             ..x.x AnswerStep\n\
             ..xxx ConfirmAnswer with a recent proof\n\
             ..xxx BreakGlass with a proof now\n\
             ...xx ReviewGlass with a recent proof\n\
             ..xxx CancelRun\n\
             ..xxx Freeze\n\
             xxxxx AcknowledgeNotice\n\
             .xxxx EditReport\n\
             ...xx PublishReport\n\
             ....x EditPlan\n\
             ...xx ViewPeople\n\
             ....x ManagePeople with a recent proof\n\
             ....x ManageRoles with a recent proof\n\
             ....x ViewSecrets\n\
             ....x ManageSecrets with a recent proof\n\
             ...xx ManageMonitors\n\
             ..xxx PlanDrills\n\
             ...xx ViewInspections\n\
             ....x BeginInspection\n\
             ...xx Inspect with a recent proof\n\
             .xxxx SilenceAlerts\n\
             ....x ViewAlertSources\n\
             ....x ManageAlertSources with a recent proof\n\
             xxxxx ViewAccount\n\
             xxxxx ChangeAccount with a recent proof\n\
             .xxxx ViewContacts\n\
             ....x ManageContacts with a recent proof\n\
             ...xx ReadAudit\n"
        );
    }

    #[test]
    fn names_are_those_of_the_wire() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
            assert_eq!(action.name().parse(), Ok(*action));
        }
        assert!("open-the-door".parse::<Action>().is_err());
    }

    #[test]
    fn what_is_missing_is_said_in_words() {
        assert_eq!(
            Action::RequestRun.needs(),
            "To request a recovery run you need the role operator or administrator."
        );
    }
}
