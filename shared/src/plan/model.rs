//! What a compiled plan is: plain data with the line each part came from. Contains no parsing and no rules.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::danger::is_destructive;
use crate::digest::Digest;
use crate::domain::audience::Audience;

/// A plan after compilation, with everything said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Compiled {
    pub plan: Plan,
    pub diagnostics: Vec<Diagnostic>,
    pub gaps: Vec<Gap>,
}

impl Compiled {
    /// True if a diagnostic says that the plan cannot be used as it is.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Notice,
}

/// Something the compiler has to say about one place of the text. Lines and columns count from 1; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable, kebab-case.
    pub code: String,
    /// What is wrong and what to write instead.
    pub message: String,
    pub line: u32,
    pub column: u32,
}

/// Something the plan promises and cannot show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Gap {
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Plan {
    pub title: String,
    /// Of the source text, byte for byte.
    pub digest: Digest,
    pub contacts: Vec<Contact>,
    pub levels: Vec<Level>,
    pub components: Vec<Component>,
    pub procedures: Vec<Procedure>,
    pub rto: Vec<RecoveryTime>,
    pub rpo: Vec<RecoveryPoint>,
    /// Post-recovery, prevention, communication: numbered topics with points.
    pub checklists: Vec<Checklist>,
    /// How long a system is watched after a recovery, if the plan asks for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub watch: Option<Watch>,
    pub locations: Vec<Location>,
    /// The whole text by its headings, in order: what was not understood is shown from here.
    #[serde(default)]
    pub sections: Vec<Section>,
}

/// A heading and the text below it, up to the next heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Section {
    /// Empty for what stands before the first heading.
    pub title: String,
    /// 1 for `#`; 0 for what stands before the first heading.
    pub level: u8,
    pub line: u32,
    /// The last line that belongs to it; the text is that of the source.
    pub last_line: u32,
    /// False if nothing of it became a part of the plan: prose to be read.
    pub compiled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Contact {
    pub role: String,
    pub name: String,
    pub primary: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub backup: Option<String>,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Level {
    /// 1 is the mildest.
    pub level: u8,
    pub name: String,
    pub criteria: Vec<String>,
    /// Until somebody must have acknowledged; 0 means immediately. `None` if the plan does not say (a diagnostic says so).
    pub response_seconds: Option<u64>,
    pub line: u32,
}

/// A part of the system that can break and that the status page names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Component {
    /// Lower-case slug: the Compose service's name, or made from `name`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The Compose service, if it is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<String>,
    /// Name of the RTO row that applies.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub objective: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rto_seconds: Option<u64>,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Procedure {
    /// Slug of the title, unique in the plan: `node-failure-recovery`.
    pub id: String,
    pub title: String,
    /// Headings above it, outermost first, without the document's title.
    pub section: Vec<String>,
    pub line: u32,
    /// Over its fenced text and title.
    pub digest: Digest,
    pub steps: Vec<Step>,
    /// What the button asks before it asks for consent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parameters: Vec<Parameter>,
    /// How many people must consent, if the plan says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approvals: Option<u8>,
    /// Contact roles (as slugs) of which an approver must hold one, if the plan says so.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub roles: Vec<String>,
    /// `Some` sentence for a person if it cannot run yet: what is missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unavailable: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Step {
    /// From 1 within the procedure.
    pub number: u32,
    /// The comment above the line, without its number: "Check node status"; else made from the kind.
    pub title: String,
    #[serde(flatten)]
    pub kind: StepKind,
    pub line: u32,
    /// The shell text as written, continuation lines joined.
    pub source: String,
    /// Over kind and source.
    pub digest: Digest,
    /// True if its effect cannot be taken back.
    pub destructive: bool,
    /// How long it may take, if the plan says so. Its name in JSON keeps out of the way of a wait's own `timeout_seconds`, which
    /// stands beside it.
    #[serde(rename = "limit_seconds", skip_serializing_if = "Option::is_none", default)]
    pub timeout_seconds: Option<u64>,
    /// Why this step cannot be run by this version, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unavailable: Option<String>,
    /// Names of secrets that it gets as environment variables: scripts and Compose only.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub secrets: Vec<String>,
    /// One of the plan's final checks: changes nothing that was recovered, proves that the recovery holds.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub check: bool,
}

impl Step {
    /// True if its effect cannot be taken back, by what the plan says and by what its kind is. A script that the plan calls a
    /// final check is taken at its word.
    #[must_use]
    pub fn cannot_be_undone(&self) -> bool {
        let is_check = self.check && matches!(self.kind, StepKind::Script { .. });
        self.destructive || (is_destructive(&self.kind) && !is_check)
    }

    /// True for what recovers: without it the procedure was not carried out. Looking and final checks do not.
    #[must_use]
    pub fn recovers(&self) -> bool {
        !self.check && (self.kind.has_effect() || matches!(self.kind, StepKind::Manual {}))
    }
}

/// A value in the steps that stands for others of its kind: the plan says `validator1` and means the validator that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Parameter {
    /// Slug, unique in the procedure: `validator`.
    pub name: String,
    /// The question on the button: "Which validator?"
    pub label: String,
    /// What the plan's text says.
    pub default: String,
    #[serde(flatten)]
    pub choices: Choices,
    pub line: u32,
}

/// Where the values come from that a parameter can have; all are read from the live system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "choices", rename_all = "kebab-case")]
pub enum Choices {
    /// Services of the project whose name, without the digits at its end, is `family`; without a family, all of them.
    Services { family: Option<String> },
    /// Files of a directory on the host, as the plan names it.
    Files { directory: String },
}

/// The closed set of things a step can be. Compose services are named by service, never by container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StepKind {
    /// Look at the state of services (`ps`). Empty: all of the project.
    Inspect {
        services: Vec<String>,
    },
    Logs {
        services: Vec<String>,
        tail: Option<u32>,
    },
    Restart {
        services: Vec<String>,
    },
    Stop {
        services: Vec<String>,
    },
    Start {
        services: Vec<String>,
    },
    Up {
        services: Vec<String>,
    },
    Down {
        volumes: bool,
    },
    Exec {
        service: String,
        argv: Vec<String>,
    },
    Sql {
        service: String,
        user: Option<String>,
        database: Option<String>,
        query: String,
    },
    RemoveVolumes {
        volumes: VolumeSelection,
    },
    NetworkDisconnect {
        network: String,
        container: String,
    },
    NetworkConnect {
        network: String,
        container: String,
    },
    /// Unpack an archive into a directory.
    Extract {
        archive: String,
        into: Option<String>,
    },
    /// One HTTP request; succeeds on a 2xx answer.
    Http {
        method: String,
        url: String,
    },
    /// Ask again until the condition holds or the time is over.
    WaitUntil {
        probe: Probe,
        condition: Condition,
        interval_seconds: u64,
        timeout_seconds: u64,
    },
    /// A script named by path, with literal arguments.
    Script {
        path: String,
        args: Vec<String>,
    },
    /// People are told something, each of them until they have acknowledged it.
    Notify {
        audience: Audience,
        text: String,
    },
    /// What a person does and confirms; the step's title says what.
    Manual {},
    /// A shell line the compiler does not know; shown, never guessed at.
    Shell {},
}

impl StepKind {
    /// The tag as it stands in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Inspect { .. } => "inspect",
            Self::Logs { .. } => "logs",
            Self::Restart { .. } => "restart",
            Self::Stop { .. } => "stop",
            Self::Start { .. } => "start",
            Self::Up { .. } => "up",
            Self::Down { .. } => "down",
            Self::Exec { .. } => "exec",
            Self::Sql { .. } => "sql",
            Self::RemoveVolumes { .. } => "remove-volumes",
            Self::NetworkDisconnect { .. } => "network-disconnect",
            Self::NetworkConnect { .. } => "network-connect",
            Self::Extract { .. } => "extract",
            Self::Http { .. } => "http",
            Self::WaitUntil { .. } => "wait-until",
            Self::Script { .. } => "script",
            Self::Notify { .. } => "notify",
            Self::Manual {} => "manual",
            Self::Shell {} => "shell",
        }
    }

    /// False for steps that only look.
    #[must_use]
    pub fn has_effect(&self) -> bool {
        !matches!(
            self,
            Self::Inspect { .. } | Self::Logs { .. } | Self::Http { .. } | Self::WaitUntil { .. } | Self::Manual {}
        ) || matches!(self, Self::Http { method, .. } if method != "GET" && method != "HEAD")
    }

    /// True for steps that change something on the host or beyond it. Looking needs nobody's approval, and neither does telling
    /// colleagues: it harms nothing, and on a bad day it must not wait for a second person.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        self.has_effect() && !matches!(self, Self::Notify { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "select", rename_all = "kebab-case")]
pub enum VolumeSelection {
    /// `$(docker volume ls -q)`: safely read as every volume of this project.
    AllOfProject,
    Named {
        names: Vec<String>,
    },
}

/// Where a `wait-until` gets its number from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "probe", rename_all = "kebab-case")]
pub enum Probe {
    /// The first number on the first answer line (not a `#` comment) that contains `filter`; without a filter the whole answer.
    HttpNumber { url: String, filter: Option<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The number has become greater than it was at the first answer.
    Grows,
    /// Any 2xx answer.
    Answers,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grows => "grows",
            Self::Answers => "answers",
        })
    }
}

/// A row of the Recovery Time Objectives table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecoveryTime {
    pub component: String,
    pub seconds: u64,
    pub method: String,
    pub line: u32,
}

/// A row of the Recovery Point Objectives table: `0 blocks`, `5 minutes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecoveryPoint {
    pub data: String,
    pub amount: u64,
    /// `seconds` for every span of time (amount converted), else the plan's own word: `blocks`.
    pub unit: String,
    pub method: String,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Checklist {
    /// The heading it stands under: "Post-Recovery Procedures".
    pub section: String,
    pub title: String,
    pub points: Vec<String>,
    pub line: u32,
}

/// The plan's wish to look more closely for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Watch {
    pub seconds: u64,
    pub line: u32,
}

/// A path the plan names for scripts, backups or logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Location {
    pub section: String,
    pub label: String,
    pub path: String,
    pub line: u32,
}
