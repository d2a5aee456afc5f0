//! The demo's BT2C testnet in Docker Compose: up, healthy, stopped, dropped. Never touches another Compose project.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{SYSTEM, data, process};
use crate::{build::TestnetImages, command, docker, project::Project};

pub(crate) struct Testnet {
    file: PathBuf,
    password: String,
    /// No earlier demo of this data directory made the volumes that may be there.
    is_new: bool,
}

impl Testnet {
    pub(crate) fn new(project: &Project, data: &Path) -> Result<Self> {
        let (password, is_new) = data::testnet_password(data)?;
        Ok(Self { file: project.path("plans/bt2c/testnet/docker-compose.yml"), password, is_new })
    }

    fn compose(&self) -> Result<Command> {
        let mut command = docker::compose(SYSTEM, &self.file)?;
        command.env("TESTNET_DB_PASSWORD", &self.password);
        Ok(command)
    }

    pub(crate) fn up(&self, images: &TestnetImages) -> Result<()> {
        let mut up = self.compose()?;
        up.args(["up", "-d"]).env("TESTNET_NODE_IMAGE", &images.node).env("TESTNET_POSTGRES_IMAGE", &images.postgres);
        command::run(&mut up).context("The testnet did not start. If one of its ports is in use, choose others with VALIDATOR1_PORT and VALIDATOR2_PORT.")
    }

    /// Stops the containers; the chain and the database stay.
    pub(crate) fn stop(&self) -> Result<()> {
        command::run(self.compose()?.args(["stop", "-t", "5"]))
    }

    /// Removes containers and volumes.
    pub(crate) fn drop_all(&self) -> Result<()> {
        command::run(self.compose()?.args(["down", "-v", "-t", "2"]))
    }

    /// Removes what a demo left whose data directory is gone: its database knows another password.
    pub(crate) fn drop_foreign(&self) -> Result<()> {
        if self.is_new { self.drop_all() } else { Ok(()) }
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
