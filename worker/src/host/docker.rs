//! The real Docker Engine: this file and those below it are the only ones that import bollard. Knows nothing of runs, steps or approvals; never reads a
//! container's environment.

mod exec;
mod networks;
mod reach;
mod scratch;
mod seen;
mod volumes;

use std::{
    collections::{BTreeMap, HashMap},
    error::Error as _,
    fmt,
    fs::File,
    net::IpAddr,
    time::Duration,
};

use bollard::{
    API_DEFAULT_VERSION, Docker,
    container::LogOutput,
    errors::Error,
    models::{ContainerInspectResponse, ContainerSummary},
    query_parameters::{
        InspectContainerOptions, ListContainersOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
        RestartContainerOptions, StartContainerOptions, StopContainerOptions,
    },
};
use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _, stream::BoxStream};
use tokio::{net::TcpStream, sync::OnceCell, time::Instant};

use self::{
    reach::Reach,
    seen::{addresses, bindings, container, details},
};
use super::{
    Answer, Compose, Container, ContainerHost, ContainerState, Description, Details, Ended, HostError, HttpAnswer,
    HttpAsk, LinesTo, LogLine, Network, Scratch, Verb, Volume, compose,
    http::{self, NoAnswer},
    lines::Lines,
};
use crate::config::{
    Config,
    engine::{Engine, Way},
};

const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// For questions; commands are limited by the step that gives them.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longer than any step waits, so that it is always the step that decides when to give up.
const CLIENT_TIMEOUT_SECONDS: u64 = 3600;
/// Pieces of a log taken at once; Docker sends one for each line.
const PIECES: usize = 500;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects at first use, so that a worker can start before Docker does.
pub struct DockerHost {
    engine: Engine,
    /// Where published ports are reached.
    published_at: String,
    docker: OnceCell<Docker>,
    description: OnceCell<Description>,
}

/// Where a port of a container is reached.
struct Doors {
    name: String,
    at: Vec<(String, u16)>,
    /// It is published, and only where this worker does not reach it.
    hidden: bool,
}

impl fmt::Debug for DockerHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerHost").field("address", &self.engine.address).finish_non_exhaustive()
    }
}

impl DockerHost {
    /// On this machine: `unix:///var/run/docker.sock`, `tcp://127.0.0.1:port`. `published_at`: the address under which this program
    /// reaches the ports that containers publish on the host.
    #[must_use]
    pub fn new(address: &str, published_at: &str) -> Self {
        Self::at(Engine::at(address), published_at)
    }

    /// The worker's own, wherever it is.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self::at(config.engine.clone(), &config.host_address)
    }

    fn at(engine: Engine, published_at: &str) -> Self {
        Self { engine, published_at: published_at.to_owned(), docker: OnceCell::new(), description: OnceCell::new() }
    }

    async fn docker(&self) -> Result<&Docker, HostError> {
        self.docker
            .get_or_try_init(|| async {
                let address = &self.engine.address;
                let docker = match (Reach::of(&self.engine).map_err(|e| self.away(e))?, &self.engine.way) {
                    // The address is in how connections are made; this one only fills the Host header.
                    (Some(reach), _) => Docker::connect_with_custom_transport(
                        reach.carrier(),
                        Some("http://docker"),
                        CLIENT_TIMEOUT_SECONDS,
                        API_DEFAULT_VERSION,
                    ),
                    (None, Way::Unix { socket }) if !socket.exists() => {
                        return Err(self.away(format_args!("there is no socket {}", socket.display())));
                    }
                    (None, Way::Unix { .. }) => {
                        Docker::connect_with_unix(address, CLIENT_TIMEOUT_SECONDS, API_DEFAULT_VERSION)
                    }
                    (None, _) => Docker::connect_with_http(address, CLIENT_TIMEOUT_SECONDS, API_DEFAULT_VERSION),
                };
                let docker = docker.map_err(|e| self.away(&e))?;
                self.within(PATIENCE, docker.negotiate_version()).await
            })
            .await
    }

    fn away(&self, cause: impl fmt::Display) -> HostError {
        let cause = reach::explained(&self.engine, &cause.to_string());
        HostError::Unreachable(format!("Docker at {} does not answer: {cause}", self.engine.address))
    }

    fn refused(&self, error: Error) -> HostError {
        match error {
            Error::DockerResponseServerError { status_code: 404, message } if message.contains("No such container") => {
                HostError::Gone
            }
            Error::DockerResponseServerError { message, .. } => HostError::Refused(message),
            other => self.away(innermost(&other)),
        }
    }

    async fn within<T>(
        &self,
        limit: Duration,
        asked: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, HostError> {
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer.map_err(|e| self.refused(e)),
            Err(_) => Err(self.away(format_args!("no answer within {} s", limit.as_secs()))),
        }
    }

    async fn inspect(&self, id: &str) -> Result<ContainerInspectResponse, HostError> {
        let docker = self.docker().await?;
        self.within(PATIENCE, docker.inspect_container(id, None::<InspectContainerOptions>)).await
    }

    /// The container's name, and where this port of it is reached from here; `hidden` if it is published, and not reached.
    async fn doors(&self, id: &str, port: u16) -> Result<Doors, HostError> {
        let seen = self.inspect(id).await?;
        let published = self.published(&seen, port);
        // Under the address that a container has on another machine there may be somebody else here.
        let direct = if self.engine.is_here() { addresses(&seen) } else { vec![] };
        let hidden = published.is_empty() && !bindings(&seen, port).is_empty();
        let Details { container, .. } = details(seen);
        let name = match container.state {
            ContainerState::Paused => format!("{} (paused)", container.name),
            state if state.running() => container.name,
            state => return Err(HostError::NoAnswer(format!("{} is {state}", container.name))),
        };
        let at = published.into_iter().chain(direct.into_iter().map(|ip| (ip, port))).collect();
        Ok(Doors { name, at, hidden })
    }

    async fn connects(&self, id: &str, port: u16) -> Result<(), HostError> {
        let Doors { name, at, .. } = self.doors(id, port).await?;
        let mut why = format!("{name} has no address that can be reached");
        for (host, port) in at {
            match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), port))).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => why = format!("{name} takes no connection at {host}:{port}: {error}"),
                Err(_) => why = format!("{name} takes no connection at {host}:{port}: too slow"),
            }
        }
        Err(HostError::NoAnswer(why))
    }

    async fn ask(&self, ask: HttpAsk<'_>) -> Result<HttpAnswer, HostError> {
        let until = Instant::now() + ask.timeout;
        let Doors { name, at, hidden } = self.doors(ask.container, ask.port).await?;
        let mut why = format!("{name} has no address that can be reached");
        for (host, port) in at {
            // The first address that keeps silent leaves time for the next.
            let limit = CONNECT_TIMEOUT.max(ask.timeout / 2).min(until.saturating_duration_since(Instant::now()));
            let silent = |phrase: &str| format!("{name} does not answer at {host}:{port}: {phrase}");
            match tokio::time::timeout(limit, http::send(&host, port, ask.method, ask.url)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(NoAnswer::NotSent(phrase))) => why = silent(&phrase),
                // What is not a mere question is never sent twice.
                Ok(Err(NoAnswer::Sent(phrase))) if ask.method != "GET" => {
                    return Err(HostError::Unanswered(silent(&phrase)));
                }
                Ok(Err(NoAnswer::Sent(phrase))) => why = silent(&phrase),
                // Without any time left nobody was asked.
                Err(_) if limit.is_zero() => break,
                Err(_) if ask.method != "GET" => return Err(HostError::Unanswered(silent("too slow"))),
                Err(_) => why = silent("too slow"),
            }
        }
        if hidden {
            why += "; its port is published on the host's loopback only, which this worker cannot reach from where it runs";
        }
        Err(HostError::NoAnswer(why))
    }

    /// Where the host publishes this port of the container, as seen from here. A port that is published on the host's loopback
    /// is left out for a worker that is elsewhere: under its number there may be somebody else.
    fn published(&self, seen: &ContainerInspectResponse, port: u16) -> Vec<(String, u16)> {
        let on_host = self.published_at.parse().map_or(self.published_at == "localhost", |ip: IpAddr| ip.is_loopback());
        let mut found: Vec<_> = bindings(seen, port)
            .iter()
            .filter_map(|binding| {
                let port = binding.host_port.as_deref()?.parse().ok().filter(|port| *port != 0)?;
                match binding.host_ip.as_deref().unwrap_or_default().parse::<IpAddr>() {
                    Ok(ip) if ip.is_loopback() && !on_host => None,
                    Ok(ip) if !ip.is_unspecified() => Some((ip.to_string(), port)),
                    _ => Some((self.published_at.clone(), port)),
                }
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

impl ContainerHost for DockerHost {
    fn describe(&self) -> Answer<'_, Description> {
        async {
            let asked = self.description.get_or_try_init(|| async {
                let docker = self.docker().await?;
                let told = self.within(PATIENCE, docker.info()).await?;
                let name = told.name.unwrap_or_else(|| self.engine.address.clone());
                // Old engines take their ID from a file that all engines of a machine share, and copies of a machine too.
                let id =
                    [told.id.unwrap_or_default(), name.clone(), told.docker_root_dir.unwrap_or_default()].join(" ");
                Ok(Description { name, version: told.server_version.unwrap_or_default(), id })
            });
            asked.await.cloned()
        }
        .boxed()
    }

    fn containers<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Container>> {
        async move {
            let docker = self.docker().await?;
            let filters = HashMap::from([("label", vec![format!("{PROJECT}={project}")])]);
            let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
            let listed = self.within(PATIENCE, docker.list_containers(Some(options))).await?;
            // Containers of `docker-compose run` belong to nobody's service.
            let one_off = |seen: &ContainerSummary| {
                seen.labels.as_ref().and_then(|l| l.get(ONE_OFF)).is_some_and(|v| v.eq_ignore_ascii_case("true"))
            };
            let mut containers: Vec<_> = listed.into_iter().filter(|seen| !one_off(seen)).map(container).collect();
            containers.sort_by(|a, b| (&a.service, a.number, &a.name).cmp(&(&b.service, b.number, &b.name)));
            Ok(containers)
        }
        .boxed()
    }

    fn container<'a>(&'a self, id: &'a str) -> Answer<'a, Details> {
        self.inspect(id).map_ok(details).boxed()
    }

    fn restart<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        async move {
            let options = None::<RestartContainerOptions>;
            self.docker().await?.restart_container(id, options).await.map_err(|e| self.refused(e))
        }
        .boxed()
    }

    fn stop<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        async move {
            let options = None::<StopContainerOptions>;
            self.docker().await?.stop_container(id, options).await.map_err(|e| self.refused(e))
        }
        .boxed()
    }

    fn start<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        async move {
            let options = None::<StartContainerOptions>;
            self.docker().await?.start_container(id, options).await.map_err(|e| self.refused(e))
        }
        .boxed()
    }

    fn container_remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        async move {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            self.docker().await?.remove_container(id, Some(options)).await.map_err(|e| self.refused(e))
        }
        .boxed()
    }

    fn logs<'a>(&'a self, id: &'a str, tail: u32) -> BoxStream<'a, Result<Vec<LogLine>, HostError>> {
        let opened = async move {
            let docker = self.docker().await?;
            let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&tail.to_string()).build();
            Ok(docker.logs(id, Some(options)))
        };
        opened
            .map_ok(move |pieces| {
                let mut lines = Lines::default();
                // `None` marks the end, so that an unfinished last line is not lost.
                let pieces = pieces.map(Some).chain(futures::stream::iter([None])).ready_chunks(PIECES);
                pieces.flat_map(move |pieces| {
                    let (mut found, mut failed) = (vec![], None);
                    for piece in pieces {
                        match piece {
                            Some(Ok(LogOutput::StdErr { message })) => lines.read(true, &message, &mut found),
                            Some(Ok(other)) => lines.read(false, &other.into_bytes(), &mut found),
                            Some(Err(error)) => failed = Some(self.refused(error)),
                            None => found.extend(lines.finish()),
                        }
                    }
                    let found = Some(found).filter(|lines| !lines.is_empty());
                    futures::stream::iter(found.map(Ok).into_iter().chain(failed.map(Err)))
                })
            })
            .try_flatten_stream()
            .boxed()
    }

    fn http<'a>(&'a self, ask: HttpAsk<'a>) -> Answer<'a, HttpAnswer> {
        self.ask(ask).boxed()
    }

    fn reach<'a>(&'a self, id: &'a str, port: u16) -> Answer<'a, ()> {
        self.connects(id, port).boxed()
    }

    fn exec<'a>(&'a self, id: &'a str, argv: &'a [String], lines: LinesTo) -> Answer<'a, i64> {
        self.exec_in(id, argv, lines).boxed()
    }

    fn ask<'a>(&'a self, id: &'a str, argv: &'a [String]) -> Answer<'a, String> {
        self.answer_of(id, argv).boxed()
    }

    fn image_digest<'a>(&'a self, image_id: &'a str) -> Answer<'a, Option<String>> {
        async move {
            let docker = self.docker().await?;
            let seen = self.within(PATIENCE, docker.inspect_image(image_id)).await?;
            Ok(seen.repo_digests.unwrap_or_default().into_iter().next())
        }
        .boxed()
    }

    fn networks<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Network>> {
        self.networks_of(project).boxed()
    }

    fn network<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Network>> {
        self.network_seen(id).boxed()
    }

    fn network_connect<'a>(&'a self, network: &'a str, container: &'a str, aliases: Vec<String>) -> Answer<'a, ()> {
        self.network_join(network, container, aliases).boxed()
    }

    fn network_disconnect<'a>(&'a self, network: &'a str, container: &'a str) -> Answer<'a, ()> {
        self.network_leave(network, container).boxed()
    }

    fn network_remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        async move { self.docker().await?.remove_network(id).await.map_err(|e| self.refused(e)) }.boxed()
    }

    fn volumes<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Volume>> {
        self.volumes_of(project).boxed()
    }

    fn volume_sizes(&self) -> Answer<'_, BTreeMap<String, u64>> {
        self.sizes_of_volumes().boxed()
    }

    fn volume<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Volume>> {
        self.volume_seen(name).boxed()
    }

    fn volume_users<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<String>> {
        self.volume_had_by(name).boxed()
    }

    fn volume_remove<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        self.volume_gone(name).boxed()
    }

    fn compose_services<'a>(&'a self, compose: &'a Compose) -> Answer<'a, Vec<String>> {
        compose::services(&self.engine, compose).boxed()
    }

    fn compose<'a>(&'a self, compose: &'a Compose, verb: &'a Verb, lines: LinesTo) -> Answer<'a, Ended> {
        compose::run(&self.engine, compose, verb, lines).boxed()
    }

    fn scratch_make<'a>(&'a self, scratch: &'a Scratch) -> Answer<'a, String> {
        self.scratch_up(scratch).boxed()
    }

    fn scratch_put<'a>(&'a self, id: &'a str, file: File, bytes: u64, name: &'a str) -> Answer<'a, ()> {
        self.scratch_fill(id, file, bytes, name).boxed()
    }

    fn scratches(&self) -> Answer<'_, Vec<(String, String)>> {
        self.scratch_list().boxed()
    }

    fn scratch_remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.scratch_gone(id).boxed()
    }
}

fn innermost(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_published_port_is_asked_where_it_is_and_not_elsewhere() {
        let seen = |ip: &str| {
            let binding = json!([{"HostIp": ip, "HostPort": "8081"}]);
            let seen = json!({"NetworkSettings": {"Ports": {"8080/tcp": binding, "7000/tcp": null}}});
            serde_json::from_value::<ContainerInspectResponse>(seen).unwrap()
        };
        let cases = [
            ("127.0.0.1", "0.0.0.0", vec!["127.0.0.1"]),
            ("127.0.0.1", "::", vec!["127.0.0.1"]),
            ("127.0.0.1", "", vec!["127.0.0.1"]),
            ("127.0.0.1", "127.0.0.1", vec!["127.0.0.1"]),
            ("127.0.0.1", "172.17.0.1", vec!["172.17.0.1"]),
            ("host.docker.internal", "0.0.0.0", vec!["host.docker.internal"]),
            ("host.docker.internal", "127.0.0.1", vec![]),
            ("host.docker.internal", "172.17.0.1", vec!["172.17.0.1"]),
        ];
        for (from, published_on, expected) in cases {
            let host = DockerHost::new("unix:///nowhere", from);
            let found = host.published(&seen(published_on), 8080);
            let expected: Vec<_> = expected.into_iter().map(|ip| (ip.to_owned(), 8081)).collect();
            assert_eq!(found, expected, "{from} {published_on}");
            assert_eq!(host.published(&seen(published_on), 7000), []);
        }
    }

    #[tokio::test]
    async fn a_host_without_docker_is_named() {
        let host = DockerHost::new("unix:///nowhere/docker.sock", "127.0.0.1");
        let error = host.describe().await.unwrap_err();
        let text = "Docker at unix:///nowhere/docker.sock does not answer: there is no socket /nowhere/docker.sock";
        assert_eq!(error, HostError::Unreachable(text.into()));
    }
}
