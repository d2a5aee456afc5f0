//! The running server: adopted if it lives, started if not, told to stop. Never touches the files of a living cluster.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{
    fcntl::OFlag,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::process::Child;

use super::{
    Options, Passwords,
    account::Account,
    cluster::{Layout, PORT},
    error::{EmbeddedError, io_at},
    programs::Programs,
    url::Urls,
};
use crate::roles::Program;

/// The log is started anew when it is longer than this.
const LONGEST_LOG: u64 = 16 * 1024 * 1024;

/// The server process of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Postmaster {
    pid: Pid,
    cluster: PathBuf,
}

impl Postmaster {
    /// The living server of this cluster. A process that merely inherited the number is not it: a postmaster's working
    /// directory is its cluster.
    fn find(cluster: &Path) -> Option<Self> {
        let pid = recorded_pid(cluster)?;
        let server = Self { pid: Pid::from_raw(pid), cluster: cluster.to_owned() };
        server.is_alive().then_some(server)
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    pub(super) fn is_alive(&self) -> bool {
        match fs::read_link(format!("/proc/{}/cwd", self.pid)) {
            Ok(directory) => directory == self.cluster,
            // It lives but we may not look: better to take it for ours than to start a second one.
            Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
        }
    }

    /// Asks for a fast shutdown: sessions are ended, everything committed is written.
    pub(super) fn interrupt(&self) {
        if self.is_alive() {
            // It may have ended in between; the caller watches `is_alive`.
            let _ = kill(self.pid, Signal::SIGINT);
        }
    }
}

fn recorded_pid(cluster: &Path) -> Option<i32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok().filter(|pid| *pid > 1)
}

/// Connects once. The error says whether waiting helps.
pub(super) async fn answers(url: &str) -> Result<PgConnection, sqlx::Error> {
    tokio::time::timeout(Duration::from_secs(5), PgConnection::connect(url))
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())))
}

/// Brings the server to the point where it answers, whether it was running or not.
pub(super) async fn adopt_or_start(
    layout: &Layout,
    account: &Account,
    programs: &Programs,
    options: &Options,
    urls: &Urls,
    deadline: Instant,
) -> Result<(Postmaster, Option<Child>), EmbeddedError> {
    let mut child: Option<Child> = None;
    let mut log_from = 0;
    loop {
        let ended = match child.as_mut() {
            Some(child) => child.try_wait().map_err(io_at("watch", &programs.postgres()))?.is_some(),
            None => Postmaster::find(&layout.cluster).is_none(),
        };
        if ended {
            let said = child.take().map(|_| layout.log_tail(log_from));
            // Sessions of a server that was killed live on for a moment, and Postgres rightly waits for them to go.
            match said {
                Some(log) if !log.contains("still in use") => return Err(EmbeddedError::Exited { log }),
                Some(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                None => {}
            }
            log_from = rotated_log_length(&layout.log)?;
            child = Some(spawn(layout, account, programs, options)?);
        }
        if let Some(server) = Postmaster::find(&layout.cluster) {
            match answers(&urls.maintenance).await {
                Ok(connection) => {
                    let _ = connection.close().await;
                    return Ok((server, child));
                }
                // 28P01: wrong password. Everything else (starting, recovering, stopping) is a matter of time.
                Err(error) if error.as_database_error().and_then(|e| e.code()).as_deref() == Some("28P01") => {
                    if child.is_some() {
                        server.interrupt();
                    }
                    return Err(EmbeddedError::PasswordRefused { file: layout.password_file() });
                }
                Err(_) => {}
            }
        }
        if Instant::now() > deadline {
            if let Some(server) = child.and_then(|_| Postmaster::find(&layout.cluster)) {
                server.interrupt();
            }
            return Err(EmbeddedError::NotAnswering {
                seconds: options.patience.as_secs(),
                log: layout.log_tail(log_from),
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn spawn(layout: &Layout, account: &Account, programs: &Programs, options: &Options) -> Result<Child, EmbeddedError> {
    disown_stale_pid(&layout.cluster)?;
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&layout.log)
        .map_err(io_at("open", &layout.log))?;
    let errors = log.try_clone().map_err(io_at("open", &layout.log))?;
    let mut command = account.command(&programs.postgres());
    command.arg("-D").arg(&layout.cluster).arg("-p").arg(PORT.to_string()).arg("-k").arg(&layout.socket_dir);
    let connections = format!("max_connections={}", options.max_connections);
    let mut settings =
        vec!["listen_addresses=", "timezone=UTC", "log_timezone=UTC", "cluster_name=muster", &connections];
    if !options.durable {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    for setting in settings {
        command.args(["-c", setting]);
    }
    // Its own process group: Ctrl-C in the terminal must not end the database before the program that uses it.
    command
        .process_group(0)
        .kill_on_drop(false)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(io_at("run", &programs.postgres()))
}

/// Postgres refuses to start while the recorded number belongs to any process of its account. If that process is not this
/// cluster's, put our own number there: Postgres takes its parent's for stale, and still checks for surviving sessions.
fn disown_stale_pid(cluster: &Path) -> Result<(), EmbeddedError> {
    if recorded_pid(cluster).is_none() || Postmaster::find(cluster).is_some() {
        return Ok(());
    }
    let file = cluster.join("postmaster.pid");
    let text = fs::read_to_string(&file).map_err(io_at("read", &file))?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&file)
        .and_then(|mut out| write!(out, "{}\n{rest}", std::process::id()))
        .map_err(io_at("write", &file))
}

fn rotated_log_length(log: &Path) -> Result<u64, EmbeddedError> {
    let length = fs::metadata(log).map_or(0, |meta| meta.len());
    if length <= LONGEST_LOG {
        return Ok(length);
    }
    fs::rename(log, log.with_extension("log.old")).map_err(io_at("rename", log))?;
    Ok(0)
}

/// Makes sure that our own database exists in the cluster, and a login for each program.
pub(super) async fn create_database(urls: &Urls, passwords: &Passwords) -> Result<(), EmbeddedError> {
    let mut connection = answers(&urls.maintenance).await?;
    for program in Program::ALL {
        create_login(&mut connection, program, passwords.of(program).as_deref()).await?;
    }
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'muster')")
        .fetch_one(&mut connection)
        .await?;
    if !there {
        let made = sqlx::query("CREATE DATABASE muster").execute(&mut connection).await;
        // 42P04: somebody else was quicker, which is as good.
        if let Err(error) = made
            && error.as_database_error().and_then(|e| e.code()).as_deref() != Some("42P04")
        {
            return Err(error.into());
        }
    }
    connection.close().await?;
    Ok(())
}

/// What the login may do is given with the tables.
async fn create_login(
    connection: &mut PgConnection,
    program: Program,
    password: Option<&str>,
) -> Result<(), EmbeddedError> {
    let role = program.role();
    let can_log_in: Option<bool> = sqlx::query_scalar("SELECT rolcanlogin FROM pg_roles WHERE rolname = $1")
        .bind(role)
        .fetch_optional(&mut *connection)
        .await?;
    let verb = match can_log_in {
        // Without passwords there is nothing to set again.
        Some(true) if password.is_none() => return Ok(()),
        Some(_) => "ALTER",
        None => "CREATE",
    };
    // Made by us, of hexadecimal digits: it cannot end the quotes.
    let password = password.map(|password| format!("PASSWORD '{password}'")).unwrap_or_default();
    let statement =
        format!("{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS {password}");
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}
