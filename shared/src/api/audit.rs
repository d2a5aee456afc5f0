//! The audit log on the wire.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    domain::{
        actor::Actor,
        audit::{Entry, head::PublicKey},
    },
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuditEntryView {
    #[serde(flatten)]
    pub entry: Entry,
    pub hash: Digest,
}

/// Which entries; what is not given does not matter. Also what stands after the `?` of the console's page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    /// In the action, the object, the person's name or the detail.
    pub text: Option<String>,
    /// [`Actor::key`].
    pub person: Option<String>,
    pub object: Option<String>,
    pub action: Option<String>,
    /// Only refused attempts.
    pub denied: bool,
    /// To the second, both ends included.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Where to go on: entries below this number.
    pub before: Option<i64>,
}

impl AuditQuery {
    /// As it stands in an address, with the `?`; empty if everything is wanted.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    query.push(char::from(byte));
                } else {
                    // Writing to a String cannot fail.
                    let _ = write!(query, "%{byte:02X}");
                }
            }
        };
        for (name, value) in
            [("text", &self.text), ("person", &self.person), ("object", &self.object), ("action", &self.action)]
        {
            if let Some(value) = value {
                add(name, value);
            }
        }
        if self.denied {
            add("denied", "true");
        }
        for (name, value) in [("from", self.from), ("to", self.to)] {
            if let Some(value) = value {
                add(name, &value.to_string());
            }
        }
        if let Some(before) = self.before {
            add("before", &before.to_string());
        }
        query
    }

    /// Whether every entry is wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self { before: self.before, ..Self::default() }
    }
}

/// What the filters can be set to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuditChoices {
    pub people: Vec<Actor>,
    pub actions: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuditVerdict {
    pub entries: u64,
    pub head: Digest,
    /// The first thing wrong, if any.
    pub broken: Option<String>,
    /// What signed heads say; `None` if there were none to look at.
    #[serde(default)]
    pub heads: Option<HeadsVerdict>,
}

impl AuditVerdict {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.broken.is_none() && self.heads.as_ref().is_none_or(|heads| heads.faults.is_empty())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HeadsVerdict {
    /// Signatures that held.
    pub checked: u64,
    pub newest: Option<HeadView>,
    pub keys: Vec<PublicKey>,
    /// Whether the keys were named from outside, or only found in the lines themselves.
    pub pinned: bool,
    /// Entries after the newest head: held by the chain alone.
    pub unproven: u64,
    /// Lines that are no heads, or not by a key to be believed.
    pub faults: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HeadView {
    pub seq: u64,
    pub at: Timestamp,
}

/// Where the heads of this server's chain go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuditHeadsView {
    pub public_key: Option<PublicKey>,
    pub newest: Option<HeadView>,
    pub places: Vec<HeadPlaceView>,
    /// Why the chain in the database is not the one that was signed.
    pub unmet: Option<String>,
    /// Why nothing is signed.
    pub problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HeadPlaceView {
    pub path: String,
    pub newest: Option<HeadView>,
    /// Why it did not take the last one.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_so_that_it_can_be_read() {
        assert_eq!(AuditQuery::default().to_query(), "");
        let query = AuditQuery {
            text: Some("a&b=ä %".into()),
            denied: true,
            from: Some(Timestamp::from_unix(1000)),
            before: Some(7),
            ..AuditQuery::default()
        };
        assert_eq!(query.to_query(), "?text=a%26b%3D%C3%A4%20%25&denied=true&from=1970-01-01T00%3A16%3A40Z&before=7");
        assert!(!query.is_all() && AuditQuery { before: Some(1), ..AuditQuery::default() }.is_all());
    }
}
