//! Who may do what: the one role × action table. Nothing else in the program decides by role.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a person may do in Muster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Viewer,
    Responder,
    Operator,
    Approver,
    Administrator,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Responder, Self::Operator, Self::Approver, Self::Administrator];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Administrator => "administrator",
        }
    }

    /// The table's answer.
    #[must_use]
    pub fn may(self, action: Action) -> bool {
        action.roles().contains(&self)
    }
}

/// The plan's contact roles: an attribute of a person beside the [`Role`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactRole {
    SystemAdministrator,
    DatabaseAdministrator,
    SecurityOfficer,
}

impl ContactRole {
    pub const ALL: [Self; 3] = [Self::SystemAdministrator, Self::DatabaseAdministrator, Self::SecurityOfficer];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SystemAdministrator => "system-administrator",
            Self::DatabaseAdministrator => "database-administrator",
            Self::SecurityOfficer => "security-officer",
        }
    }
}

/// The text names no role; the message lists those there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role \"{given}\"; write one of: {known}")]
pub struct UnknownRole {
    given: String,
    known: String,
}

macro_rules! named {
    ($type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = UnknownRole;

            fn from_str(text: &str) -> Result<Self, UnknownRole> {
                Self::ALL
                    .into_iter()
                    .find(|role| role.name() == text)
                    .ok_or_else(|| UnknownRole { given: text.to_owned(), known: Self::ALL.map(Self::name).join(", ") })
            }
        }
    };
}

named!(Role);
named!(ContactRole);

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident $words:literal: $($role:ident)*;)*) => {
        /// Everything that can be asked of the server once signed in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Action {
            $($(#[$doc])* $action,)*
        }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$action,)*];

            /// The roles that may.
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
        }
    };
}

actions! {
    /// Every page of the console except the audit log.
    ViewConsole "open the console": Viewer Responder Operator Approver Administrator;
    DeclareIncident "declare an incident": Responder Operator Approver Administrator;
    /// Acknowledge, start work, note, change the level, resolve.
    HandleIncident "handle an incident": Responder Operator Approver Administrator;
    PostUpdate "post a public update": Responder Operator Administrator;
    RequestRun "request a recovery run": Operator Administrator;
    /// Approve or refuse; never one's own request.
    DecideRun "approve or refuse a recovery run": Approver Administrator;
    /// Retry, skip or stop when a step has failed.
    AnswerStep "decide about a failed step": Operator Administrator;
    /// Say the same as somebody else about a step that cannot be undone, or object.
    ConfirmAnswer "confirm what became of a step": Operator Approver Administrator;
    /// Take the consent upon oneself that others should have given. Pages everybody and leaves a review behind.
    BreakGlass "break the glass": Operator Approver Administrator;
    /// Look, afterwards, at a consent that somebody else gave by breaking the glass.
    ReviewGlass "review a broken glass": Approver Administrator;
    /// End a run that goes on.
    CancelRun "cancel a recovery run": Operator Approver Administrator;
    /// Keep every worker from beginning anything, and lift that again.
    Freeze "freeze all recovery": Operator Approver Administrator;
    /// That one has read a notice for oneself; whose it is, is decided by its audience.
    AcknowledgeNotice "acknowledge a notice": Viewer Responder Operator Approver Administrator;
    EditReport "write a report": Responder Operator Approver Administrator;
    PublishReport "publish a report": Approver Administrator;
    /// Save another version of a plan. It says what may run and who must agree, so it is for those who could change the people too.
    EditPlan "change a plan": Administrator;
    ManageUsers "manage users": Administrator;
    /// Set, replace and delete what a plan's steps need and nobody reads.
    ManageSecrets "manage secrets": Administrator;
    ReadAudit "read the audit log": Approver Administrator;
}

impl Action {
    /// One sentence for whoever lacks it: what it takes.
    #[must_use]
    pub fn needs(self) -> String {
        let names: Vec<_> = self.roles().iter().map(|role| role.name()).collect();
        let list = match names.as_slice() {
            [] => return format!("Nobody may {}.", self.words()),
            [one] => (*one).to_owned(),
            [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
        };
        format!("To {} you need the role {list}.", self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_like_this() {
        let mut picture = String::new();
        for action in Action::ALL {
            let row: String = Role::ALL.iter().map(|role| if role.may(*action) { 'x' } else { '.' }).collect();
            picture += &format!("{row} {action:?}\n");
        }
        // viewer, responder, operator, approver, administrator
        assert_eq!(
            picture,
            "xxxxx ViewConsole\n\
             .xxxx DeclareIncident\n\
             .xxxx HandleIncident\n\
             .xx.x PostUpdate\n\
             ..x.x RequestRun\n\
             ...xx DecideRun\n\
             ..x.x AnswerStep\n\
             ..xxx ConfirmAnswer\n\
             ..xxx BreakGlass\n\
             ...xx ReviewGlass\n\
             ..xxx CancelRun\n\
             ..xxx Freeze\n\
             xxxxx AcknowledgeNotice\n\
             .xxxx EditReport\n\
             ...xx PublishReport\n\
             ....x EditPlan\n\
             ....x ManageUsers\n\
             ....x ManageSecrets\n\
             ...xx ReadAudit\n"
        );
    }

    #[test]
    fn an_unknown_role_names_the_known_ones() {
        let error = "root".parse::<Role>().unwrap_err().to_string();
        assert!(error.contains("\"root\"") && error.contains("viewer, responder"), "{error}");
    }

    #[test]
    fn what_is_missing_is_said_in_words() {
        assert_eq!(
            Action::RequestRun.needs(),
            "To request a recovery run you need the role operator or administrator."
        );
    }
}
