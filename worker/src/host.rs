//! What the worker can ask of a Docker host, in our own words. Contains no bollard type and decides nothing.

mod compose;
pub mod docker;
mod http;
pub(crate) mod lines;
pub mod simulated;
pub(crate) mod ssh;

use std::{collections::BTreeMap, fmt, fs::File, path::PathBuf, time::Duration};

use futures::{future::BoxFuture, stream::BoxStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// A host's answer to one question or command.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, HostError>>;

/// Where a program's lines go while it runs: those that came at once together, never none.
pub type LinesTo = mpsc::Sender<Vec<LogLine>>;

/// One Docker host. Implementations touch exactly the object they are told, by id; whether it may be touched is decided
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
    /// Removes it, running or not, with the volumes that have no name.
    fn container_remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;
    /// The last lines it wrote, oldest first, those that came at once together; ends there.
    fn logs<'a>(&'a self, id: &'a str, tail: u32) -> BoxStream<'a, Result<Vec<LogLine>, HostError>>;
    fn http<'a>(&'a self, ask: HttpAsk<'a>) -> Answer<'a, HttpAnswer>;
    /// Whether somebody takes a connection to the container's own port. Nothing is said there.
    fn reach<'a>(&'a self, id: &'a str, port: u16) -> Answer<'a, ()>;
    /// Runs a program inside a container, without a shell and without a terminal, and says its exit code.
    fn exec<'a>(&'a self, id: &'a str, argv: &'a [String], lines: LinesTo) -> Answer<'a, i64>;
    /// What a program inside a container says that only reads. For questions, not for steps: it is told by its output alone.
    fn ask<'a>(&'a self, id: &'a str, argv: &'a [String]) -> Answer<'a, String>;
    /// As its registry names an image that is here; `None`: it was made here.
    fn image_digest<'a>(&'a self, image_id: &'a str) -> Answer<'a, Option<String>>;
    /// All networks of a Compose project.
    fn networks<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Network>>;
    /// `None`: there is no such network.
    fn network<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Network>>;
    fn network_connect<'a>(&'a self, network: &'a str, container: &'a str, aliases: Vec<String>) -> Answer<'a, ()>;
    fn network_disconnect<'a>(&'a self, network: &'a str, container: &'a str) -> Answer<'a, ()>;
    fn network_remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;
    /// All volumes of a Compose project.
    fn volumes<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Volume>>;
    /// How many bytes are in each volume of the host, by name, as far as it can tell. May take long: ask with a limit.
    fn volume_sizes(&self) -> Answer<'_, BTreeMap<String, u64>>;
    /// `None`: there is no such volume.
    fn volume<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Volume>>;
    /// Names of the containers, of any project, running or not, that have it.
    fn volume_users<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<String>>;
    fn volume_remove<'a>(&'a self, name: &'a str) -> Answer<'a, ()>;
    /// The services that a Compose file defines.
    fn compose_services<'a>(&'a self, compose: &'a Compose) -> Answer<'a, Vec<String>>;
    /// Runs the Compose command on a project, until it ends or its limit is over.
    fn compose<'a>(&'a self, compose: &'a Compose, verb: &'a Verb, lines: LinesTo) -> Answer<'a, Ended>;
    /// Makes a container of Muster's own and starts it; its id. It reaches nobody, and nobody reaches it.
    fn scratch_make<'a>(&'a self, _scratch: &'a Scratch) -> Answer<'a, String> {
        none("this kind of host makes no scratch containers")
    }
    /// Puts so many bytes of a file of this machine into it, as `/name`.
    fn scratch_put<'a>(&'a self, _id: &'a str, _file: File, _bytes: u64, _name: &'a str) -> Answer<'a, ()> {
        none("this kind of host has no scratch containers")
    }
    /// Id and mark of every scratch container of the host, running or not.
    fn scratches(&self) -> Answer<'_, Vec<(String, String)>> {
        Box::pin(async { Ok(vec![]) })
    }
    /// Removes it with all that is in it, running or not. Refuses what is no scratch container.
    fn scratch_remove<'a>(&'a self, _id: &'a str) -> Answer<'a, ()> {
        none("this kind of host has no scratch containers")
    }
}

fn none<'a, T: Send + 'a>(why: &'static str) -> Answer<'a, T> {
    Box::pin(async move { Err(HostError::Missing(why.into())) })
}

/// A container of Muster's own, in which something is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scratch {
    /// What it is for; found again by it.
    pub mark: String,
    /// An image that is on the host already.
    pub image_id: String,
    /// `NAME=value`.
    pub environment: Vec<String>,
    pub memory_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// As the host calls itself.
    pub name: String,
    pub version: String,
    /// The engine's own, so that two ways to the same host are one host.
    pub id: String,
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
    /// It runs, and its own health check says that it is not well.
    pub unhealthy: bool,
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
    /// Names of the networks it is in, or will be in when started.
    pub networks: Vec<String>,
    /// What of the host it has in it.
    pub mounts: Vec<Mount>,
    /// What it shares with the host or with others, in words: "the host's network".
    pub shares: Vec<String>,
    pub exposure: Exposure,
}

/// How open a container is to others, beyond what it shares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Whom its program begins as; empty: root.
    pub user: String,
    /// Its ports that are published on every address of the host: `8080/tcp`.
    pub open_ports: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mount {
    /// By its name.
    Volume(String),
    /// A path of the host.
    Path(PathBuf),
}

/// A network with the labels of Compose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub project: Option<String>,
    /// As the Compose file calls it.
    pub key: Option<String>,
}

/// A volume with the labels of Compose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub name: String,
    /// Changes when it is made anew under the same name.
    pub created_at: String,
    pub project: Option<String>,
    /// As the Compose file calls it.
    pub key: Option<String>,
}

/// How the Compose command is called for a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    pub project: String,
    pub file: PathBuf,
    pub env_file: Option<PathBuf>,
    /// All that the command may know.
    pub environment: BTreeMap<String, String>,
    pub limit: Duration,
    /// Ends the command before its time.
    pub cancelled: CancellationToken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Makes containers, networks and volumes, and starts nothing.
    Create,
    /// No services: all.
    Up {
        services: Vec<String>,
    },
    Down {
        volumes: bool,
    },
}

/// How a program on the host ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    /// Somebody else ended it.
    Signal(i32),
    /// Its time was over and its whole process group was ended; `killed` if it did not go when asked.
    TimedOut {
        killed: bool,
    },
    /// A person wanted it to end, and its whole process group was ended.
    Cancelled {
        killed: bool,
    },
}

impl Ended {
    #[must_use]
    pub fn ok(self) -> bool {
        self == Self::Code(0)
    }
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
    /// It goes on in the next line of the same stream: so long a line is cut.
    pub cut: bool,
}

/// One request, without a body, to one container.
#[derive(Clone, Copy, Debug)]
pub struct HttpAsk<'a> {
    pub method: &'a str,
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
    /// Docker is there, but the container does not answer HTTP. The request did not arrive, or was not answered in time.
    #[error("{0}")]
    NoAnswer(String),
    /// The request was or may have been sent, and no whole answer came back.
    #[error("{0}")]
    Unanswered(String),
    /// What is needed on this host is not there; nothing was done.
    #[error("{0}")]
    Missing(String),
}
