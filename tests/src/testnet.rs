//! The BT2C testnet under a Compose project of its own, on free ports; gone when dropped. Broken only by what tests call.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use uuid::Uuid;

pub struct Testnet {
    pub project: String,
    pub port1: u16,
    pub port2: u16,
    password: String,
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
        let testnet = Self {
            project: format!("mustertest{}", &Uuid::new_v4().simple().to_string()[..10]),
            port1: free_port()?,
            port2: free_port()?,
            password: Uuid::new_v4().simple().to_string(),
        };
        testnet.compose(&["up", "-d"])?;
        testnet.wait_for_height(testnet.port1, 1)?;
        testnet.wait_for_height(testnet.port2, 1)?;
        Ok(testnet)
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
        let mut command = compose(&self.project, &root().join("plans/bt2c/testnet/docker-compose.yml"));
        command
            .args(arguments)
            .env("TESTNET_DB_PASSWORD", &self.password)
            .env("VALIDATOR1_PORT", self.port1.to_string())
            .env("VALIDATOR2_PORT", self.port2.to_string());
        if std::env::var_os("TESTNET_POSTGRES_IMAGE").is_none() {
            command.env("TESTNET_POSTGRES_IMAGE", "muster-testnet-postgres:local");
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
        if let Err(error) = self.compose(&["down", "-v", "-t", "1"]) {
            #[expect(clippy::print_stderr, reason = "a drop has no other way to say that it failed")]
            {
                eprintln!("the testnet {} could not be removed: {error:#}", self.project);
            }
        }
    }
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
