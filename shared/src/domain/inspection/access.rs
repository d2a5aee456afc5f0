//! One account as a review of access sees it: what it can do, how somebody comes in by it, what stands out, and what has changed since.
//! Reads nothing and knows no clock.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::access::{Action, RoleName},
    ids::UserId,
    timestamp::Timestamp,
};

/// After so long without a sign-in an account stands out.
pub const IDLE_DAYS: i64 = 90;
/// A token that was not used so long after it was made stands out.
pub const UNUSED_DAYS: i64 = 30;
/// A token that lives longer than this stands out.
pub const LONG_DAYS: i64 = 180;
const DAY: i64 = 86_400;

/// A key that a program holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AccessToken {
    pub id: Uuid,
    pub name: String,
    /// What it was made for.
    pub scope: Vec<Action>,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<Timestamp>,
}

impl AccessToken {
    fn words(&self) -> String {
        let used =
            self.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", at.utc_text()));
        let scope: Vec<_> = self.scope.iter().map(|action| action.name()).collect();
        format!(
            "\"{}\" for {}; made {}, expires {}, {used}",
            self.name,
            scope.join(" "),
            self.made_at.utc_text(),
            self.expires_at.utc_text()
        )
    }
}

/// One account and everything that lets somebody in by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Access {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub active: bool,
    /// A program's: nobody can sign in to it.
    pub service: bool,
    pub role: RoleName,
    /// What the role allows, beyond what everybody may.
    pub actions: Vec<Action>,
    /// The plan's contact roles that count as consent, and those in which the account is called.
    pub contact_roles: Vec<String>,
    pub contacts: Vec<String>,
    pub password: bool,
    pub passkeys: i64,
    pub authenticator: bool,
    /// Identity providers by which they come in.
    pub providers: Vec<String>,
    pub sessions: i64,
    pub tokens: Vec<AccessToken>,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_in_at: Option<Timestamp>,
}

impl Access {
    #[must_use]
    pub fn administers(&self) -> bool {
        [Action::ManagePeople, Action::ManageRoles].iter().any(|action| self.actions.contains(action))
    }

    fn second_factor(&self) -> bool {
        self.authenticator || self.passkeys > 0
    }

    /// Ways in, in words.
    #[must_use]
    pub fn ways(&self) -> Vec<String> {
        let mut ways = vec![];
        if self.password {
            ways.push("password".to_owned());
        }
        match self.passkeys {
            0 => {}
            1 => ways.push("a passkey".into()),
            n => ways.push(format!("{n} passkeys")),
        }
        if self.authenticator {
            ways.push("authenticator app".into());
        }
        ways.extend(self.providers.iter().map(|issuer| format!("provider {issuer}")));
        ways
    }

    /// What it is, part by part; when somebody signed in last is beside it.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let or_none = |parts: Vec<String>| if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
        let ways = if self.service { vec!["API tokens only".to_owned()] } else { self.ways() };
        vec![
            ("E-mail", self.email.clone()),
            ("Role", self.role.to_string()),
            ("Allows beyond looking", or_none(self.actions.iter().map(|action| action.name()).collect())),
            ("Comes in by", or_none(ways)),
            ("Open sessions", self.sessions.to_string()),
            ("API tokens", or_none(self.tokens.iter().map(AccessToken::words).collect())),
            ("Counts as", or_none(self.contact_roles.clone())),
            ("Contact in the plan", or_none(self.contacts.clone())),
        ]
    }
}

/// What stands out about an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AccessMark"))]
#[serde(tag = "mark", rename_all = "kebab-case")]
pub enum Mark {
    /// Nobody has signed in for so long, or never.
    Idle {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        days: Option<i64>,
    },
    /// Manages people or roles without a second factor.
    NoSecondFactor {},
    TokenUnused {
        token: String,
        days: i64,
    },
    TokenLong {
        token: String,
        days: i64,
    },
    /// Changes things, and the plan calls them for nothing.
    NotInPlan {},
    /// Manages people or roles, although none of their contacts in the plan is an administrator's.
    BeyondContact {
        contacts: Vec<String>,
    },
}

impl Mark {
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Idle { days: None } => "Nobody has ever signed in.".into(),
            Self::Idle { days: Some(days) } => format!("No sign-in for {days} days."),
            Self::NoSecondFactor {} => "Manages people or roles without a second factor.".into(),
            Self::TokenUnused { token, days } => format!("Token \"{token}\" was not used in {days} days."),
            Self::TokenLong { token, days } => format!("Token \"{token}\" lives {days} days."),
            Self::NotInPlan {} => "Can change things, but is no contact of the plan.".into(),
            Self::BeyondContact { contacts } => {
                format!("Manages people or roles; as {} the plan does not need that.", contacts.join(" and "))
            }
        }
    }
}

/// What stands out, the gravest first.
#[must_use]
pub fn marks(one: &Access, now: Timestamp) -> Vec<Mark> {
    let mut found = vec![];
    let days = |at: Timestamp| now.seconds_since(at) / DAY;
    if one.administers() && !one.service && !one.second_factor() {
        found.push(Mark::NoSecondFactor {});
    }
    let idle = days(one.signed_in_at.unwrap_or(one.created_at));
    if !one.service && idle >= IDLE_DAYS {
        found.push(Mark::Idle { days: one.signed_in_at.map(|_| idle) });
    }
    for token in &one.tokens {
        let unused = days(token.last_used_at.unwrap_or(token.made_at));
        if unused >= token.last_used_at.map_or(UNUSED_DAYS, |_| IDLE_DAYS) {
            found.push(Mark::TokenUnused { token: token.name.clone(), days: unused });
        }
        let lives = token.expires_at.seconds_since(token.made_at) / DAY;
        if lives > LONG_DAYS {
            found.push(Mark::TokenLong { token: token.name.clone(), days: lives });
        }
    }
    let administrators = |contact: &String| contact.to_lowercase().contains("admin");
    if one.contacts.is_empty() && !one.service && !one.actions.is_empty() {
        found.push(Mark::NotInPlan {});
    } else if one.administers() && !one.contacts.is_empty() && !one.contacts.iter().any(administrators) {
        found.push(Mark::BeyondContact { contacts: one.contacts.clone() });
    }
    found
}

/// What is different about an account by now, in sentences; nothing: all is as it was. Using it is no change.
#[must_use]
pub fn since(was: &Access, is: &Access) -> Vec<String> {
    let mut found = vec![];
    if was.active != is.active {
        found.push(if is.active { "It is active again.".to_owned() } else { "It was deactivated.".to_owned() });
    }
    if was.role != is.role {
        found.push(format!("Its role is {} now.", is.role));
    } else if was.actions != is.actions {
        found.push(format!("What the role {} allows has changed.", is.role));
    }
    if was.contact_roles != is.contact_roles || was.contacts != is.contacts {
        found.push("Its contact roles have changed.".into());
    }
    match (was.second_factor(), is.second_factor()) {
        (false, true) => found.push("It has a second factor now.".into()),
        (true, false) => found.push("It has no second factor any more.".into()),
        _ => {}
    }
    if was.password != is.password {
        found.push(if is.password { "It has a password now.".into() } else { "It has no password any more.".into() });
    }
    if was.providers != is.providers {
        found.push("Its identity providers have changed.".into());
    }
    let has = |of: &Access, id: Uuid| of.tokens.iter().any(|token| token.id == id);
    let gone = was.tokens.iter().filter(|token| !has(is, token.id));
    found.extend(gone.map(|token| format!("Token \"{}\" does not let in any more.", token.name)));
    let new = is.tokens.iter().filter(|token| !has(was, token.id));
    found.extend(new.map(|token| format!("Token \"{}\" was made.", token.name)));
    found
}
