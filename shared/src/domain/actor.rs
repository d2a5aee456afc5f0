//! Who did something. Never a bare string in an event or audit entry.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::UserId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "actor", rename_all = "kebab-case")]
pub enum Actor {
    User {
        id: UserId,
        name: String,
    },
    /// The program that touches Docker.
    Worker {
        name: String,
    },
    /// Muster itself, acting on a rule (an approval expired).
    Muster,
    /// A program that sends alerts, by the rules that were made for it.
    AlertSource {
        name: String,
    },
    /// What people consented to beforehand, begun because its time had come.
    StandingOrder {
        number: i64,
        name: String,
        /// Who consented.
        givers: String,
    },
    /// Somebody with the command line on the server's machine.
    CommandLine,
    /// A request that was not signed in.
    Anonymous,
}

impl Actor {
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Tells one from another, whatever they are called: a person's id, a worker's name, what the others are.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::User { id, .. } => id.to_string(),
            Self::Worker { name } => name.clone(),
            Self::AlertSource { name } => name.clone(),
            Self::StandingOrder { number, .. } => format!("standing order {number}"),
            Self::Muster => "muster".into(),
            Self::CommandLine => "command-line".into(),
            Self::Anonymous => "anonymous".into(),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { name, .. } => f.write_str(name),
            Self::Worker { name } => write!(f, "worker {name}"),
            Self::AlertSource { name } => write!(f, "alert source {name}"),
            Self::StandingOrder { name, givers, .. } => write!(f, "standing order {name} given by {givers}"),
            Self::Muster => f.write_str("Muster"),
            Self::CommandLine => f.write_str("command line"),
            Self::Anonymous => f.write_str("not signed in"),
        }
    }
}
