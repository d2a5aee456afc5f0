//! Two durable Postgres clusters, the second a standby of the first: kept in step, killed and promoted. Asserts nothing.

use std::{
    fs,
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use sqlx::{Connection as _, PgConnection};
use store::embedded::{self, Embedded, Options};

use crate::programs::Scratch;

/// Commits on the primary wait until the standby has them on its disk.
pub struct Pair {
    pub primary: Embedded,
    pub standby: Embedded,
    scratch: Scratch,
}

/// As an installation runs it, except for the password: what is acknowledged is on the disk.
fn options() -> Options {
    Options { password: false, ..Options::default() }
}

impl Pair {
    /// # Errors
    /// If Postgres, or its program `pg_basebackup`, is missing.
    pub async fn start() -> Result<Self> {
        let scratch = Scratch::new()?;
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755))?;
        let (one, two) = (scratch.path().join("one"), scratch.path().join("two"));
        let primary = embedded::start_with(&one, &options()).await?;
        copy(&one, &two)?;
        let standby = embedded::start_with(&two, &options()).await?;
        // Only now: the copy must not wait for a standby of its own after it was promoted.
        let mut connection = PgConnection::connect(primary.url()).await?;
        for command in ["ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()"] {
            sqlx::query(command).execute(&mut connection).await?;
        }
        for _ in 0..500 {
            let in_step: bool =
                sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')")
                    .fetch_one(&mut connection)
                    .await?;
            if in_step {
                return Ok(Self { primary, standby, scratch });
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        bail!("the standby did not get in step")
    }

    /// One URL with both addresses; the standby first, so that the order is no help.
    ///
    /// # Errors
    /// If the servers' URLs are not as expected.
    pub fn url(&self) -> Result<String> {
        let host = |url: &str| {
            let rest = url.split_once('@').map(|(_, rest)| rest.to_owned());
            rest.and_then(|rest| Some(rest.split_once('/')?.0.to_owned())).context("a URL without a host")
        };
        let (one, two) = (host(self.primary.url())?, host(self.standby.url())?);
        Ok(format!("postgres://muster@{two},{one}/muster?target_session_attrs=read-write"))
    }

    /// The power goes: every process of the primary at once.
    ///
    /// # Errors
    /// If it was not running.
    pub fn kill_primary(&self) -> Result<()> {
        let pid = fs::read_to_string(self.scratch.path().join("one/postgres/cluster/postmaster.pid"))?;
        let pid = pid.lines().next().context("no pid")?.to_owned();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &pid]).output()?;
        let children = String::from_utf8(children.stdout)?;
        // First the one that would start others anew.
        let all: Vec<_> = std::iter::once(pid.as_str()).chain(children.split_whitespace()).collect();
        ensure!(Command::new("kill").arg("-9").args(all).status().is_ok(), "kill is missing");
        Ok(())
    }

    /// # Errors
    /// If the standby does not become a primary.
    pub async fn promote(&self) -> Result<()> {
        let mut connection = PgConnection::connect(self.standby.url()).await?;
        let done: bool = sqlx::query_scalar("SELECT pg_promote()").fetch_one(&mut connection).await?;
        ensure!(done, "the standby was not promoted in time");
        Ok(())
    }
}

/// A standby's copy of a running cluster, made as the account that owns it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let owner = fs::metadata(from.join("postgres/cluster"))?;
    let dir = |path: PathBuf, mode| fs::DirBuilder::new().mode(mode).create(&path).map(|()| path);
    dir(to.to_owned(), 0o711)?;
    dir(to.join("postgres"), 0o711)?;
    let cluster = dir(to.join("postgres/cluster"), 0o700)?;
    let mut program = Command::new(pg_basebackup()?);
    if fs::metadata(to)?.uid() != owner.uid() {
        chown(&cluster, Some(owner.uid()), Some(owner.gid()))?;
        program.uid(owner.uid()).gid(owner.gid());
    }
    let socket = from.join("postgres/run").canonicalize()?;
    let primary = format!("host={} user=muster application_name=standby", socket.display());
    let output = program
        .args(["--pgdata", &cluster.display().to_string(), "--dbname", &primary])
        .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"])
        .current_dir("/")
        .output()?;
    ensure!(output.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn pg_basebackup() -> Result<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = installed.map(|entry| entry.path().join("bin/pg_basebackup")).collect();
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found.pop().unwrap_or_else(|| "pg_basebackup".into()))
}
