//! The whole database into one file and back, by Postgres' own programs, as of one instant. What is beside it in a backup is not
//! its business.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use shared::{digest::Digest, domain::audit::genesis, timestamp::Timestamp};
use sqlx::{FromRow, PgPool, Postgres, Transaction};
use time::OffsetDateTime;
use tokio::process::Command;

use crate::{Store, StoreError, addresses::Addresses, embedded::client_program};

/// Their rows are not part of a backup. Sessions end with the database they were begun on; work is not begun by itself in
/// another world, so what is to be done is decided anew when the backup is restored.
/// Tokens neither: one that was revoked after the backup would let in again. Nor which life of the outbox it is: what was queued
/// in it stays unsent in another. Nor files that are still on their way, nor what monitors found minute by minute.
const NOT_KEPT: [&str; 7] =
    ["session", "job", "sign_in_attempt", "api_token", "outbox_world", "upload_chunk", "monitor_minute"];

/// Why there is no dump, or nothing was brought back.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    #[error(
        "{program} of Postgres {needed} or newer was not found{found}. Nothing was done. Install it (Debian, Ubuntu: apt-get \
         install postgresql-client-{needed})."
    )]
    NoProgram { program: &'static str, needed: u32, found: String },
    #[error("{program} failed. It said:\n{said}")]
    Failed { program: &'static str, said: String },
    #[error("{path} cannot be used: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is true of the database at the instant of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotFacts {
    pub at: Timestamp,
    /// The newest migration that was applied.
    pub schema_version: i64,
    /// The server's major version.
    pub postgres: u32,
    pub audit_entries: u64,
    pub audit_head: Digest,
}

/// One instant of the database, held while it is written out. Blocks nobody.
#[derive(Debug)]
pub struct Snapshot {
    name: String,
    pool: PgPool,
    /// Kept for its effect: the snapshot ends with it.
    _tx: Transaction<'static, Postgres>,
    pub facts: SnapshotFacts,
}

#[derive(FromRow)]
struct Row {
    name: String,
    at: OffsetDateTime,
    schema_version: i64,
    postgres: i32,
    seq: Option<i64>,
    hash: Option<String>,
}

impl Store {
    /// # Errors
    /// If the database does not answer or holds no Muster.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let begun = sqlx::query_scalar::<_, bool>("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
        if !begun.fetch_one(&self.pool).await? {
            return Err(StoreError::Unavailable("it holds no Muster yet, so there is nothing to keep".into()));
        }
        let mut tx = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        // Nothing is locked, and a dump takes as long as it takes.
        sqlx::query("SET LOCAL idle_in_transaction_session_timeout = 0").execute(&mut *tx).await?;
        let row: Row = sqlx::query_as(
            "SELECT pg_export_snapshot() AS name, clock_timestamp() AS at,
                    (SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success) AS schema_version,
                    current_setting('server_version_num')::int / 10000 AS postgres,
                    (SELECT seq FROM audit_head) AS seq, (SELECT hash FROM audit_head) AS hash",
        )
        .fetch_one(&mut *tx)
        .await?;
        let head = row.hash.map(|hash| hash.parse().map_err(|e| StoreError::Corrupt(format!("audit head: {e}"))));
        let facts = SnapshotFacts {
            at: Timestamp::new(row.at),
            schema_version: row.schema_version,
            postgres: row.postgres.unsigned_abs(),
            audit_entries: row.seq.unwrap_or_default().unsigned_abs(),
            audit_head: head.transpose()?.unwrap_or_else(genesis),
        };
        Ok(Snapshot { name: row.name, pool: self.pool.clone(), _tx: tx, facts })
    }
}

impl Snapshot {
    /// Writes it into `file`, which exists and keeps its mode. `url` is the store's, for the password.
    ///
    /// # Errors
    /// If `pg_dump` is not there or does not succeed.
    pub async fn dump(&self, url: &str, file: &Path) -> Result<(), DumpError> {
        let mut command = client("pg_dump", self.facts.postgres, &self.pool, url)?;
        command.args(["--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--no-password"]);
        command.arg(format!("--snapshot={}", self.name)).arg("--file").arg(file);
        command.args(NOT_KEPT.map(|table| format!("--exclude-table-data=public.{table}")));
        run("pg_dump", command).await
    }
}

/// Brings a dump back into a blank database: wholly, or not at all.
///
/// # Errors
/// If `pg_restore` is not there or does not succeed; then nothing was changed.
pub async fn restore(store: &Store, url: &str, file: &Path) -> Result<(), DumpError> {
    let server: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int / 10000")
        .fetch_one(&store.pool)
        .await
        .map_err(StoreError::from)?;
    let options = store.pool.connect_options();
    let mut command = client("pg_restore", server.unsigned_abs(), &store.pool, url)?;
    command.args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]);
    command.arg("--dbname").arg(options.get_database().unwrap_or(options.get_username())).arg(file);
    run("pg_restore", command).await
}

/// The program, pointed at where the pool is; the password goes through the environment, which only our own account can read.
fn client(program: &'static str, server: u32, pool: &PgPool, url: &str) -> Result<Command, DumpError> {
    let path =
        client_program(program, server).map_err(|found| DumpError::NoProgram { program, needed: server, found })?;
    let options = pool.connect_options();
    let mut command = Command::new(path);
    match options.get_socket() {
        Some(socket) => command.env("PGHOST", socket),
        None => command.env("PGHOST", options.get_host()),
    };
    command.env("PGPORT", options.get_port().to_string()).env("PGUSER", options.get_username());
    command.env("PGDATABASE", options.get_database().unwrap_or(options.get_username()));
    if let Some(password) = Addresses::parse(url)?.password {
        command.env("PGPASSWORD", password);
    }
    command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

async fn run(program: &'static str, mut command: Command) -> Result<(), DumpError> {
    let output = command.output().await.map_err(|source| DumpError::Io { path: program.into(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = said.trim().lines().collect();
    Err(DumpError::Failed { program, said: lines[lines.len().saturating_sub(8)..].join("\n") })
}
