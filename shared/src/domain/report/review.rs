//! What others said of a version of a report, and whether that is enough to publish it. Publishes nothing.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{domain::actor::Actor, ids::UserId, timestamp::Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReviewDeed {
    /// Somebody is to look at it.
    Asked,
    Approved,
    ChangesAsked,
}

impl ReviewDeed {
    /// After a person's name.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Asked => "asked for a review of",
            Self::Approved => "approved",
            Self::ChangesAsked => "asked for changes of",
        }
    }
}

impl fmt::Display for ReviewDeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::ChangesAsked => "changes-asked",
        })
    }
}

impl FromStr for ReviewDeed {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_value(serde_json::Value::String(text.to_owned()))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReviewEntry {
    pub version: i32,
    pub deed: ReviewDeed,
    pub by: Actor,
    /// What they said; whom they asked.
    pub text: String,
    pub at: Timestamp,
}

/// How one version stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ReportStanding"))]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum Standing {
    /// Nobody has looked at this version.
    Unseen {},
    Asked {
        by: String,
    },
    ChangesAsked {
        by: String,
    },
    Approved {
        by: String,
    },
}

/// Whether this person may judge the version: not whoever saved it.
#[must_use]
pub fn may_judge(saved_by: &Actor, person: UserId) -> bool {
    saved_by.user() != Some(person)
}

/// Only what was said of this version counts, so a change asks anew; of each person their last word; of whoever saved it nothing.
#[must_use]
pub fn standing(entries: &[ReviewEntry], version: i32, saved_by: &Actor) -> Standing {
    let mut last: Vec<&ReviewEntry> = vec![];
    let (mut asked, of_version) = (None, entries.iter().filter(|entry| entry.version == version));
    for entry in of_version {
        if entry.deed == ReviewDeed::Asked {
            asked = Some(entry.by.to_string());
        } else if entry.by.user().is_some_and(|person| may_judge(saved_by, person)) {
            last.retain(|earlier| earlier.by.user() != entry.by.user());
            last.push(entry);
        }
    }
    let of = |deed| last.iter().find(|entry| entry.deed == deed).map(|entry| entry.by.to_string());
    match (of(ReviewDeed::ChangesAsked), of(ReviewDeed::Approved), asked) {
        (Some(by), _, _) => Standing::ChangesAsked { by },
        (None, Some(by), _) => Standing::Approved { by },
        (None, None, Some(by)) => Standing::Asked { by },
        (None, None, None) => Standing::Unseen {},
    }
}

impl Standing {
    /// `None` if it may be published; else in words why not.
    #[must_use]
    pub fn refusal(&self, version: i32) -> Option<String> {
        match self {
            Self::Approved { .. } => None,
            Self::Unseen {} | Self::Asked { .. } => {
                Some(format!("Nobody but its writer has approved version {version} yet. Ask somebody to review it."))
            }
            Self::ChangesAsked { by } => Some(format!(
                "{by} asked for changes of version {version}. Save a new version, or let {by} approve it."
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_somebody_else_and_a_change_asks_anew() {
        use ReviewDeed as D;
        let people: Vec<_> = ["Ada", "Bob", "Eve"]
            .map(|name| Actor::User { id: UserId(uuid::Uuid::new_v4()), name: name.into() })
            .to_vec();
        let entry = |(who, version, deed): &(usize, i32, D)| ReviewEntry {
            version: *version,
            deed: *deed,
            by: people[*who].clone(),
            text: String::new(),
            at: Timestamp::from_unix(0),
        };
        let by = |who: usize| people[who].to_string();
        // Ada has saved version 2.
        type Said = (usize, i32, D);
        let cases: [(&[Said], Standing); 9] = [
            (&[], Standing::Unseen {}),
            (&[(0, 2, D::Asked)], Standing::Asked { by: by(0) }),
            (&[(0, 2, D::Asked), (1, 2, D::Approved)], Standing::Approved { by: by(1) }),
            (&[(1, 1, D::Approved)], Standing::Unseen {}),
            (&[(0, 2, D::Approved)], Standing::Unseen {}),
            (&[(1, 2, D::Approved), (2, 2, D::ChangesAsked)], Standing::ChangesAsked { by: by(2) }),
            (&[(2, 2, D::ChangesAsked), (1, 2, D::Approved)], Standing::ChangesAsked { by: by(2) }),
            (&[(2, 2, D::ChangesAsked), (2, 2, D::Approved)], Standing::Approved { by: by(2) }),
            (&[(1, 2, D::Approved), (1, 2, D::ChangesAsked)], Standing::ChangesAsked { by: by(1) }),
        ];
        for (said, expected) in cases {
            let entries: Vec<_> = said.iter().map(entry).collect();
            let found = standing(&entries, 2, &people[0]);
            assert_eq!(found, expected, "{said:?}");
            assert_eq!(found.refusal(2).is_none(), matches!(found, Standing::Approved { .. }), "{said:?}");
        }
    }
}
