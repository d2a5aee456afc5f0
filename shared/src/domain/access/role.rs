//! The names of roles: those Muster brings, those people make, and the plan's contact roles. What they allow is the table's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use super::{Action, Rights};

/// What a person may do in Muster, as it comes with the program.
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
    pub fn rights(self) -> Rights {
        Action::ALL.iter().copied().filter(|action| action.roles().contains(&self)).collect()
    }
}

/// The name of any role, built-in or made here: small letters, digits and single hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RoleName(String);

impl RoleName {
    const MOST: usize = 40;

    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = text.len() >= 2
            && text.len() <= Self::MOST
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(plain)
            && !text.contains("--")
            && !text.ends_with('-');
        if !fits {
            return Err(format!(
                "\"{text}\" cannot be a role's name: write 2 to {} small letters, digits and single hyphens, beginning with a letter.",
                Self::MOST
            ));
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// If it came with the program.
    #[must_use]
    pub fn built_in(&self) -> Option<Role> {
        self.0.parse().ok()
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        Self(role.name().to_owned())
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoleName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_role_names_the_known_ones() {
        let error = "root".parse::<Role>().unwrap_err().to_string();
        assert!(error.contains("\"root\"") && error.contains("viewer, responder"), "{error}");
    }

    #[test]
    fn names_of_roles_are_short_and_plain() {
        for good in ["night-shift", "l2", "viewer", " operator "] {
            assert!(RoleName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "x", "Night", "a--b", "a-", "-a", "9a", "a b", "a\u{200b}b", &"x".repeat(41)] {
            assert!(RoleName::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(RoleName::from(Role::Operator).built_in(), Some(Role::Operator));
        assert_eq!(RoleName::parse("night-shift").unwrap().built_in(), None);
    }
}
