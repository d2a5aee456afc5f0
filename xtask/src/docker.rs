//! The Docker engine as our tasks need it: answering, with the testnet's images, driven by whichever Compose there is.
//! Never stops an engine it did not start.

use std::{
    fs::File,
    net::{TcpStream, ToSocketAddrs as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    command,
    progress::{self, say},
    project::Project,
    setup,
};

pub(crate) const NODE_IMAGE: &str = "muster-testnet-node:local";
pub(crate) const BACKUP_IMAGE: &str = "muster-testnet-backup:local";
const PUBLIC_POSTGRES: &str = "postgres:16";
const BUILT_POSTGRES: &str = "muster-testnet-postgres:local";

/// True if the client, a Compose and (unless the engine is elsewhere) the engine are installed.
pub(crate) fn installed() -> bool {
    command::which("docker").is_some() && compose_program().is_some() && (answers().is_ok() || dockerd().is_some())
}

fn dockerd() -> Option<PathBuf> {
    command::which("dockerd").or_else(|| Some(PathBuf::from("/usr/sbin/dockerd")).filter(|path| path.is_file()))
}

/// Asks the engine for its version; the error is what the client said.
fn answers() -> Result<()> {
    command::run(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]))
}

fn compose_program() -> Option<&'static [&'static str]> {
    if command::succeeds(Command::new("docker").args(["compose", "version"])) {
        return Some(&["docker", "compose"]);
    }
    command::which("docker-compose").is_some().then_some(&["docker-compose"][..])
}

/// An engine that answers.
pub(crate) struct Engine {
    /// Process of the engine we started, if we did.
    pub(crate) ours: Option<u32>,
}

impl Engine {
    /// Uses the engine that answers, or starts one that logs into `log`.
    pub(crate) fn ensure(log: &Path) -> Result<Self> {
        let Err(why) = answers() else { return Ok(Self { ours: None }) };
        if why.to_string().contains("permission denied") {
            bail!(
                "The Docker engine runs, but this user may not talk to it. Nothing was started. Run: sudo usermod -aG docker \"$USER\", sign in again, then run this again."
            );
        }
        if command::variable("DOCKER_HOST").is_some() {
            bail!(
                "DOCKER_HOST is set, but no Docker engine answers there. Nothing was started. Start that engine or unset DOCKER_HOST.\n{why:#}"
            );
        }
        progress::step("starting the Docker engine", || Self::start(log))
    }

    fn start(log: &Path) -> Result<Self> {
        let Some(dockerd) = dockerd() else {
            bail!("dockerd is not installed. Install it: sudo apt-get install docker.io")
        };
        let out = File::create(log)?;
        let mut command = setup::as_root(&dockerd.to_string_lossy())?;
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).spawn()?;
        let deadline = Instant::now() + Duration::from_secs(60);
        let why = loop {
            let Err(error) = answers() else { return Ok(Self { ours: Some(child.id()) }) };
            if let Some(status) = child.try_wait()? {
                break format!("it ended ({status})");
            }
            if error.to_string().contains("permission denied") {
                break "it runs now, but this user is not in the group docker: sudo usermod -aG docker \"$USER\", then sign in again".into();
            }
            if Instant::now() > deadline {
                break "it did not answer within a minute".into();
            }
            thread::sleep(Duration::from_millis(200));
        };
        stop_engine(child.id());
        let said = std::fs::read_to_string(log).unwrap_or_default();
        bail!(
            "The Docker engine could not be started: {why}. Start it yourself, then run this again. It said:\n{}",
            command::tail(&said, 12)
        );
    }

    /// Stops the engine if it is ours.
    pub(crate) fn stop(self) {
        if let Some(pid) = self.ours {
            stop_engine(pid);
        }
    }
}

/// Ends an engine that we started; through sudo if it was started so.
pub(crate) fn stop_engine(pid: u32) {
    if let Ok(mut kill) = setup::as_root("kill") {
        let _ = command::run(kill.args(["-TERM", &pid.to_string()]));
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while crate::demo::process::is_alive(pid) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(100));
    }
}

/// `docker compose -p PROJECT -f FILE`, ready for its verb.
pub(crate) fn compose(project: &str, file: &Path) -> Result<Command> {
    let Some(program) = compose_program() else {
        bail!("Docker Compose is not installed. Install it: sudo apt-get install docker-compose")
    };
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg("-p").arg(project).arg("-f").arg(file);
    Ok(command)
}

pub(crate) fn has_image(name: &str) -> bool {
    command::succeeds(Command::new("docker").args(["image", "inspect", name]))
}

/// Put on images that are replaced at every build, so that what was replaced can be told from everybody else's.
pub(crate) const OURS: &str = "invalid.muster.built=here";

/// Removes the images we built that a newer one replaced.
pub(crate) fn prune() {
    // Only tidiness: an image that is still in use stays, and so does everything if the engine refuses.
    let _ = command::run(Command::new("docker").args(["image", "prune", "-f", "--filter", &format!("label={OURS}")]));
}

/// The node's image, from the static program in `binary`.
pub(crate) fn build_node_image(project: &Project, binary: &Path) -> Result<()> {
    let context = project.target.join("xtask/node-image");
    std::fs::create_dir_all(&context)?;
    // A copy only when it differs: Docker's cache then knows that nothing changed.
    std::fs::copy(binary, context.join("testnet-node"))?;
    std::fs::copy(project.path("plans/bt2c/testnet/Dockerfile"), context.join("Dockerfile"))?;
    command::run(Command::new("docker").args(["build", "-q", "--label", OURS, "-t", NODE_IMAGE]).arg(&context))?;
    prune();
    Ok(())
}

/// The image of the testnet's backup service: a Postgres image with the node's program and a script in it.
pub(crate) fn build_backup_image(project: &Project, binary: &Path, postgres: &str) -> Result<()> {
    let context = project.target.join("xtask/backup-image");
    std::fs::create_dir_all(&context)?;
    std::fs::copy(binary, context.join("testnet-node"))?;
    for file in ["Dockerfile", "backup.sh"] {
        std::fs::copy(project.path("plans/bt2c/testnet/backup").join(file), context.join(file))?;
    }
    let from = format!("POSTGRES_IMAGE={postgres}");
    command::run(
        Command::new("docker")
            .args(["build", "-q", "--label", OURS, "--build-arg", &from, "-t", BACKUP_IMAGE])
            .arg(&context),
    )?;
    prune();
    Ok(())
}

/// The image for the testnet's Postgres: the public one, else one built from Debian packages.
pub(crate) fn postgres_image(project: &Project) -> Result<String> {
    if let Some(chosen) = command::variable("TESTNET_POSTGRES_IMAGE") {
        return Ok(chosen);
    }
    for there in [PUBLIC_POSTGRES, BUILT_POSTGRES] {
        if has_image(there) {
            return Ok(there.into());
        }
    }
    if registry_answers() {
        let pull = || {
            command::run_within(Command::new("docker").args(["pull", "-q", PUBLIC_POSTGRES]), Duration::from_secs(300))
        };
        if progress::step(&format!("pulling {PUBLIC_POSTGRES}"), pull).is_ok() {
            return Ok(PUBLIC_POSTGRES.into());
        }
    }
    say("     No registry gives us Postgres: building its image from Debian packages, once.");
    setup::needs(&[setup::Need::Mmdebstrap])?;
    progress::step("building the Postgres image", || {
        command::run(
            Command::new("sh")
                .arg(project.path("plans/bt2c/testnet/postgres/build.sh"))
                .arg(BUILT_POSTGRES)
                .current_dir(&project.root),
        )
    })?;
    Ok(BUILT_POSTGRES.into())
}

/// Looks before the pull, which without a network can take minutes to give up.
fn registry_answers() -> bool {
    let (tell, hear) = mpsc::channel();
    thread::spawn(move || {
        let mut addresses = ("registry-1.docker.io", 443).to_socket_addrs().into_iter().flatten();
        let reached = addresses.any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok());
        // Nobody listens any more if it took too long.
        let _ = tell.send(reached);
    });
    hear.recv_timeout(Duration::from_secs(4)).unwrap_or(false)
}
