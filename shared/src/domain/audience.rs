//! Whom a notice is for: everyone, holders of a role, or people with a duty of the plan. Knows no persons.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::access::{ContactRole, Role, RoleName};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    Everyone,
    Role(Role),
    Contact(ContactRole),
}

impl Audience {
    pub const ALL: [Self; 9] = [
        Self::Everyone,
        Self::Contact(ContactRole::SystemAdministrator),
        Self::Contact(ContactRole::DatabaseAdministrator),
        Self::Contact(ContactRole::SecurityOfficer),
        Self::Role(Role::Viewer),
        Self::Role(Role::Responder),
        Self::Role(Role::Operator),
        Self::Role(Role::Approver),
        Self::Role(Role::Administrator),
    ];

    /// As the plan writes it and the database keeps it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Role(role) => role.name(),
            Self::Contact(role) => role.name(),
        }
    }

    /// As it reads in "Notified …".
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Everyone => "everyone".into(),
            other => format!("{}s", other.name().replace('-', " ")),
        }
    }

    /// Whether somebody with this role and these duties belongs to it.
    #[must_use]
    pub fn includes(self, role: &RoleName, duties: &[ContactRole]) -> bool {
        match self {
            Self::Everyone => true,
            Self::Role(wanted) => role.as_str() == wanted.name(),
            Self::Contact(wanted) => duties.contains(&wanted),
        }
    }

    /// Every audience that such a person belongs to.
    #[must_use]
    pub fn of(role: &RoleName, duties: &[ContactRole]) -> Vec<Self> {
        Self::ALL.into_iter().filter(|audience| audience.includes(role, duties)).collect()
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no audience; the message lists those there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is nobody called \"{given}\" to be notified; known are {}", Audience::ALL.map(Audience::name).join(", "))]
pub struct UnknownAudience {
    given: String,
}

impl FromStr for Audience {
    type Err = UnknownAudience;

    fn from_str(text: &str) -> Result<Self, UnknownAudience> {
        let found = Self::ALL.into_iter().find(|audience| audience.name() == text);
        found.ok_or_else(|| UnknownAudience { given: text.to_owned() })
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_there_can_be_is_somebodys_audience() {
        for role in Role::ALL {
            assert!(Audience::ALL.contains(&Audience::Role(role)), "{role}");
        }
        for duty in ContactRole::ALL {
            assert!(Audience::ALL.contains(&Audience::Contact(duty)), "{duty}");
        }
        for audience in Audience::ALL {
            assert_eq!(audience.name().parse(), Ok(audience));
            assert_eq!(serde_json::to_value(audience).unwrap(), audience.name());
        }
        assert!(
            "root".parse::<Audience>().unwrap_err().to_string().contains("known are everyone, system-administrator")
        );
    }

    #[test]
    fn who_belongs_to_whom() {
        use ContactRole::{DatabaseAdministrator, SecurityOfficer};
        let (security, approver) = (Audience::Contact(SecurityOfficer), Audience::Role(Role::Approver));
        for (audience, role, duties, expected) in [
            (Audience::Everyone, Role::Viewer, &[][..], true),
            (security, Role::Administrator, &[], false),
            (security, Role::Viewer, &[DatabaseAdministrator, SecurityOfficer], true),
            (approver, Role::Approver, &[], true),
            // A role is meant as it stands: who could do more is not meant along.
            (approver, Role::Administrator, &[SecurityOfficer], false),
        ] {
            let role = &RoleName::from(role);
            assert_eq!(audience.includes(role, duties), expected, "{audience} {role}");
            assert_eq!(Audience::of(role, duties).contains(&audience), expected, "{audience} {role}");
        }
        assert_eq!((security.words(), Audience::Everyone.words()), ("security officers".into(), "everyone".into()));
    }
}
