//! Programs that run beside the bench, so that their memory and their share of the processors are their own. Ended when dropped.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use shared::domain::access::Role;
use tests::{muster::Muster, persona::Persona, testnet::free_port, testnet::root};

pub(crate) struct Program(Child);

impl Program {
    /// One of ours.
    pub(crate) fn start(name: &str, command: &str, variables: &[(&str, std::ffi::OsString)]) -> Result<Self> {
        let directory = std::env::var_os("MUSTER_BIN_DIR").context("MUSTER_BIN_DIR must say where the programs are")?;
        let mut program = Command::new(PathBuf::from(directory).join(name));
        program.arg(command).env_clear().env("HOME", std::env::temp_dir()).env("MUSTER_LOG", "warn");
        program.envs(variables.iter().map(|(name, value)| (name, value))).current_dir(std::env::temp_dir());
        Self::spawn(&mut program)
    }

    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_owned();
        Ok(Self(command.spawn().with_context(|| format!("cannot start {}", name.display()))?))
    }

    /// Bytes of memory it has at this moment.
    pub(crate) fn resident(&self) -> f64 {
        resident(self.0.id())
    }

    /// Asks it to end, with the programs that it started, and waits.
    pub(crate) fn end(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.0.wait();
    }

    pub(crate) fn watch(&self) -> Watched {
        let (pid, most) = (self.0.id(), Arc::new(AtomicU64::new(0)));
        let seen = most.clone();
        let watching = tokio::spawn(async move {
            loop {
                seen.fetch_max(resident(pid) as u64, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Watched { most, watching }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) struct Watched {
    most: Arc<AtomicU64>,
    watching: tokio::task::JoinHandle<()>,
}

impl Watched {
    pub(crate) async fn end(self) -> f64 {
        self.watching.abort();
        self.most.load(Ordering::Relaxed) as f64
    }
}

fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}

/// The server on this database, and its address.
pub(crate) fn server(muster: &Muster) -> Result<(Program, String)> {
    let address = format!("127.0.0.1:{}", free_port()?);
    let assets = std::env::var_os("MUSTER_ASSETS_DIR").map_or_else(|| root().join("target/assets"), PathBuf::from);
    let database = ("DATABASE_URL", muster.database.url.clone().into());
    let (listen, assets) = (("MUSTER_LISTEN", address.clone().into()), ("MUSTER_ASSETS_DIR", assets.into_os_string()));
    // What it keeps is about this database only.
    let home = ("HOME", muster.scratch.path().as_os_str().to_owned());
    Ok((Program::start("muster", "serve", &[database, listen, assets, home])?, format!("http://{address}")))
}

/// Signed in there, as soon as it answers.
pub(crate) async fn person(muster: &Muster, base: &str, role: Role) -> Result<Persona> {
    let (email, password) = muster.account(role).await?;
    let begun = Instant::now();
    loop {
        match Persona::sign_in(base, &email, &password).await {
            Err(error) if begun.elapsed() > Duration::from_secs(20) => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            signed_in => return signed_in,
        }
    }
}

/// The bench itself in another role; it says lines and is told lines.
pub(crate) struct Helper {
    pub(crate) program: Program,
    said: BufReader<ChildStdout>,
    told: ChildStdin,
}

impl Helper {
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = Program::spawn(&mut command)?;
        let (said, told) = (program.0.stdout.take().context("no output")?, program.0.stdin.take().context("no input")?);
        Ok(Self { program, said: BufReader::new(said), told })
    }

    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self.told, "{line}")?)
    }

    /// Waits for its next line.
    pub(crate) fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(tokio::task::block_in_place(|| self.said.read_line(&mut line))? > 0, "a helper of the bench is gone");
        Ok(line.trim_end().to_owned())
    }
}
