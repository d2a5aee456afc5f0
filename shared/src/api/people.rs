//! People, roles and links that let in once, for those who manage them.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    api::account::SessionView,
    domain::{
        access::{Action, ContactRole, RoleName},
        offer::Offer,
        text::{Message, Name},
    },
    ids::UserId,
    timestamp::Timestamp,
};

/// `GET /people`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PeopleView {
    pub people: Vec<PersonRowView>,
    pub invitations: Vec<InvitationView>,
    /// Why this person cannot invite, if so.
    pub invite_refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PersonRowView {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: RoleName,
    pub contact_roles: Vec<ContactRole>,
    pub active: bool,
    /// A program's: nobody can sign in to it.
    pub service: bool,
    pub second_factor: bool,
    /// Asked for by the role and not there.
    pub factor_missing: bool,
    pub signed_in_at: Option<Timestamp>,
}

/// `GET /people/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PersonView {
    #[serde(flatten)]
    pub row: PersonRowView,
    pub has_password: bool,
    pub totp: bool,
    pub passkeys: i64,
    pub recovery_codes: i64,
    pub created_at: Timestamp,
    pub sessions: Vec<SessionView>,
    pub offers: Vec<Offer<PersonCommand>>,
}

/// What can be done about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PersonCommand {
    ChangeRole,
    ChangeContactRoles,
    Deactivate,
    Activate,
    MakePasswordLink,
    RemoveFactors,
    EndSessions,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct InvitationView {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub role: RoleName,
    pub contact_roles: Vec<ContactRole>,
    pub made_by: String,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InviteIn {
    pub name: Name,
    pub email: String,
    pub role: RoleName,
    #[serde(default)]
    pub contact_roles: Vec<ContactRole>,
}

/// A link that lets somebody in once: shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LinkView {
    pub link: String,
    pub expires_at: Timestamp,
    /// It is on its way there by e-mail, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailed_to: Option<String>,
}

impl fmt::Debug for LinkView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkView").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PersonRoleIn {
    pub role: RoleName,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ContactRolesIn {
    pub contact_roles: Vec<ContactRole>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ActiveIn {
    pub active: bool,
    pub reason: Message,
}

/// `GET /roles`: who may do what, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AccessView {
    pub actions: Vec<ActionView>,
    pub roles: Vec<RoleView>,
    /// Why this person cannot change roles, if so.
    pub change_refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ActionView {
    pub action: Action,
    /// As it reads after "may".
    pub words: String,
    pub why: String,
    /// Seconds within which one must have shown that it is oneself; absent where being signed in is enough.
    pub proof_seconds: Option<i64>,
    /// Part of every role.
    pub basic: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RoleView {
    pub name: RoleName,
    pub built_in: bool,
    pub may: Vec<Action>,
    pub second_factor: bool,
    /// Active ones.
    pub people: i64,
}

/// `PUT /roles/{name}`: makes or changes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleIn {
    /// Left out for a built-in role, whose actions are fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may: Option<Vec<Action>>,
    pub second_factor: bool,
}

/// `GET /people/{id}/may?action=`: may this person do that?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MayView {
    pub may: bool,
    /// The whole answer in words.
    pub why: String,
}

/// A link's token.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkIn {
    pub token: String,
}

impl fmt::Debug for LinkIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkIn(…)")
    }
}

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "purpose", rename_all = "kebab-case")]
pub enum LinkSeenView {
    Invitation {
        name: String,
        email: String,
        role: RoleName,
        made_by: String,
        expires_at: Timestamp,
    },
    NewPassword {
        name: String,
        email: String,
        expires_at: Timestamp,
    },
    /// Nobody is there yet.
    FirstAdministrator {
        expires_at: Timestamp,
    },
}

/// Uses a link up.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkUseIn {
    pub token: String,
    pub password: String,
    /// Of the first administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Of the first administrator; an invited person may correct theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
}

impl fmt::Debug for LinkUseIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkUseIn(…)")
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LinkUsedView {
    pub email: String,
    /// Whether the browser is signed in now; otherwise the person signs in with what was set.
    pub signed_in: bool,
}
