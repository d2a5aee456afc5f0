//! One private Postgres for the whole test run, one database for each test, copied from a migrated template.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use store::{
    Store,
    embedded::{self, Options},
};
use uuid::Uuid;

/// A database of one's own.
pub struct Database {
    pub url: String,
    pub store: Store,
    maintenance: String,
    name: String,
}

/// Where the run's cluster lives: as the test command says, else one for this user that stays between runs.
fn directory() -> PathBuf {
    if let Some(dir) = std::env::var_os("MUSTER_TEST_DATABASE_DIR") {
        return dir.into();
    }
    let memory = PathBuf::from("/dev/shm");
    let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
    root.join("muster-test-by-hand")
}

impl Database {
    /// # Errors
    /// If Postgres cannot be started; says what is missing.
    pub async fn create() -> Result<Self> {
        let dir = directory();
        std::fs::create_dir_all(&dir)?;
        // The bench pays for durability, as an installation does.
        let durable = std::env::var_os("MUSTER_TEST_DURABLE").is_some();
        let options = Options { durable, ..Options::for_tests() };
        let server = embedded::start_with(&dir, &options).await.context("the tests need Postgres")?;
        let template = template(server.url()).await?;
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(server.url()).await?;
        connection
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")))
            .await?;
        let url = with_database(server.url(), &name);
        let store = Store::connect(&url).await?;
        Ok(Self { url, store, maintenance: server.url().to_owned(), name })
    }

    /// One that is there already, and stays when the test ends.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn at(url: &str) -> Result<Self> {
        let store = Store::connect(url).await?;
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { url: url.to_owned(), store, maintenance: with_database(url, "postgres"), name })
    }

    /// Cuts every connection and refuses new ones, as a dead database server would.
    ///
    /// # Errors
    /// If Postgres does not answer.
    pub async fn cut(&self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.maintenance).await?;
        connection.execute(AssertSqlSafe(format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name))).await?;
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
            .bind(&self.name)
            .execute(&mut connection)
            .await?;
        Ok(())
    }

    /// Lets connections in again.
    ///
    /// # Errors
    /// If Postgres does not answer.
    pub async fn mend(&self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.maintenance).await?;
        connection.execute(AssertSqlSafe(format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name))).await?;
        Ok(())
    }
}

/// The migrated template, made once by whoever comes first. Its name changes with the migrations.
async fn template(url: &str) -> Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    let migrations = concat!(
        include_str!("../../migrations/0001_people.sql"),
        include_str!("../../migrations/0002_systems_and_plans.sql"),
        include_str!("../../migrations/0003_incidents.sql"),
        include_str!("../../migrations/0004_runs.sql"),
        include_str!("../../migrations/0005_reports.sql"),
        include_str!("../../migrations/0006_audit_and_live.sql"),
    );
    let name = format!("template_{}", shared::digest::Digest::of(migrations.as_bytes()).short());
    sqlx::query("SELECT pg_advisory_lock(4711)").execute(&mut connection).await?;
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)")
            .bind(&name)
            .fetch_one(&mut connection)
            .await?;
    if !known {
        connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await?;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        let store = Store::connect(&with_database(url, &name)).await?;
        store.migrate().await?;
        store.close().await;
        connection
            .execute(AssertSqlSafe(format!("ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false")))
            .await?;
    }
    sqlx::query("SELECT pg_advisory_unlock(4711)").execute(&mut connection).await?;
    Ok(name)
}

/// The same server, another database: the embedded server's own is called `muster`.
fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap_or((url, ""));
    format!("{server}/{name}")
}
