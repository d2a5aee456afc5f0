//! A Docker host that exists only in memory, for tests: same trait, faults on demand. Says SIMULATED wherever it speaks, so
//! that nobody takes it for the real thing.

mod objects;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _, stream::BoxStream};

use super::{
    Answer, Compose, Container, ContainerHost, ContainerState, Description, Details, Ended, HostError, HttpAnswer,
    HttpAsk, LinesTo, LogLine, Mount, Network, Port, Verb, Volume,
};

/// What can be asked of a host, for faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Look,
    Logs,
    Http,
    Restart,
    Stop,
    Start,
    Exec,
    Connect,
    Disconnect,
    RemoveVolume,
    Remove,
    Compose,
}

/// What goes wrong, once.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The call fails and nothing happens.
    Fails(HostError),
    /// The call fails although its effect happens: Docker went away before it could answer.
    FailsAfterEffect(HostError),
    /// The call never returns and nothing happens: kill the worker now.
    HangsBefore,
    /// Its effect happens, the call never returns: kill the worker now.
    HangsAfter,
}

/// An effect that really happened on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub op: Op,
    /// Name of the container or volume.
    pub container: String,
}

/// Of a command whose caller is gone before it was done: does the host do it all the same?
type Abandoned = Box<dyn FnMut(Op, &str) -> bool + Send>;

type Reply = Box<dyn FnMut(&HttpAsk<'_>) -> Result<HttpAnswer, HostError> + Send>;

#[derive(Default)]
struct World {
    containers: Vec<Details>,
    effects: Vec<Effect>,
    faults: HashMap<Op, VecDeque<Fault>>,
    away: bool,
    silent: bool,
    /// Counts starts, so that every start has its own instant.
    starts: u32,
    logs: HashMap<String, Vec<LogLine>>,
    replies: HashMap<(String, u16), Reply>,
    programs: HashMap<String, objects::Program>,
    networks: Vec<Network>,
    volumes: Vec<Volume>,
    sizes: BTreeMap<String, u64>,
    answers: HashMap<String, objects::Asked>,
    /// Services of each project's Compose file.
    composed: HashMap<String, Vec<String>>,
    mounted: HashMap<String, Vec<Mount>>,
    delay: Duration,
    abandoned: Option<Abandoned>,
}

pub struct SimulatedHost {
    world: Mutex<World>,
    id: String,
}

/// A command on its way: dropped by a worker that dies, it may happen all the same, as Docker goes on without its client.
struct Underway<'a, F: FnOnce(&mut World) -> Result<(), HostError>> {
    host: &'a SimulatedHost,
    op: Op,
    name: &'a str,
    change: Option<F>,
}

impl<F: FnOnce(&mut World) -> Result<(), HostError>> Drop for Underway<'_, F> {
    fn drop(&mut self) {
        let Some(change) = self.change.take() else { return };
        let mut world = self.host.world();
        let happens = world.abandoned.as_mut().is_some_and(|abandoned| abandoned(self.op, self.name));
        if happens && !world.away {
            // Nobody is there to hear that it could not be done.
            drop(change(&mut world));
        }
    }
}

impl fmt::Debug for SimulatedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedHost")
    }
}

impl Default for SimulatedHost {
    fn default() -> Self {
        static HOSTS: AtomicU32 = AtomicU32::new(1);
        let id = format!("{}-{}", Self::NAME, HOSTS.fetch_add(1, Ordering::Relaxed));
        Self { world: Mutex::new(World { starts: 1, ..World::default() }), id }
    }
}

impl World {
    fn reply(&mut self, ask: &HttpAsk<'_>) -> Result<HttpAnswer, HostError> {
        self.listens(ask.container, ask.port)?;
        let key = (ask.container.to_owned(), ask.port);
        self.replies.get_mut(&key).map_or(Err(HostError::Gone), |reply| reply(ask))
    }

    fn listens(&self, id: &str, port: u16) -> Result<(), HostError> {
        let found = self.containers.iter().find(|c| c.container.id == id).ok_or(HostError::Gone)?;
        let (name, state) = (&found.container.name, found.container.state);
        if !state.running() {
            return Err(HostError::NoAnswer(format!("{name} is {state}")));
        }
        let refused = || HostError::NoAnswer(format!("{name} does not answer on port {port}: connection refused"));
        self.replies.contains_key(&(id.to_owned(), port)).then_some(()).ok_or_else(refused)
    }
}

impl SimulatedHost {
    /// The name approvers see.
    pub const NAME: &'static str = "SIMULATED";

    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a running container `{project}_{service}_1` with its id `{project}-{service}` and published ports.
    pub fn add(&self, project: &str, service: &str, ports: &[(u16, u16)]) -> String {
        let id = format!("{project}-{service}");
        self.world().containers.push(Details {
            container: Container {
                id: id.clone(),
                name: format!("{project}_{service}_1"),
                project: Some(project.into()),
                service: Some(service.into()),
                number: 1,
                image: "simulated:1".into(),
                image_id: "sha256:simulated".into(),
                state: ContainerState::Running,
                unhealthy: false,
                ports: ports.iter().map(|&(host, container)| Port { host, container }).collect(),
            },
            started_at: instant(0),
            finished_at: "0001-01-01T00:00:00Z".into(),
            stop_timeout: Duration::from_secs(10),
            networks: vec![],
            mounts: vec![],
            shares: vec![],
            exposure: super::Exposure::default(),
        });
        id
    }

    /// Changes a container behind everybody's back; false if there is none.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Details)) -> bool {
        self.world().containers.iter_mut().find(|c| c.container.id == id).map(change).is_some()
    }

    /// The container dies, as if killed.
    pub fn kill(&self, id: &str) -> bool {
        self.change(id, |c| c.container.state = ContainerState::Exited(Some(137)))
    }

    /// The container is removed.
    pub fn remove(&self, id: &str) {
        self.world().containers.retain(|c| c.container.id != id);
    }

    /// The next call of this kind (after those already planned) goes wrong.
    pub fn fault(&self, op: Op, fault: Fault) {
        self.world().faults.entry(op).or_default().push_back(fault);
    }

    /// While true, Docker does not answer anything.
    pub fn set_away(&self, away: bool) {
        self.world().away = away;
    }

    /// While true, whatever is asked is taken and never answered.
    pub fn set_silent(&self, silent: bool) {
        self.world().silent = silent;
    }

    /// How long each restart, stop or start takes.
    pub fn set_delay(&self, delay: Duration) {
        self.world().delay = delay;
    }

    /// What becomes of commands whose worker dies while they are under way; without it they never happen.
    pub fn when_abandoned(&self, happens: impl FnMut(Op, &str) -> bool + Send + 'static) {
        self.world().abandoned = Some(Box::new(happens));
    }

    pub fn set_logs(&self, id: &str, lines: &[&str]) {
        let lines = lines.iter().map(|text| LogLine { from_stderr: false, text: (*text).into(), cut: false }).collect();
        self.world().logs.insert(id.into(), lines);
    }

    /// Answers HTTP on a container's port; without it nobody listens there.
    pub fn answer(
        &self,
        id: &str,
        port: u16,
        reply: impl FnMut(&HttpAsk<'_>) -> Result<HttpAnswer, HostError> + Send + 'static,
    ) {
        self.world().replies.insert((id.into(), port), Box::new(reply));
    }

    /// Answers every GET with a height that grows by one each time.
    pub fn answer_growing_height(&self, id: &str, port: u16, from: u64) {
        let mut height = from;
        self.answer(id, port, move |_| {
            height += 1;
            Ok(HttpAnswer { status: 200, body: format!("# SIMULATED\nsimulated_height {height}\n"), cut: false })
        });
    }

    /// Everything that was done to containers, in order.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        self.world().effects.clone()
    }

    async fn look<T>(&self, op: Op, see: impl FnOnce(&mut World) -> Result<T, HostError>) -> Result<T, HostError> {
        let (silent, fault) = {
            let mut world = self.world();
            (world.silent, world.faults.get_mut(&op).and_then(VecDeque::pop_front))
        };
        match fault {
            Some(Fault::Fails(error) | Fault::FailsAfterEffect(error)) => return Err(error),
            Some(Fault::HangsBefore | Fault::HangsAfter) => std::future::pending().await,
            None if silent => std::future::pending().await,
            None => {}
        }
        let mut world = self.world();
        if world.away {
            return Err(away());
        }
        see(&mut world)
    }

    async fn act(&self, op: Op, id: &str) -> Result<(), HostError> {
        self.command(op, id, |world| power(world, op, id)).await
    }

    /// As [`Self::act`], for what is no single container.
    async fn change_world(
        &self,
        op: Op,
        name: &str,
        change: impl FnOnce(&mut World) -> Result<(), HostError>,
    ) -> Result<(), HostError> {
        let change = |world: &mut World| {
            change(world)?;
            world.effects.push(Effect { op, container: name.to_owned() });
            Ok(())
        };
        self.command(op, name, change).await
    }

    async fn command(
        &self,
        op: Op,
        name: &str,
        change: impl FnOnce(&mut World) -> Result<(), HostError>,
    ) -> Result<(), HostError> {
        let (delay, silent, fault) = {
            let mut world = self.world();
            (world.delay, world.silent, world.faults.get_mut(&op).and_then(VecDeque::pop_front))
        };
        match fault {
            None if silent => std::future::pending().await,
            Some(Fault::Fails(error)) => return Err(error),
            Some(Fault::HangsBefore) => std::future::pending().await,
            Some(Fault::FailsAfterEffect(_) | Fault::HangsAfter) | None => {}
        }
        let mut underway = Underway { host: self, op, name, change: Some(change) };
        tokio::time::sleep(delay).await;
        let change = underway.change.take();
        {
            let mut world = self.world();
            if world.away {
                return Err(away());
            }
            change.map_or(Ok(()), |change| change(&mut world))?;
        }
        match fault {
            Some(Fault::FailsAfterEffect(error)) => Err(error),
            Some(Fault::HangsAfter) => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

fn power(world: &mut World, op: Op, id: &str) -> Result<(), HostError> {
    let at = instant(world.starts);
    world.starts += 1;
    let found = world.containers.iter_mut().find(|c| c.container.id == id).ok_or(HostError::Gone)?;
    match op {
        Op::Restart | Op::Start => {
            found.container.state = ContainerState::Running;
            found.started_at = at;
        }
        Op::Stop => {
            found.container.state = ContainerState::Exited(Some(0));
            found.finished_at = at;
        }
        _ => {}
    }
    let container = found.container.name.clone();
    world.effects.push(Effect { op, container });
    Ok(())
}

fn instant(n: u32) -> String {
    format!("2026-01-01T00:00:{:02}.{n:09}Z", n % 60)
}

fn away() -> HostError {
    HostError::Unreachable("Docker at SIMULATED does not answer: it is away".into())
}

impl ContainerHost for SimulatedHost {
    fn describe(&self) -> Answer<'_, Description> {
        self.look(Op::Look, |_| {
            Ok(Description { name: Self::NAME.into(), version: Self::NAME.into(), id: self.id.clone() })
        })
        .boxed()
    }

    fn containers<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Container>> {
        async move {
            let seen = self.look(Op::Look, |world| {
                let all = world.containers.iter().map(|c| c.container.clone());
                let mut found: Vec<_> = all.filter(|c| c.project.as_deref() == Some(project)).collect();
                for stopped in found.iter_mut().filter(|c| !c.state.running()) {
                    stopped.ports.clear();
                }
                found.sort_by(|a, b| (&a.service, a.number).cmp(&(&b.service, b.number)));
                Ok(found)
            });
            seen.await
        }
        .boxed()
    }

    fn container<'a>(&'a self, id: &'a str) -> Answer<'a, Details> {
        self.look(Op::Look, move |world| {
            world.containers.iter().find(|c| c.container.id == id).cloned().ok_or(HostError::Gone)
        })
        .boxed()
    }

    fn restart<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.act(Op::Restart, id).boxed()
    }

    fn stop<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.act(Op::Stop, id).boxed()
    }

    fn start<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.act(Op::Start, id).boxed()
    }

    fn container_remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.gone(id).boxed()
    }

    fn logs<'a>(&'a self, id: &'a str, tail: u32) -> BoxStream<'a, Result<Vec<LogLine>, HostError>> {
        let lines = self.look(Op::Logs, move |world| {
            if !world.containers.iter().any(|c| c.container.id == id) {
                return Err(HostError::Gone);
            }
            let simulated = || vec![LogLine { from_stderr: false, text: "SIMULATED log line".into(), cut: false }];
            let lines = world.logs.get(id).cloned().unwrap_or_else(simulated);
            let skip = lines.len().saturating_sub(usize::try_from(tail).unwrap_or(usize::MAX));
            Ok(lines.into_iter().skip(skip).collect::<Vec<_>>())
        });
        lines.map_ok(|lines| futures::stream::iter(lines).ready_chunks(64).map(Ok)).try_flatten_stream().boxed()
    }

    fn http<'a>(&'a self, ask: HttpAsk<'a>) -> Answer<'a, HttpAnswer> {
        async move {
            if ask.method == "GET" {
                return self.look(Op::Http, |world| world.reply(&ask)).await;
            }
            // What asks for a change takes its time, as every other effect.
            let delay = self.world().delay;
            let arrives = |world: &mut World| world.reply(&ask).map(drop);
            let mut underway = Underway { host: self, op: Op::Http, name: ask.container, change: Some(arrives) };
            tokio::time::sleep(delay).await;
            underway.change = None;
            self.look(Op::Http, |world| world.reply(&ask)).await
        }
        .boxed()
    }

    fn reach<'a>(&'a self, id: &'a str, port: u16) -> Answer<'a, ()> {
        self.look(Op::Http, move |world| world.listens(id, port)).boxed()
    }

    fn exec<'a>(&'a self, id: &'a str, argv: &'a [String], lines: LinesTo) -> Answer<'a, i64> {
        self.exec_in(id, argv, lines).boxed()
    }

    fn ask<'a>(&'a self, id: &'a str, argv: &'a [String]) -> Answer<'a, String> {
        let nobody = || HostError::Refused("nothing here answers that".into());
        self.look(Op::Look, move |world| world.answers.get(id).map(|answer| answer(argv)).ok_or_else(nobody)).boxed()
    }

    fn image_digest<'a>(&'a self, image_id: &'a str) -> Answer<'a, Option<String>> {
        self.look(Op::Look, move |_| Ok(Some(format!("simulated@{image_id}")))).boxed()
    }

    fn networks<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Network>> {
        let of = move |n: &&Network| n.project.as_deref() == Some(project);
        self.look(Op::Look, move |world| Ok(world.networks.iter().filter(of).cloned().collect())).boxed()
    }

    fn network<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Network>> {
        self.look(Op::Look, move |world| Ok(world.networks.iter().find(|n| n.id == id).cloned())).boxed()
    }

    fn network_connect<'a>(&'a self, network: &'a str, container: &'a str, aliases: Vec<String>) -> Answer<'a, ()> {
        self.join(network, container, aliases).boxed()
    }

    fn network_disconnect<'a>(&'a self, network: &'a str, container: &'a str) -> Answer<'a, ()> {
        self.leave(network, container).boxed()
    }

    fn network_remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.network_gone(id).boxed()
    }

    fn volumes<'a>(&'a self, project: &'a str) -> Answer<'a, Vec<Volume>> {
        let of = move |v: &&Volume| v.project.as_deref() == Some(project);
        self.look(Op::Look, move |world| Ok(world.volumes.iter().filter(of).cloned().collect())).boxed()
    }

    fn volume_sizes(&self) -> Answer<'_, BTreeMap<String, u64>> {
        self.look(Op::Look, |world| Ok(world.sizes.clone())).boxed()
    }

    fn volume<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Volume>> {
        self.look(Op::Look, move |world| Ok(world.volumes.iter().find(|v| v.name == name).cloned())).boxed()
    }

    /// Containers of a project have all its volumes.
    fn volume_users<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<String>> {
        self.look(Op::Look, move |world| Ok(world.users_of(name))).boxed()
    }

    fn volume_remove<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        self.volume_gone(name).boxed()
    }

    fn compose_services<'a>(&'a self, compose: &'a Compose) -> Answer<'a, Vec<String>> {
        self.look(Op::Look, move |world| Ok(world.composed.get(&compose.project).cloned().unwrap_or_default())).boxed()
    }

    fn compose<'a>(&'a self, compose: &'a Compose, verb: &'a Verb, lines: LinesTo) -> Answer<'a, Ended> {
        self.composed(compose, verb, lines).boxed()
    }
}
