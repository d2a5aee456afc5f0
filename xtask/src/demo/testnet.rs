//! The demo's BT2C testnet in Docker Compose: up, healthy, stopped, dropped. Never touches another Compose project.

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
    file: PathBuf,
    /// The plan's scripts.
    scripts: PathBuf,
    /// The demo's data directory.
    data: PathBuf,
}

impl Testnet {
    pub(crate) fn new(project: &Project, data: &Path) -> Self {
        Self {
            file: project.path("plans/bt2c/testnet/docker-compose.yml"),
            scripts: project.path("plans/bt2c/scripts"),
            data: data.to_owned(),
        }
    }

    /// Keys, password and settings of the network; only the owner may enter.
    fn config_dir(&self) -> PathBuf {
        self.data.join("bt2c/config")
    }

    fn backup_dir(&self) -> PathBuf {
        self.data.join("bt2c/backups")
    }

    fn logs_dir(&self) -> PathBuf {
        self.data.join("bt2c/logs")
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
        let paths = [
            ("/app/config", self.config_dir()),
            ("/var/backups/bt2c", self.backup_dir()),
            ("/var/log/bt2c", self.logs_dir()),
        ];
        vec![
            ("MUSTER_WORKER_SCRIPTS", self.scripts.display().to_string()),
            ("MUSTER_WORKER_SCRIPT_ENV", pairs(&self.script_env())),
            ("MUSTER_WORKER_PATHS", pairs(&paths)),
            ("MUSTER_WORKER_COMPOSE_FILES", pairs(&[(SYSTEM, self.file.clone())])),
            ("MUSTER_WORKER_COMPOSE_ENV_FILES", pairs(&[(SYSTEM, self.env_file())])),
        ]
    }

    /// Writes down, once, what belongs to a network that nobody has tampered with: the plan compares against it.
    pub(crate) fn record_integrity(&self) -> Result<()> {
        if self.config_dir().join("integrity.json").exists() {
            return Ok(());
        }
        progress::step("recording what belongs to the testnet", || {
            let mut record = Command::new(self.scripts.join("verify_integrity.sh"));
            record.arg("--record").env("MUSTER_PROJECT", SYSTEM).env("MUSTER_COMPOSE_FILE", &self.file);
            command::run(record.env("MUSTER_COMPOSE_ENV_FILE", self.env_file()).envs(self.script_env()))
        })
    }

    fn compose(&self) -> Result<Command> {
        let mut command = docker::compose(SYSTEM, &self.file)?;
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
        let ports = [("VALIDATOR1_PORT", "8081"), ("VALIDATOR2_PORT", "8082")]
            .map(|(name, default)| (name, command::variable(name).unwrap_or_else(|| default.into())));
        let mut lines = match fs::read_to_string(self.env_file()) {
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.begin(images)?,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.env_file().display())),
        };
        for (name, value) in
            images.variables().into_iter().chain(ports.iter().map(|(name, port)| (*name, port.as_str())))
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
        progress::step("making the testnet's keys", || {
            self.drop_all()?;
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

    /// Removes containers and volumes.
    pub(crate) fn drop_all(&self) -> Result<()> {
        command::run(self.compose()?.args(["down", "-v", "-t", "2"]))
    }

    /// Waits until both validators answer.
    pub(crate) fn wait_healthy(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        for (validator, variable, default) in
            [("validator1", "VALIDATOR1_PORT", 8081), ("validator2", "VALIDATOR2_PORT", 8082)]
        {
            let port = command::variable(variable).and_then(|text| text.parse().ok()).unwrap_or(default);
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
