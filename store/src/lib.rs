//! The only SQL in Muster: rows in, domain values out. Decides nothing; names no HTTP, no Docker.
//!
//! Naming: noun first (`run_fetch`, `incident_append`). `&Store` methods read on any connection; `&mut Tx` methods lock or
//! write inside the caller's transaction. The clock is the database's.

mod audit;
pub mod embedded;
mod error;
mod freeze;
mod host_lock;
mod idempotency;
mod incident;
mod job;
mod live;
mod notice;
mod output;
mod output_lines;
mod report;
mod roles;
mod run;
mod session;
mod sight;
mod system;
mod tx;
mod user;
mod watch;

use std::time::Duration;

use shared::{digest::Digest, timestamp::Timestamp};
use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use crate::{
    error::StoreError,
    freeze::Freeze,
    host_lock::HostTaken,
    idempotency::Idempotency,
    incident::IncidentRecord,
    job::{Claimed, Heard, HostHeld, JobKind},
    live::{Channel, Listener},
    output::Chunk,
    output_lines::NewLines,
    report::{Publication, Report},
    roles::{Guard, Program},
    run::{NewRun, RunRecord},
    system::{PlanVersion, PlanVersionHead, System},
    tx::Tx,
    user::{NewUser, User},
    watch::{Bad, Watch},
};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A pool of connections to one Postgres.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// Connects and checks that somebody answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if nobody does within a few seconds.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect_lazy(url)?;
        store.now().await?;
        Ok(store)
    }

    /// A store whose first use connects; for programs that must start while the database is away.
    ///
    /// # Errors
    /// If the URL is not one.
    pub fn connect_lazy(url: &str) -> Result<Self, StoreError> {
        Self::connect_lazy_as(url, None)
    }

    pub(crate) fn connect_lazy_as(url: &str, role: Option<&str>) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url
            .parse()
            .map_err(|e: sqlx::Error| StoreError::Bug(format!("DATABASE_URL is not a Postgres URL: {e}")))?;
        let options = options
            .application_name("muster")
            // A program that is frozen in the middle of a transaction must not keep its locks longer than its lease.
            .options([("idle_in_transaction_session_timeout", "5s")])
            .options(role.map(|role| ("role", role)));
        let pool =
            PgPoolOptions::new().max_connections(24).acquire_timeout(Duration::from_secs(3)).connect_lazy_with(options);
        Ok(Self { pool })
    }

    /// Brings the schema up to this program's version; as the tables' owner.
    ///
    /// # Errors
    /// If a migration fails or the database was migrated by a newer Muster.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        MIGRATIONS.run(&self.pool).await.map_err(StoreError::from)
    }

    /// Names what [`Store::migrate`] and [`Store::roles_prepare`] make, for copies of it: other migrations or rights, another name.
    #[must_use]
    pub fn schema() -> Digest {
        let migrations: Vec<_> = MIGRATIONS.iter().map(|migration| &migration.checksum).collect();
        Digest::of(format!("{migrations:?} {:?}", roles::wanted()).as_bytes())
    }

    /// Reachable, and every migration of this program applied.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] otherwise.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let begun: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        if !begun {
            return Err(StoreError::Unavailable(
                "it holds no Muster yet; the first start of the server sets it up".into(),
            ));
        }
        let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        let expected = MIGRATIONS.iter().count();
        if usize::try_from(applied).is_ok_and(|n| n >= expected) {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!("{applied} of {expected} migrations are applied")))
    }

    /// The database's clock.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        let now = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&self.pool).await?;
        Ok(Timestamp::new(now))
    }

    /// # Errors
    /// If the database does not answer.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Tx::begin(&self.pool).await
    }

    /// Ends all connections; for a graceful stop.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
