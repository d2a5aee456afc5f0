//! What a demo has started and how it is stopped again: from its own terminal or, by the file it leaves, from another.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Child,
};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::{
    process::{self, began_at, is_alive},
    testnet::Testnet,
};
use crate::{docker, docker::Engine, progress, progress::say, project::Project};

/// One process, told apart from a later one with the same number.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
struct Process {
    pid: u32,
    began: u64,
}

impl Process {
    fn of(pid: u32) -> Option<Self> {
        began_at(pid).map(|began| Self { pid, began })
    }

    fn is_alive(self) -> bool {
        began_at(self.pid) == Some(self.began)
    }

    fn end(self, signal: Signal) {
        if self.is_alive() {
            process::end(self.pid, signal);
        }
    }
}

/// A running demo, as the file `processes.json` tells it.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct Session {
    pub(crate) url: String,
    /// The `cargo xtask demo` that waits for Ctrl-C, unless it was detached.
    supervisor: Option<Process>,
    server: Option<Process>,
    worker: Option<Process>,
    /// The Docker engine, if the demo started it.
    engine: Option<Process>,
}

fn file(data: &Path) -> PathBuf {
    data.join("processes.json")
}

impl Session {
    pub(crate) fn load(data: &Path) -> Result<Option<Self>> {
        match fs::read(file(data)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file(data).display())),
        }
    }

    pub(crate) fn forget(data: &Path) -> Result<()> {
        match fs::remove_file(file(data)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", file(data).display()))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn save(&self, data: &Path, detached: bool) -> Result<()> {
        let supervisor = if detached { None } else { Process::of(std::process::id()) };
        let text = serde_json::to_vec_pretty(&Self { supervisor, url: self.url.clone(), ..*self })?;
        fs::write(file(data), text).with_context(|| format!("cannot write {}", file(data).display()))
    }

    pub(crate) fn is_alive(&self) -> bool {
        [self.supervisor, self.server, self.worker].into_iter().flatten().any(Process::is_alive)
    }

    /// `--stop` from another terminal.
    pub(crate) fn stop_from_outside(self, project: &Project, data: &Path) -> Result<()> {
        if let Some(supervisor) = self.supervisor.filter(|supervisor| supervisor.is_alive()) {
            // It knows best, and says so in its own terminal.
            supervisor.end(Signal::SIGINT);
        } else {
            stop_all(project, data, &self, true);
        }
        Self::forget(data)?;
        say("The demo is stopped. Its data stays; the next start takes seconds.");
        Ok(())
    }
}

/// What this process has started so far.
#[derive(Default)]
pub(crate) struct Started {
    pub(crate) engine: Option<Engine>,
    pub(crate) testnet: bool,
    pub(crate) server: Option<Child>,
    pub(crate) worker: Option<Child>,
}

impl Started {
    pub(crate) fn session(&self, url: String) -> Result<Session> {
        let of = |child: &Option<Child>| child.as_ref().and_then(|child| Process::of(child.id()));
        let engine = self.engine.as_ref().and_then(|engine| engine.ours).and_then(Process::of);
        Ok(Session { url, supervisor: None, server: of(&self.server), worker: of(&self.worker), engine })
    }

    /// The program that ended by itself, if one did.
    pub(crate) fn ended(&mut self) -> Option<&'static str> {
        let ended = |child: &mut Option<Child>| {
            child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()))
        };
        if ended(&mut self.server) {
            return Some(process::SERVER);
        }
        ended(&mut self.worker).then_some(process::WORKER)
    }

    /// Stops all of it, last started first.
    pub(crate) fn stop(&mut self, project: &Project, data: &Path) {
        if let Ok(session) = self.session(String::new()) {
            stop_all(project, data, &session, self.testnet);
        }
        for mut child in [self.worker.take(), self.server.take()].into_iter().flatten() {
            // It is gone; this only clears its entry.
            let _ = child.wait();
        }
    }
}

fn stop_all(project: &Project, data: &Path, session: &Session, testnet: bool) {
    let quietly = |name: &str, work: &dyn Fn()| {
        // What cannot be ended was killed; there is nothing left to fail.
        let _ = progress::step(name, || {
            work();
            Ok(())
        });
    };
    if let Some(worker) = session.worker {
        quietly("stopping the worker", &|| worker.end(Signal::SIGTERM));
    }
    if let Some(server) = session.server {
        quietly("stopping the server and its database", &|| {
            server.end(Signal::SIGTERM);
            stop_orphaned_database(data);
        });
    }
    if testnet {
        let stopped = progress::step("stopping the testnet", || Testnet::new(project, data).stop());
        if let Err(error) = stopped {
            progress::complain(&format!("{error:#}"));
        }
    }
    if let Some(engine) = session.engine.filter(|engine| engine.is_alive()) {
        quietly("stopping the Docker engine", &|| docker::stop_engine(engine.pid));
    }
}

/// Stops the database of a data directory, if one was left running there: by a server that had to be killed, or by tests.
pub(crate) fn stop_orphaned_database(data: &Path) {
    let cluster = data.join("postgres/cluster");
    let pid = fs::read_to_string(cluster.join("postmaster.pid"))
        .ok()
        .and_then(|text| text.lines().next()?.trim().parse().ok());
    if let Some(pid) = pid
        && is_alive(pid)
        && fs::read_link(format!("/proc/{pid}/cwd")).ok() == cluster.canonicalize().ok()
    {
        process::end(pid, Signal::SIGINT);
    }
}
