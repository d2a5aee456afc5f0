//! The only SQL in Muster: rows in, domain values out; `seal` for what the rows may hold only unreadable. Decides nothing; names
//! no HTTP, no Docker.
//!
//! Naming: noun first (`run_fetch`, `incident_append`). `&Store` methods read on any connection; `&mut Tx` methods lock or
//! write inside the caller's transaction. The clock is the database's.

mod addresses;
mod alert;
mod alert_silence;
mod alert_source;
mod attachment;
mod audit;
mod component;
mod contact;
mod contact_drill;
mod door_link;
mod drill;
mod drill_done;
mod drill_schedule;
mod dump;
pub mod embedded;
mod error;
mod factor;
mod follow_up;
mod follow_up_statistics;
mod forecast;
mod freeze;
mod host_lock;
mod idempotency;
mod identity;
mod incident;
mod incident_due;
mod inspection;
mod inspection_look;
mod job;
mod letter;
mod line;
mod live;
mod maintenance;
mod message;
mod monitor;
mod monitor_check;
mod monitor_overdue;
mod notice;
mod nudge;
mod output;
mod output_lines;
mod paging;
mod plan_origin;
mod post_template;
mod public_incident;
mod readiness;
mod readiness_report;
mod related;
mod report;
mod report_review;
mod restored;
mod role;
mod roles;
mod run;
mod scheduled_post;
pub mod seal;
mod secret;
mod session;
mod sight;
mod standing_order;
mod standing_order_use;
mod statistics;
mod status_brand;
mod status_layout;
mod steering;
mod subscriber;
mod system;
mod through;
mod token;
mod tx;
mod unseen;
mod user;
mod validation;
mod verification;
mod verification_claim;
mod watch;
mod way;

use std::{sync::Arc, time::Duration};

use shared::{digest::Digest, timestamp::Timestamp};
use sqlx::{Connection as _, PgPool, migrate::Migrator, postgres::PgPoolOptions};

pub use crate::{
    alert::{AlertHeard, EndedAlert},
    alert_silence::{MutedAlert, Silence},
    alert_source::{AlertSource, Beat, SourceSettings},
    attachment::FilesOf,
    component::ComponentRecord,
    contact::ContactRecord,
    contact_drill::{ContactDrill, DrillCall, NewDrill},
    door_link::{DoorLink, NewLink, Purpose},
    drill::{BegunDrill, DrillRecord, Judged, RealTrouble},
    drill_schedule::{DrillSchedule, DrillWindow, NewDrillSchedule},
    dump::{DumpError, Snapshot, SnapshotFacts, restore},
    error::StoreError,
    factor::{PasskeyRecord, TotpRecord},
    follow_up::{FollowUpFilter, NewFollowUp},
    freeze::Freeze,
    host_lock::HostTaken,
    idempotency::Idempotency,
    incident::IncidentRecord,
    inspection::{Ended as InspectionEnded, InspectionLine, InspectionRecord, LineSaid, NewInspection},
    inspection_look::{DueLook, WaysIn},
    job::{Claimed, Heard, HostHeld, JobKind},
    letter::{LetterClaim, NewAnnouncement},
    live::{Channel, Listener, LiveRecord},
    maintenance::MaintenanceRecord,
    message::{MessageClaim, NewMessage, message_secret},
    monitor::{LastCheck, MonitorChange, MonitorRecord},
    monitor_check::{CheckDone, DueCheck},
    monitor_overdue::Unwatched,
    notice::NoticeTold,
    output::Chunk,
    output_lines::NewLines,
    paging::{CalledPage, Page, Paging},
    post_template::NewTemplate,
    public_incident::{PublicRecord, PublishedReport},
    report::{NewPublication, Publication, Report},
    report_review::ReportVersion,
    role::RoleRecord,
    roles::{Guard, Program},
    run::{NewRun, RunRecord},
    scheduled_post::{NewPost, ScheduledPost},
    secret::{SealedSecret, SecretHead},
    session::SessionRecord,
    standing_order::{NewOrder, OrderRecord},
    standing_order_use::OrderUse,
    status_brand::{SavedBrand, StoredLogo},
    status_layout::SavedLayout,
    subscriber::{Asking, Subscriber},
    system::{PlanVersion, PlanVersionHead, System},
    through::through,
    token::{ApiToken, NewToken},
    tx::Tx,
    unseen::Part,
    user::{Factors, NewUser, User},
    verification::{VerificationRecord, VerificationSettings},
    verification_claim::{DueVerification, Held, KnownFile},
    watch::{Bad, Watch},
    way::Way,
};

use crate::{
    addresses::Addresses,
    steering::{Steering, Turned},
};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A pool of connections to one Postgres.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    /// Kept for its effect: of several addresses, the pool stays on the one that takes writes.
    _steering: Option<Arc<Steering>>,
}

impl Store {
    /// Connects and checks that somebody answers. Of several hosts, the one that takes writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if nobody does within a few seconds.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_under(url, None).await
    }

    /// As [`Store::connect`]; every connection works under `role`, if one is given.
    pub(crate) async fn connect_under(url: &str, role: Option<&str>) -> Result<Self, StoreError> {
        let addresses = Addresses::parse(url)?.under(role);
        let at = if addresses.each.len() > 1 { steering::find(&addresses.each).await } else { 0 };
        let store = Self::over(addresses, at);
        store.now().await?;
        Ok(store)
    }

    /// A store whose first use connects; for programs that must start while the database is away.
    ///
    /// # Errors
    /// If the URL is not one.
    pub fn connect_lazy(url: &str) -> Result<Self, StoreError> {
        Ok(Self::over(Addresses::parse(url)?, 0))
    }

    fn over(addresses: Addresses, at: usize) -> Self {
        let pool = PgPoolOptions::new().max_connections(24).acquire_timeout(Duration::from_secs(3));
        let first = addresses.each[at].clone();
        if addresses.each.len() == 1 {
            return Self { pool: pool.connect_lazy_with(first), _steering: None };
        }
        let turned = Turned::default();
        let outdated = turned.clone();
        let pool = pool
            // Asked here instead, after the question that needs no answer from the other side.
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let outdated = outdated.outdates(meta.age);
                Box::pin(async move {
                    if outdated {
                        return Ok(false);
                    }
                    connection.ping().await.map(|()| true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let standby = sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(connection).await?;
                    if standby { Err(sqlx::Error::Configuration("a standby takes no writes".into())) } else { Ok(()) }
                })
            })
            .connect_lazy_with(first);
        let steering = Steering::begin(pool.clone(), addresses.each, at, turned);
        Self { pool, _steering: Some(Arc::new(steering)) }
    }

    /// The same with another limit, for where many share two cores: that long a connection is waited for before the database counts as
    /// unavailable. Of several addresses, only the one in use.
    #[must_use]
    pub fn patient(&self, limit: Duration) -> Self {
        let options = self.pool.options().clone().acquire_timeout(limit);
        Self { pool: options.connect_lazy_with((*self.pool.connect_options()).clone()), _steering: None }
    }

    /// Brings the schema up to this program's version; as the tables' owner.
    ///
    /// # Errors
    /// If a migration fails or the database was migrated by a newer Muster.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        MIGRATIONS.run(&self.pool).await.map_err(StoreError::from)
    }

    /// The newest migration that this program knows.
    #[must_use]
    pub fn newest_migration() -> i64 {
        MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
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
