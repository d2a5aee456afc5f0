//! Signing in and who one is. Passwords only travel inward.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    domain::access::{Action, ContactRole, Role},
    ids::UserId,
};

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("email", &self.email).finish_non_exhaustive()
    }
}

/// How one can sign in here beside a local account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// What the identity provider is called, if there is one.
    pub provider: Option<String>,
}

/// Leaving for the identity provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepartIn {
    /// The console's page to go on to; anything else is the console's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departed {
    /// Where the browser goes now.
    pub address: String,
}

/// The person signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub contact_roles: Vec<ContactRole>,
    /// What the access table allows this person.
    pub may: Vec<Action>,
}

impl Me {
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.may.contains(&action)
    }
}
