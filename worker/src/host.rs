//! What the worker can ask of a Docker host, in our own words. Contains no bollard type and decides nothing.

pub mod docker;
mod http;
mod lines;
pub mod simulated;

use std::{fmt, time::Duration};

use futures::{future::BoxFuture, stream::BoxStream};
use url::Url;

/// A host's answer to one question or command.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, HostError>>;

/// One Docker host. Implementations touch exactly the container they are told, by id; whether it may be touched is decided
/// before (`steps::Step::touch`).
pub trait ContainerHost: fmt::Debug + Send + Sync {
    /// Cheap after the first time.
    fn describe(&self) -> Answer<'_, Description>;
    /// All containers of a Compose project, stopped ones too, by service and number. Published ports only of running ones.
    fn containers<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Container>>;
    fn container<'a>(&'a self, id: &'a str) -> Answer<'a, Details>;
    /// Stops it (as long as the container itself asks to be given) and starts it again.
    fn restart<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;
    fn stop<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;
    fn start<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;
    /// The last lines it wrote, oldest first; ends there.
    fn logs<'a>(&'a self, id: &'a str, tail: u32) -> BoxStream<'a, Result<LogLine, HostError>>;
    fn http_get<'a>(&'a self, ask: HttpGet<'a>) -> Answer<'a, HttpAnswer>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// As the host calls itself.
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub id: String,
    pub name: String,
    /// Labels of Compose.
    pub project: Option<String>,
    pub service: Option<String>,
    /// Which of a service's containers, from 1.
    pub number: u32,
    pub image: String,
    pub image_id: String,
    pub state: ContainerState,
    pub ports: Vec<Port>,
}

/// A container looked at closely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Its ports are those it has or, while it is stopped, will have.
    pub container: Container,
    /// As Docker writes it, RFC 3339 to the nanosecond; changes with every start.
    pub started_at: String,
    pub finished_at: String,
    /// How long Docker lets it stop before it is killed.
    pub stop_timeout: Duration,
}

/// A TCP port of the container and where the host publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    pub host: u16,
    pub container: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited(Option<i64>),
    Dead,
}

impl ContainerState {
    #[must_use]
    pub fn running(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Restarting)
    }
}

impl fmt::Display for ContainerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("created"),
            Self::Running => f.write_str("running"),
            Self::Paused => f.write_str("paused"),
            Self::Restarting => f.write_str("restarting"),
            Self::Removing => f.write_str("removing"),
            Self::Exited(Some(code)) => write!(f, "exited ({code})"),
            Self::Exited(None) => f.write_str("exited"),
            Self::Dead => f.write_str("dead"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub from_stderr: bool,
    pub text: String,
}

/// One GET to one container.
#[derive(Clone, Copy, Debug)]
pub struct HttpGet<'a> {
    pub container: &'a str,
    /// The container's own port.
    pub port: u16,
    /// As the plan has it; its host only names the virtual host, it is never looked up.
    pub url: &'a Url,
    pub timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    pub status: u16,
    pub body: String,
    /// The body was longer than is read.
    pub cut: bool,
}

impl HttpAnswer {
    #[must_use]
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Every message is part of a sentence for the person who watches the run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Docker does not answer, or stopped answering: what was asked may or may not have happened.
    #[error("{0}")]
    Unreachable(String),
    #[error("there is no such container any more")]
    Gone,
    /// Docker answered, and said no.
    #[error("Docker says: {0}")]
    Refused(String),
    /// Docker is there, but the container does not answer HTTP.
    #[error("{0}")]
    NoAnswer(String),
}
