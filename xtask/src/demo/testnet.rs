//! The demo's BT2C testnet in Docker Compose: up, healthy, stopped, dropped; and what its drills are made from. Never touches another
//! Compose project.

use std::{
    fs::{self, DirBuilder},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{SYSTEM, data, process};
use crate::{
    build::TestnetImages,
    command, docker,
    progress::{self, say},
    project::Project,
};

/// Names and stakes, as docker-compose.yml has them.
const STAKES: &str = "validator1=60,validator2=40";
/// What a demo before the configuration directory left in its data directory.
const OLD_PASSWORD: &str = "testnet.password";

pub(crate) struct Testnet {
    project: String,
    file: PathBuf,
    /// The plan's scripts.
    scripts: PathBuf,
    /// The demo's data directory.
    data: PathBuf,
    /// Where the network can be reached on this machine.
    ports: [(&'static str, String); 2],
}

impl Testnet {
    pub(crate) fn new(project: &Project, data: &Path) -> Self {
        let ports = [("VALIDATOR1_PORT", "8081"), ("VALIDATOR2_PORT", "8082")]
            .map(|(name, default)| (name, command::variable(name).unwrap_or_else(|| default.into())));
        Self {
            project: SYSTEM.into(),
            file: project.path("plans/bt2c/testnet/docker-compose.yml"),
            scripts: project.path("plans/bt2c/scripts"),
            data: data.to_owned(),
            ports,
        }
    }

    /// The network beside it on which its procedures are rehearsed: other keys, other directories, any free ports. Workers make and remove it.
    fn drill(&self) -> Self {
        Self {
            project: format!("{}-drill", self.project),
            file: self.file.clone(),
            scripts: self.scripts.clone(),
            data: self.data.clone(),
            ports: self.ports.each_ref().map(|(name, _)| (*name, "0".into())),
        }
    }

    fn home(&self) -> PathBuf {
        self.data.join(&self.project)
    }

    /// Keys, password and settings of the network; only the owner may enter.
    fn config_dir(&self) -> PathBuf {
        self.home().join("config")
    }

    fn backup_dir(&self) -> PathBuf {
        self.home().join("backups")
    }

    fn logs_dir(&self) -> PathBuf {
        self.home().join("logs")
    }

    fn env_file(&self) -> PathBuf {
        self.config_dir().join("testnet.env")
    }

    /// What the plan's scripts are told about this network.
    fn script_env(&self) -> [(&'static str, PathBuf); 3] {
        [("BT2C_CONFIG", self.config_dir()), ("BT2C_BACKUPS", self.backup_dir()), ("BT2C_LOGS", self.logs_dir())]
    }

    /// What the worker is told: what it may run, and where the plan's directories are on this machine.
    pub(crate) fn worker_settings(&self) -> Vec<(&'static str, String)> {
        let pairs = |pairs: &[(&str, PathBuf)]| {
            pairs.iter().map(|(name, path)| format!("{name}={}", path.display())).collect::<Vec<_>>().join(",")
        };
        let paths = |network: &Self| {
            pairs(&[
                ("/app/config", network.config_dir()),
                ("/var/backups/bt2c", network.backup_dir()),
                ("/var/log/bt2c", network.logs_dir()),
            ])
        };
        let drill = self.drill();
        vec![
            ("MUSTER_WORKER_SCRIPTS", self.scripts.display().to_string()),
            ("MUSTER_WORKER_SCRIPT_ENV", pairs(&self.script_env())),
            ("MUSTER_WORKER_PATHS", paths(self)),
            ("MUSTER_WORKER_COMPOSE_FILES", pairs(&[(SYSTEM, self.file.clone())])),
            ("MUSTER_WORKER_COMPOSE_ENV_FILES", pairs(&[(SYSTEM, self.env_file())])),
            ("MUSTER_WORKER_DRILL_FILES", pairs(&[(SYSTEM, drill.file.clone())])),
            ("MUSTER_WORKER_DRILL_ENV_FILES", pairs(&[(SYSTEM, drill.env_file())])),
            ("MUSTER_WORKER_DRILL_PATHS", paths(&drill)),
            ("MUSTER_WORKER_DRILL_SCRIPTS", drill.scripts.display().to_string()),
            ("MUSTER_WORKER_DRILL_SCRIPT_ENV", pairs(&drill.script_env())),
        ]
    }

    /// Writes down, once, what belongs to a network that nobody has tampered with: the plan compares against it.
    pub(crate) fn record_integrity(&self) -> Result<()> {
        self.drill().record()?;
        self.record()
    }

    fn record(&self) -> Result<()> {
        if self.config_dir().join("integrity.json").exists() {
            return Ok(());
        }
        progress::step("recording what belongs to the testnet", || {
            let mut record = Command::new(self.scripts.join("verify_integrity.sh"));
            record.arg("--record").env("MUSTER_PROJECT", &self.project).env("MUSTER_COMPOSE_FILE", &self.file);
            command::run(record.env("MUSTER_COMPOSE_ENV_FILE", self.env_file()).envs(self.script_env()))
        })
    }

    fn compose(&self) -> Result<Command> {
        let mut command = docker::compose(&self.project, &self.file)?;
        let is_configured = self.env_file().is_file();
        if is_configured {
            command.arg("--env-file").arg(self.env_file());
        }
        for variable in ["TESTNET_DB_PASSWORD", "TESTNET_CONFIG_DIR", "TESTNET_BACKUP_DIR"] {
            if is_configured {
                // Compose would prefer the shell's value to the file's.
                command.env_remove(variable);
            } else {
                // What is only stopped or removed needs no true values, but Compose wants some.
                command.env(variable, "/nonexistent");
            }
        }
        Ok(command)
    }

    /// Makes keys and settings if this data directory has none; the images are set anew at every start.
    pub(crate) fn configure(&self, images: &TestnetImages) -> Result<()> {
        self.settle(images)?;
        self.drill().settle(images)
    }

    fn settle(&self, images: &TestnetImages) -> Result<()> {
        let mut lines = match fs::read_to_string(self.env_file()) {
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.begin(images)?,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.env_file().display())),
        };
        for (name, value) in
            images.variables().into_iter().chain(self.ports.iter().map(|(name, port)| (*name, port.as_str())))
        {
            lines.retain(|line: &String| !line.starts_with(&format!("{name}=")));
            lines.push(format!("{name}={value}"));
        }
        // Written last: only a configuration with this file is whole.
        let aside = self.config_dir().join("testnet.env.new");
        data::write_secret(&aside, &lines.join("\n"))?;
        Ok(fs::rename(aside, self.env_file())?)
    }

    /// A network of its own, with settings that never change; what an earlier one left has other keys and another password.
    fn begin(&self, images: &TestnetImages) -> Result<Vec<String>> {
        if self.data.join(OLD_PASSWORD).exists() {
            say(
                "     The last demo's testnet did not sign its blocks: its chain and database are dropped and start anew.",
            );
        }
        progress::step(&format!("making the keys of {}", self.project), || {
            self.down()?;
            for directory in [self.config_dir(), self.backup_dir(), self.logs_dir()] {
                if directory.exists() {
                    fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))?;
                }
                DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
            }
            let mut keys = Command::new(&images.program);
            command::run(keys.args(["network", "new", "--validators", STAKES, "--dir"]).arg(self.config_dir()))?;
            match fs::remove_file(self.data.join(OLD_PASSWORD)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            }
        })?;
        Ok(vec![
            format!("TESTNET_DB_PASSWORD={}", data::random()?),
            format!("TESTNET_CONFIG_DIR={}", self.config_dir().display()),
            format!("TESTNET_BACKUP_DIR={}", self.backup_dir().display()),
            "TESTNET_MAX_REORG=120".into(),
        ])
    }

    pub(crate) fn up(&self) -> Result<()> {
        command::run(self.compose()?.args(["up", "-d"])).context("The testnet did not start. If one of its ports is in use, choose others with VALIDATOR1_PORT and VALIDATOR2_PORT.")
    }

    /// Stops the containers; the chain and the database stay.
    pub(crate) fn stop(&self) -> Result<()> {
        command::run(self.compose()?.args(["stop", "-t", "5"]))
    }

    /// Removes containers and volumes, and what a drill left that was cut short.
    pub(crate) fn drop_all(&self) -> Result<()> {
        self.drill().down()?;
        self.down()
    }

    fn down(&self) -> Result<()> {
        command::run(self.compose()?.args(["down", "-v", "-t", "2"]))
    }

    /// Waits until both validators answer.
    pub(crate) fn wait_healthy(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        for (validator, (variable, port)) in ["validator1", "validator2"].into_iter().zip(&self.ports) {
            let port = port.parse().with_context(|| format!("{variable} is no port: {port}"))?;
            while !process::answers_ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), "/api/v1/status") {
                if Instant::now() > deadline {
                    let said = command::output(self.compose()?.args(["logs", "--tail", "20", validator]))
                        .unwrap_or_else(|error| error.to_string());
                    bail!("{validator} of the testnet does not answer on port {port}. It said:\n{said}");
                }
                thread::sleep(Duration::from_millis(200));
            }
        }
        Ok(())
    }
}
