//! The private Postgres of a machine that has no `DATABASE_URL`: found, set up, started, adopted and stopped here.
//! Knows nothing about Muster's tables, and never downloads anything.
//!
//! In the data directory:
//!
//! | Path | Owner | What |
//! |---|---|---|
//! | `postgres/cluster` | the account Postgres runs as, 0700 | the cluster |
//! | `postgres/run` | the same, 0700 | the unix socket; there is no TCP |
//! | `database.password` | us, 0600 | the owner's, made once from the operating system's random numbers |
//! | `database.{server,worker}.password` | us, 0600 | the same for each program's own login |
//! | `database.url` | us, 0600 | how the owner connects, written at every start; commands read it to migrate |
//! | `database.{server,worker}.url` | us, 0600 | how each program connects |
//! | `database.lock` | us | held as long as the program that answers for the server lives |
//! | `postgres.log` | us, 0600 | what Postgres says |
//!
//! As root the server runs as `postgres` (else `nobody`), because Postgres refuses root; otherwise as oneself.

mod account;
mod cluster;
mod error;
mod programs;
mod running;
mod url;

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::fcntl::{Flock, FlockArg};
use tokio::process::Child;

pub(crate) use self::programs::client_program;
use self::{account::Account, cluster::Layout, error::io_at, programs::Programs, running::Postmaster};
pub use self::{
    error::EmbeddedError,
    url::{read_url, read_url_of, url_file, url_file_of},
};
use crate::roles::Program;

/// How the server is found and run. The default is the one for data that matters.
#[derive(Clone, Debug)]
pub struct Options {
    /// A directory with `initdb` and `postgres`; else the newest that is installed.
    pub programs: Option<PathBuf>,
    /// False only for tests: no `fsync`, so a power cut loses the cluster.
    pub durable: bool,
    /// False only for tests: whoever may open the socket (its directory is 0700) needs no password.
    pub password: bool,
    /// Leave the server running when [`Embedded`] is dropped; a later start adopts it. For test runs of many processes.
    pub keep_running: bool,
    /// How long to wait for an answer: long, because recovery after a power cut may take its time.
    pub patience: Duration,
    pub max_connections: u16,
}

impl Default for Options {
    fn default() -> Self {
        let patience = Duration::from_secs(120);
        Self { programs: None, durable: true, password: true, keep_running: false, patience, max_connections: 100 }
    }
}

impl Options {
    /// Fast and forgetful; meant for a directory on a memory file system.
    #[must_use]
    pub fn for_tests() -> Self {
        let patience = Duration::from_secs(60);
        Self { durable: false, password: false, keep_running: true, patience, max_connections: 400, ..Self::default() }
    }
}

/// A Postgres that answers. Whoever started or adopted it stops it; a program that found it in the care of another living
/// program only shares it.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    server_url: String,
    server: Option<Postmaster>,
    child: Option<Child>,
    keep_running: bool,
    /// Kept for its effect: released after the server was told to stop.
    _lock: Option<Flock<File>>,
}

/// True if this data directory holds a private Postgres already. Creates nothing.
#[must_use]
pub fn exists(data_dir: &Path) -> bool {
    ["postgres/cluster", "database.url"].iter().any(|file| data_dir.join(file).exists())
}

/// Starts (or adopts, or shares) the private Postgres of this data directory.
///
/// # Errors
/// See [`EmbeddedError`]: every message says what was not done and what to do.
pub async fn start(data_dir: &Path) -> Result<Embedded, EmbeddedError> {
    start_with(data_dir, &Options::default()).await
}

/// As [`start`], with options.
///
/// # Errors
/// See [`EmbeddedError`].
pub async fn start_with(data_dir: &Path, options: &Options) -> Result<Embedded, EmbeddedError> {
    let account = Account::choose()?;
    let layout = cluster::prepare(data_dir, &account)?;
    let deadline = Instant::now() + options.patience;
    let lock_path = layout.data_dir.join("database.lock");
    loop {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(io_at("open", &lock_path))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return answer_for_it(layout, account, options, lock, deadline).await,
            // Another living program answers for the server: share it, as soon as it is up.
            Err((_, nix::Error::EWOULDBLOCK)) => {
                if let Some(url) = read_url(&layout.data_dir)?
                    && running::answers(&url).await.is_ok()
                {
                    // An older Muster made no login for its server.
                    let server_url = read_url_of(&layout.data_dir, Program::Server)?.unwrap_or_else(|| url.clone());
                    return Ok(Embedded {
                        url,
                        server_url,
                        server: None,
                        child: None,
                        keep_running: true,
                        _lock: None,
                    });
                }
            }
            Err((_, error)) => return Err(io_at("lock", &lock_path)(error.into())),
        }
        if Instant::now() > deadline {
            return Err(EmbeddedError::NotAnswering { seconds: options.patience.as_secs(), log: layout.log_tail(0) });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn answer_for_it(
    layout: Layout,
    account: Account,
    options: &Options,
    lock: Flock<File>,
    deadline: Instant,
) -> Result<Embedded, EmbeddedError> {
    let programs = Programs::find(options.programs.as_deref(), layout.version()?)?;
    let passwords = Passwords {
        owner: cluster::password(&layout, options)?,
        server: cluster::password_of(Program::Server, &layout, options)?,
        worker: cluster::password_of(Program::Worker, &layout, options)?,
    };
    if layout.version()?.is_none() {
        cluster::create(&layout, &account, &programs, passwords.owner.as_deref(), options).await?;
    }
    let urls = url::Urls::new(&layout, &passwords);
    let (server, child) = running::adopt_or_start(&layout, &account, &programs, options, &urls, deadline).await?;
    // From here on dropping it stops the server, whatever fails below.
    let embedded = Embedded {
        url: urls.muster.clone(),
        server_url: urls.of(Program::Server).to_owned(),
        server: Some(server),
        child,
        keep_running: options.keep_running,
        _lock: (!options.keep_running).then_some(lock),
    };
    running::create_database(&urls, &passwords).await?;
    url::write(&layout.data_dir, &urls)?;
    Ok(embedded)
}

/// Of the owner and of each program's login; none where none is used.
#[derive(Debug)]
struct Passwords {
    owner: Option<String>,
    server: Option<String>,
    worker: Option<String>,
}

impl Passwords {
    fn of(&self, program: Program) -> &Option<String> {
        match program {
            Program::Server => &self.server,
            Program::Worker => &self.worker,
        }
    }
}

impl Embedded {
    /// How the owner connects, who migrates. A secret: it holds the password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How the server connects, who may only do what it needs. A secret as well.
    #[must_use]
    pub fn server_url(&self) -> &str {
        &self.server_url
    }

    /// False if another living program answers for the server, which [`stop`](Self::stop) then leaves alone.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.server.is_some()
    }

    /// Stops the server and waits until it is gone; open connections are ended, committed data is on disk.
    ///
    /// # Errors
    /// [`EmbeddedError::StillRunning`] if it did not end in time.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        let Some(server) = self.server.take() else { return Ok(()) };
        server.interrupt();
        let deadline = Instant::now() + Duration::from_secs(60);
        while server.is_alive() {
            if Instant::now() > deadline {
                return Err(EmbeddedError::StillRunning { pid: server.pid() });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if let Some(mut child) = self.child.take() {
            // Only reaps: the process is gone, and its exit code says nothing more.
            let _ = child.wait().await;
        }
        Ok(())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let Some(server) = self.server.take().filter(|_| !self.keep_running) else { return };
        server.interrupt();
        // A stop takes some 50 ms. Waiting for it under the lock spares the next start the sight of a dying server.
        let deadline = Instant::now() + Duration::from_secs(2);
        while server.is_alive() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests;
