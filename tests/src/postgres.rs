//! One private Postgres for the whole test run, one database for each test, copied from a migrated template.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use store::{
    Guard, Program, Store,
    embedded::{self, Options},
};
use uuid::Uuid;

/// A machine that is busy with the other tests is not a database that is away.
const PATIENCE: Duration = Duration::from_secs(20);

/// A database of one's own, as its owner and as the two programs see it.
pub struct Database {
    /// The owner's: past every rule of the programs.
    pub url: String,
    pub server_url: String,
    pub worker_url: String,
    /// What a running server has.
    pub store: Store,
    /// What a running worker has.
    pub worker: Store,
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
        // The name tells its age.
        let name = format!("test_{}", Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(server.url()).await?;
        forget(&mut connection).await?;
        connection
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")))
            .await?;
        Self::open(server.url().to_owned(), name).await
    }

    /// The same database once more, with connections of its own.
    ///
    /// # Errors
    /// If Postgres does not answer.
    pub async fn again(&self) -> Result<Self> {
        Self::open(self.maintenance.clone(), self.name.clone()).await
    }

    async fn open(maintenance: String, name: String) -> Result<Self> {
        let url = with_database(&maintenance, &name);
        let [server_url, worker_url] = Program::ALL.map(|program| with_login(&url, program.role()));
        let store = Store::connect_lazy(&server_url)?.patient(PATIENCE);
        let guard = store.guard(Program::Server).await?;
        ensure!(guard == Guard::Login, "the tests' server has more rights than it should: {guard:?}");
        let worker = Store::connect_lazy(&worker_url)?.patient(PATIENCE);
        let guard = worker.guard(Program::Worker).await?;
        ensure!(guard == Guard::Login, "the tests' worker has more rights than it should: {guard:?}");
        Ok(Self { url, server_url, worker_url, store, worker, maintenance, name })
    }

    /// One that is there already, prepared, and stays when the test ends. The address is its owner's; both programs work
    /// under their roles.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn at(url: &str) -> Result<Self> {
        let [(store, _), (worker, _)] =
            [Store::connect_as(url, Program::Server).await?, Store::connect_as(url, Program::Worker).await?];
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        let (server_url, worker_url) = (url.to_owned(), url.to_owned());
        let maintenance = with_database(url, "postgres");
        Ok(Self { url: url.to_owned(), server_url, worker_url, store, worker, maintenance, name })
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

/// How long a database may have been left alone before it counts as left behind.
const LEFT_MINUTES: u64 = 10;

/// Drops a few databases of tests that ended (or were ended) long ago: they live in memory, and nobody else would.
async fn forget(connection: &mut PgConnection) -> Result<()> {
    let left: Vec<String> = sqlx::query_scalar(
        "SELECT datname FROM pg_database d
         WHERE datname LIKE 'test\\_%' AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)
         ORDER BY datname LIMIT 20",
    )
    .fetch_all(&mut *connection)
    .await?;
    let now = time::OffsetDateTime::now_utc().unix_timestamp().unsigned_abs();
    let made = |name: &str| Some(Uuid::try_parse(name.strip_prefix("test_")?).ok()?.get_timestamp()?.to_unix().0);
    for name in left.iter().filter(|name| made(name).is_none_or(|at| at + LEFT_MINUTES * 60 < now)).take(3) {
        // Of two tests that want to, one does; and a test that has just begun to use it keeps it.
        let _ = connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await;
    }
    Ok(())
}

/// The migrated template, made once by whoever comes first. Its name changes with the migrations.
async fn template(url: &str) -> Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    let name = format!("template_{}", Store::schema().short());
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
        store.roles_prepare().await?;
        store.close().await;
        connection
            .execute(AssertSqlSafe(format!("ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false")))
            .await?;
    }
    sqlx::query("SELECT pg_advisory_unlock(4711)").execute(&mut connection).await?;
    Ok(name)
}

/// The same database, another login: the tests' cluster asks for no password.
fn with_login(url: &str, login: &str) -> String {
    let (_, rest) = url.split_once('@').unwrap_or(("", url));
    format!("postgres://{login}@{rest}")
}

/// The same server, another database: the embedded server's own is called `muster`.
fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap_or((url, ""));
    format!("{server}/{name}")
}
