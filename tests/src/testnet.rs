//! The BT2C testnet under a Compose project of its own, on free ports, with directories of its own; gone when dropped. Broken
//! only by what tests call.

use std::{
    fs::{self, DirBuilder},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use uuid::Uuid;

/// Names and stakes, as docker-compose.yml has them.
pub const STAKES: &str = "validator1=60,validator2=40";

pub struct Testnet {
    pub project: String,
    pub port1: u16,
    pub port2: u16,
    /// Holds the directories below.
    home: PathBuf,
}

/// The checkout's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// A port that nobody listens on at this moment.
///
/// # Errors
/// If there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Testnet {
    /// Starts it and waits until both validators answer.
    ///
    /// # Errors
    /// If Docker, an image or Compose is missing; says which.
    pub fn up() -> Result<Self> {
        Self::up_with(&[])
    }

    /// The same with other settings in testnet.env.
    ///
    /// # Errors
    /// If Docker, an image or Compose is missing; says which.
    pub fn up_with(settings: &[(&str, &str)]) -> Result<Self> {
        let project = format!("mustertest{}", &Uuid::new_v4().simple().to_string()[..10]);
        let home = std::env::temp_dir().join(&project);
        let testnet = Self { project, port1: free_port()?, port2: free_port()?, home };
        testnet.configure(settings)?;
        testnet.compose(&["up", "-d"])?;
        testnet.wait_for_height(testnet.port1, 1)?;
        testnet.wait_for_height(testnet.port2, 1)?;
        Ok(testnet)
    }

    /// Directories, keys and ports for a drill target of this network; nothing of it is started. What a drill leaves is removed with it.
    ///
    /// # Errors
    /// If an image is missing, or the directories cannot be made.
    pub fn drill(&self) -> Result<Self> {
        let (project, home) = (format!("{}-drill", self.project), self.home.join("drill"));
        let drill = Self { project, port1: free_port()?, port2: free_port()?, home };
        drill.configure(&[])?;
        Ok(drill)
    }

    fn configure(&self, settings: &[(&str, &str)]) -> Result<()> {
        for directory in [self.config_dir(), self.backup_dir(), self.logs_dir()] {
            DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        }
        let owner = fs::metadata(self.config_dir())?;
        let user = format!("{}:{}", owner.uid(), owner.gid());
        let mount = format!("{}:/new", self.config_dir().display());
        let new = ["network", "new", "--dir", "/new", "--validators", STAKES];
        said(self.program(&["--user", &user, "-v", &mount], &new)?)?;
        let mut text = format!(
            "TESTNET_DB_PASSWORD={}\nVALIDATOR1_PORT={}\nVALIDATOR2_PORT={}\nTESTNET_CONFIG_DIR={}\nTESTNET_BACKUP_DIR={}\nTESTNET_MAX_REORG=120\n",
            Uuid::new_v4().simple(),
            self.port1,
            self.port2,
            self.config_dir().display(),
            self.backup_dir().display(),
        );
        for (variable, image) in IMAGES {
            text.push_str(&format!("{variable}={}\n", image_named(variable, image)));
        }
        for (variable, value) in settings {
            text.push_str(&format!("{variable}={value}\n"));
        }
        fs::write(self.env_file(), text)?;
        fs::set_permissions(self.env_file(), std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(())
    }

    /// Keys, passwords and settings: what scripts know as `BT2C_CONFIG`.
    #[must_use]
    pub fn config_dir(&self) -> PathBuf {
        self.home.join("config")
    }

    /// `BT2C_BACKUPS`.
    #[must_use]
    pub fn backup_dir(&self) -> PathBuf {
        self.home.join("backups")
    }

    /// `BT2C_LOGS`.
    #[must_use]
    pub fn logs_dir(&self) -> PathBuf {
        self.home.join("logs")
    }

    #[must_use]
    pub fn compose_file(&self) -> PathBuf {
        root().join("plans/bt2c/testnet/docker-compose.yml")
    }

    #[must_use]
    pub fn env_file(&self) -> PathBuf {
        self.config_dir().join("testnet.env")
    }

    /// The full name of one of the project's volumes.
    ///
    /// # Errors
    /// If there is none.
    pub fn volume(&self, name: &str) -> Result<String> {
        let project = format!("label=com.docker.compose.project={}", self.project);
        let volume = format!("label=com.docker.compose.volume={name}");
        let found = docker(&["volume", "ls", "-q", "--filter", &project, "--filter", &volume])?;
        let found = found.trim().to_owned();
        ensure!(!found.is_empty(), "there is no volume {name}");
        Ok(found)
    }

    /// Runs the node's program in a container of its own that is gone afterwards, with mounts or a network as wished.
    ///
    /// # Errors
    /// If Docker cannot be run; the program's own failure is in the output.
    pub fn program(&self, container: &[&str], arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new("docker");
        command.args(["run", "--rm", "--label", "muster.helper=1"]);
        if !container.contains(&"--network") {
            command.args(["--network", "none"]);
        }
        let [(variable, image), ..] = IMAGES;
        command.args(container).arg(image_named(variable, image)).args(arguments);
        command.output().context("cannot run docker")
    }

    /// Our plan, with this network's ports in place of the standard ones.
    ///
    /// # Errors
    /// If the plan cannot be read.
    pub fn plan(&self) -> Result<String> {
        let text = std::fs::read_to_string(root().join("plans/bt2c/plan.md"))?;
        Ok(text
            .replace("localhost:8081", &format!("localhost:{}", self.port1))
            .replace("localhost:8082", &format!("localhost:{}", self.port2)))
    }

    /// Runs Compose on this project.
    ///
    /// # Errors
    /// What Compose said.
    pub fn compose(&self, arguments: &[&str]) -> Result<String> {
        let mut command = compose(&self.project, &self.compose_file());
        command.arg("--env-file").arg(self.env_file()).args(arguments);
        // Compose would prefer the environment to the file.
        for line in fs::read_to_string(self.env_file())?.lines() {
            command.env_remove(line.split('=').next().unwrap_or_default());
        }
        said(command.output().context("cannot run Compose")?)
    }

    /// The id of a service's container, running or not.
    ///
    /// # Errors
    /// If there is none.
    pub fn container(&self, service: &str) -> Result<String> {
        let ids = docker(&[
            "ps",
            "-aq",
            "--no-trunc",
            "--filter",
            &format!("label=com.docker.compose.project={}", self.project),
            "--filter",
            &format!("label=com.docker.compose.service={service}"),
        ])?;
        let id = ids.trim().to_owned();
        ensure!(!id.is_empty(), "{service} has no container");
        Ok(id)
    }

    /// # Errors
    /// If Docker says no.
    pub fn kill(&self, service: &str) -> Result<()> {
        docker(&["kill", &self.container(service)?]).map(drop)
    }

    /// # Errors
    /// If Docker says no.
    pub fn state(&self, service: &str) -> Result<String> {
        let id = self.container(service)?;
        Ok(docker(&["inspect", "-f", "{{.State.Status}}", &id])?.trim().to_owned())
    }

    /// How often a container was started, told by its start instant.
    ///
    /// # Errors
    /// If Docker says no.
    pub fn started_at(&self, service: &str) -> Result<String> {
        let id = self.container(service)?;
        Ok(docker(&["inspect", "-f", "{{.State.StartedAt}}", &id])?.trim().to_owned())
    }

    /// What a node answers to a GET.
    ///
    /// # Errors
    /// If it does not answer, or not with JSON.
    pub fn ask(&self, port: u16, path: &str) -> Result<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
        Ok(serde_json::from_str(body)?)
    }

    /// # Errors
    /// If the node does not answer.
    pub fn height(&self, port: u16) -> Result<u64> {
        self.ask(port, "/api/v1/status")?["height"].as_u64().context("the status has no height")
    }

    /// # Errors
    /// If it does not get there within half a minute.
    pub fn wait_for_height(&self, port: u16, height: u64) -> Result<u64> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match self.height(port) {
                Ok(now) if now >= height => return Ok(now),
                last if Instant::now() > deadline => bail!("height {height} not reached: {last:?}"),
                _ => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}

impl Drop for Testnet {
    fn drop(&mut self) {
        if let Err(error) = remove_project(&self.project).and_then(|()| Ok(fs::remove_dir_all(&self.home)?)) {
            #[expect(clippy::print_stderr, reason = "a drop has no other way to say that it failed")]
            {
                eprintln!("the testnet {} could not be removed: {error:#}", self.project);
            }
        }
    }
}

/// Variable in testnet.env, and the image if the environment names no other.
const IMAGES: [(&str, &str); 3] = [
    ("TESTNET_NODE_IMAGE", "muster-testnet-node:local"),
    ("TESTNET_POSTGRES_IMAGE", "muster-testnet-postgres:local"),
    ("TESTNET_BACKUP_IMAGE", "muster-testnet-backup:local"),
];

fn image_named(variable: &str, default: &str) -> String {
    std::env::var_os(variable).map_or_else(|| default.to_owned(), |image| image.to_string_lossy().into_owned())
}

/// An image that has a shell and the usual small programs.
#[must_use]
pub fn postgres_image() -> String {
    let [_, (variable, image), _] = IMAGES;
    image_named(variable, image)
}

/// Compose (the plugin where there is one) on a project, ready for its verb.
#[must_use]
pub fn compose(project: &str, file: &Path) -> Command {
    let plugin = Command::new("docker").args(["compose", "version"]).output().is_ok_and(|o| o.status.success());
    let mut command = if plugin {
        let mut docker = Command::new("docker");
        docker.arg("compose");
        docker
    } else {
        Command::new("docker-compose")
    };
    command.arg("-p").arg(project).arg("-f").arg(file);
    command
}

/// Takes away all that carries a project's label: containers, networks, volumes. Compose would do the same; merely
/// starting it takes a second of a processor.
///
/// # Errors
/// What Docker said.
pub fn remove_project(project: &str) -> Result<()> {
    let label = format!("label=com.docker.compose.project={project}");
    let kinds: [(&[&str], &[&str]); 3] = [
        (&["ps", "-aq"], &["rm", "-f", "-v"]),
        (&["network", "ls", "-q"], &["network", "rm"]),
        (&["volume", "ls", "-q"], &["volume", "rm", "-f"]),
    ];
    for (list, remove) in kinds {
        let found = docker(&[list, &["--filter", &label]].concat())?;
        let found: Vec<&str> = found.split_whitespace().collect();
        if !found.is_empty() {
            docker(&[remove, &found].concat())?;
        }
    }
    Ok(())
}

/// # Errors
/// What Docker said.
pub fn docker(arguments: &[&str]) -> Result<String> {
    said(Command::new("docker").args(arguments).output().context("cannot run docker")?)
}

/// # Errors
/// What a failed program said.
pub fn said(output: Output) -> Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    bail!("{}", String::from_utf8_lossy(&output.stderr).trim())
}
