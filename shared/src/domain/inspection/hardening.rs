//! What Muster can check of its own hardening and of a system's containers: the facts, and one rule for each check. Looks at nothing itself.

use serde::{Deserialize, Serialize};

use crate::{plan::Plan, timestamp::Timestamp};

/// A backup that was restored on trial longer ago does not speak for today's.
const TRIAL_DAYS: i64 = 31;
const DAY: i64 = 86_400;
/// Named in a sentence; the others are counted.
const NAMED: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "HardeningCheck"))]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    PublicAddress,
    SecondFactors,
    DatabaseRights,
    SecretsKey,
    AuditChain,
    BackupTrials,
    Privileges,
    DockerSocket,
    PublishedPorts,
    RootUsers,
    PinnedImages,
}

impl Check {
    pub const ALL: [Self; 11] = [
        Self::PublicAddress,
        Self::SecondFactors,
        Self::DatabaseRights,
        Self::SecretsKey,
        Self::AuditChain,
        Self::BackupTrials,
        Self::Privileges,
        Self::DockerSocket,
        Self::PublishedPorts,
        Self::RootUsers,
        Self::PinnedImages,
    ];

    /// What must hold.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::PublicAddress => "Muster is reached by HTTPS only",
            Self::SecondFactors => "Whoever manages people or consents has a second factor",
            Self::DatabaseRights => "Muster's server cannot alter the audit log in the database",
            Self::SecretsKey => "Only the server's user can read its key",
            Self::AuditChain => "The audit log is unaltered",
            Self::BackupTrials => "Backups were restored on trial this month",
            Self::Privileges => "No container has rights on the host",
            Self::DockerSocket => "No container reaches the Docker socket",
            Self::PublishedPorts => "No port is published on all addresses of the host",
            Self::RootUsers => "No container begins as root",
            Self::PinnedImages => "Images are pinned by digest",
        }
    }

    /// A worker looks at it, on the host.
    #[must_use]
    pub fn on_host(self) -> bool {
        matches!(
            self,
            Self::Privileges | Self::DockerSocket | Self::PublishedPorts | Self::RootUsers | Self::PinnedImages
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "HardeningState"))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Holds,
    DoesNotHold,
    /// It could not be found out.
    Unknown,
    /// A worker has still to look.
    Waiting,
}

impl State {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Holds => "Holds",
            Self::DoesNotHold => "Does not hold",
            Self::Unknown => "Not known",
            Self::Waiting => "Waiting for a worker",
        }
    }
}

/// What was found, in a sentence of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "HardeningFound"))]
pub struct Found {
    pub state: State,
    pub text: String,
}

/// A fact that may be unknown: then the sentence says why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub holds: Option<bool>,
    pub text: String,
}

/// What the server found about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    pub public_url: String,
    pub https: bool,
    /// Who manages people or consents, and those of them without a second factor.
    pub powerful: usize,
    pub without_factor: Vec<String>,
    pub database: Fact,
    pub key: Fact,
    pub chain: Fact,
    /// Places of backups in the plan, and the last trial of them that is over.
    pub backup_places: usize,
    pub trial: Option<Trial>,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    pub verified: bool,
    pub at: Timestamp,
}

/// What a worker found on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// As the host calls itself, and its Docker.
    pub host: String,
    pub docker: String,
    pub containers: Vec<ContainerFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerFacts {
    pub name: String,
    pub image: String,
    /// What it has of the host or of others, in words.
    pub shares: Vec<String>,
    /// The path by which it reaches Docker.
    pub socket: Option<String>,
    /// Published on every address of the host: `8080/tcp`.
    pub open_ports: Vec<String>,
    pub root: bool,
    /// Named by a tag that its registry can turn to another image.
    pub floating: bool,
}

/// What came of looking at the host; the error is a sentence.
pub type Looked = Result<HostFacts, String>;

/// What the facts say of a check.
#[must_use]
pub fn judge(check: Check, server: &ServerFacts, host: Option<&Looked>) -> Found {
    if check.on_host() {
        return match host {
            None => found(State::Waiting, "A worker has still to look at the host.".into()),
            Some(Err(why)) => found(State::Unknown, why.clone()),
            Some(Ok(host)) => on_host(check, host),
        };
    }
    let fact = |fact: &Fact| {
        let state = match fact.holds {
            Some(true) => State::Holds,
            Some(false) => State::DoesNotHold,
            None => State::Unknown,
        };
        found(state, fact.text.clone())
    };
    match check {
        Check::PublicAddress if server.https => {
            let text = format!("Its address is {}; its cookies are sent over HTTPS only.", server.public_url);
            found(State::Holds, text)
        }
        Check::PublicAddress => {
            let text =
                format!("Its address is {}: passwords and sessions cross the network in the clear.", server.public_url);
            found(State::DoesNotHold, text)
        }
        Check::SecondFactors => match server.without_factor.as_slice() {
            [] => found(State::Holds, format!("All {} of them have one.", server.powerful)),
            some => {
                let text = format!("{} of {} have none: {}.", some.len(), server.powerful, list(some));
                found(State::DoesNotHold, text)
            }
        },
        Check::DatabaseRights => fact(&server.database),
        Check::SecretsKey => fact(&server.key),
        Check::AuditChain => fact(&server.chain),
        _ => trials(server),
    }
}

fn found(state: State, text: String) -> Found {
    Found { state, text }
}

fn trials(server: &ServerFacts) -> Found {
    let Some(trial) = server.trial else {
        let text = match server.backup_places {
            0 => "The plan names no place of backups, so none is restored on trial.",
            _ => "No backup was ever restored on trial.",
        };
        return found(State::DoesNotHold, text.into());
    };
    let days = server.at.seconds_since(trial.at) / DAY;
    let when = match days {
        0 => "within the last day".to_owned(),
        1 => "a day ago".to_owned(),
        n => format!("{n} days ago"),
    };
    let state = if trial.verified && days <= TRIAL_DAYS { State::Holds } else { State::DoesNotHold };
    let text = match trial.verified {
        true => format!("The last trial, {when}, verified all of them."),
        false => format!("The last trial, {when}, failed."),
    };
    found(state, text)
}

fn list(names: &[String]) -> String {
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

fn on_host(check: Check, host: &HostFacts) -> Found {
    if host.containers.is_empty() {
        return found(State::Unknown, "The project has no containers on this host.".into());
    }
    let of = |one: &ContainerFacts| match check {
        Check::Privileges => (!one.shares.is_empty()).then(|| format!("{} has {}", one.name, one.shares.join(", "))),
        Check::DockerSocket => one.socket.as_ref().map(|path| format!("{} has {path}", one.name)),
        Check::PublishedPorts => {
            (!one.open_ports.is_empty()).then(|| format!("{} publishes {}", one.name, one.open_ports.join(", ")))
        }
        Check::RootUsers => one.root.then(|| one.name.clone()),
        _ => one.floating.then(|| format!("{} ({})", one.name, one.image)),
    };
    let some: Vec<_> = host.containers.iter().filter_map(of).collect();
    let n = host.containers.len();
    match some.as_slice() {
        [] => {
            let what = if n == 1 { "the project's one container".to_owned() } else { format!("all {n} containers") };
            found(State::Holds, format!("True of {what} on {} (Docker {}).", host.host, host.docker))
        }
        some => found(State::DoesNotHold, format!("{} of {n}: {}.", some.len(), list(some))),
    }
}

/// Points of the plan about hardening, with the line of their topic: people answer them.
#[must_use]
pub fn questions(plan: &Plan) -> Vec<(String, u32)> {
    let lists = plan.checklists.iter().filter(|list| list.title.to_lowercase().contains("harden"));
    lists.flat_map(|list| list.points.iter().map(|point| (point.clone(), list.line))).collect()
}
