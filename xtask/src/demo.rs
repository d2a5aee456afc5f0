//! `cargo xtask demo`: the whole of Muster with something to break. Puts parts together; each part is built and run elsewhere.

mod data;
pub(crate) mod process;
mod session;
mod testnet;

use std::{
    fs,
    net::{SocketAddr, TcpListener, ToSocketAddrs as _},
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

pub(crate) use self::session::stop_orphaned_database as stop_database;
use self::{
    session::{Session, Started},
    testnet::Testnet,
};
use crate::{
    build, command,
    docker::Engine,
    progress::{self, say},
    project::Project,
    setup::{self, Need},
};

/// The Compose project the demo's plan recovers.
pub(crate) const SYSTEM: &str = "bt2c";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Return when all is up, and leave it running.
    #[arg(long, conflicts_with = "stop")]
    detach: bool,
    /// Drop the data of the last demo first.
    #[arg(long, conflicts_with = "stop")]
    fresh: bool,
    /// Stop the demo that is running.
    #[arg(long)]
    stop: bool,
}

/// Where the demo keeps its things and where it listens.
pub(crate) struct Place {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: String,
}

impl Place {
    fn choose(project: &Project) -> Result<Self> {
        let listen = command::variable("MUSTER_LISTEN").unwrap_or_else(|| "127.0.0.1:8080".into());
        let address = listen.to_socket_addrs().ok().and_then(|mut found| found.next());
        let listen = address.with_context(|| {
            format!("MUSTER_LISTEN is {listen}, which is no address. Write it like 127.0.0.1:8080.")
        })?;
        let public_url =
            command::variable("MUSTER_PUBLIC_URL").unwrap_or_else(|| format!("http://localhost:{}", listen.port()));
        let data = command::variable("MUSTER_DATA_DIR").map_or_else(|| project.path("target/demo"), PathBuf::from);
        let data = std::path::absolute(data)?;
        Ok(Self { data, listen, public_url })
    }
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<()> {
    let place = Place::choose(project)?;
    let running = Session::load(&place.data)?.filter(Session::is_alive);
    if arguments.stop {
        return match running {
            Some(session) => session.stop_from_outside(project, &place.data),
            None => {
                Session::forget(&place.data)?;
                say("No demo is running here.");
                Ok(())
            }
        };
    }
    if let Some(session) = running {
        bail!("The demo already runs at {}. Nothing was started. To stop it: cargo xtask demo --stop", session.url);
    }
    check_port(place.listen)?;
    fs::create_dir_all(&place.data).with_context(|| format!("cannot create {}", place.data.display()))?;

    // From here on Ctrl-C is a wish to stop what was started, in order.
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // The receiver lives until the end of `run`; afterwards there is nothing to stop.
        let _ = stop.send(());
    })?;

    say("Muster demo: the first start builds everything and takes some minutes, later ones take seconds.");
    let mut started = Started::default();
    let up = bring_up(project, &place, arguments.fresh, &mut started, &stopped);
    let session = match up {
        Ok(session) => session,
        Err(error) => {
            started.stop(project, &place.data);
            if stopped.try_recv().is_ok() {
                bail!("stopped, as asked");
            }
            return Err(error);
        }
    };
    session.save(&place.data, arguments.detach)?;
    announce(&place, arguments.detach);
    if arguments.detach {
        return Ok(());
    }
    let ended = loop {
        match stopped.recv_timeout(Duration::from_millis(500)) {
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => break None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if let Some(program) = started.ended() {
                    break Some(program);
                }
            }
        }
    };
    say("Stopping the demo.");
    started.stop(project, &place.data);
    Session::forget(&place.data)?;
    match ended {
        None => Ok(()),
        Some(program) => bail!(
            "{program} ended by itself, so the demo was stopped. Its log is {}",
            place.data.join(format!("{program}.log")).display()
        ),
    }
}

fn bring_up(
    project: &Project,
    place: &Place,
    fresh: bool,
    started: &mut Started,
    stopped: &mpsc::Receiver<()>,
) -> Result<Session> {
    let go_on = || if stopped.try_recv().is_ok() { bail!("stopped, as asked") } else { Ok(()) };
    setup::needs(&[Need::PostgresPrograms, Need::Docker, Need::Jq, Need::Curl])?;
    started.engine = Some(Engine::ensure(&place.data.join("dockerd.log"))?);
    let network = Testnet::new(project, &place.data);
    if fresh {
        progress::step("dropping the data of the last demo", || {
            session::stop_orphaned_database(&place.data);
            network.drop_all()?;
            data::drop_all(&place.data)
        })?;
    }
    data::room_for_postgres(&place.data)?;
    go_on()?;
    let programs = build::programs(project)?;
    go_on()?;
    let assets = build::assets(project)?;
    go_on()?;
    let images = build::testnet_images(project)?;
    go_on()?;
    network.configure(&images)?;
    progress::step("starting the BT2C testnet", || network.up())?;
    started.testnet = true;

    let worker = network.worker_settings();
    let environment = process::Environment { place, programs: &programs, assets: &assets, worker: &worker };
    progress::step("starting the database and the server", || {
        started.server = Some(environment.spawn(process::SERVER, &["serve"])?);
        process::wait_for("the server", started.server.as_mut(), place, || process::answers_ok(place.listen, "/readyz"))
    })?;
    go_on()?;
    data::import_plan(project, &environment)?;
    data::add_users(&environment)?;
    progress::step("starting the worker", || {
        started.worker = Some(environment.spawn(process::WORKER, &["run"])?);
        process::stays_up("the worker", started.worker.as_mut(), place)
    })?;
    progress::step("waiting for the testnet to answer", || network.wait_healthy())?;
    network.record_integrity()?;
    go_on()?;
    started.session(place.public_url.clone())
}

fn check_port(listen: SocketAddr) -> Result<()> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "Port {} is in use by another program. Nothing was started. Stop that program, or choose another address: MUSTER_LISTEN={}:{} cargo xtask demo",
            listen.port(),
            listen.ip(),
            listen.port().saturating_add(10),
        ),
        Err(error) => {
            bail!("Cannot listen on {listen}: {error}. Nothing was started. Choose another address with MUSTER_LISTEN.")
        }
    }
}

fn announce(place: &Place, detached: bool) {
    let end = if detached {
        "It runs in the background. Stop it with: cargo xtask demo --stop"
    } else {
        "Stop it with Ctrl-C."
    };
    say(&format!(
        "\nMuster runs.\n\n  Status page      {url}/\n  Sign in          {url}/login\n  Sign-ins are in  {users}\n  To break it      docker kill $(docker ps -q -f label=com.docker.compose.project={SYSTEM} -f label=com.docker.compose.service=validator1)\n\n{end}",
        url = place.public_url,
        users = relative(&place.data.join(data::USERS)).display(),
    ));
}

/// A path as short as the terminal's directory allows.
fn relative(path: &Path) -> PathBuf {
    std::env::current_dir()
        .ok()
        .and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned))
        .unwrap_or_else(|| path.to_owned())
}
