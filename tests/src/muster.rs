//! A whole Muster in this process: a database of its own, the server on port 0, workers on demand. Ends when dropped.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher as _};
use server::heads::{Keeping, Signer};
use shared::{
    api::incident::{AffectedIn, DeclareIn, IncidentView, PublicIn},
    digest::Digest,
    domain::{
        access::{ContactRole, Role},
        actor::Actor,
        status::Impact,
        text::{Message, Title},
    },
};
use store::{NewUser, Store, seal::Key};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use worker::{
    Timing, Worker,
    config::Config,
    host::{ContainerHost, docker::DockerHost},
};

use crate::{
    persona::{Http, Persona},
    postgres::Database,
    programs::Scratch,
    testnet::root,
};

pub struct Muster {
    pub base: String,
    pub database: Database,
    pub store: Store,
    pub state: server::AppState,
    /// The data directory: keys and heads.
    pub scratch: Scratch,
    stop: CancellationToken,
    served: Option<tokio::task::JoinHandle<()>>,
}

/// One more server in this process; stops when dropped.
pub struct OtherServer {
    pub base: String,
    _scratch: Scratch,
    _stop: tokio_util::sync::DropGuard,
}

/// A worker in this process; stops when dropped.
pub struct RunningWorker {
    stop: CancellationToken,
    pub done: tokio::task::JoinHandle<()>,
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl RunningWorker {
    /// Ends it as a polite signal would: what it has begun it brings to an end.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        // A worker that panicked has ended too; the test sees what it left.
        let _ = (&mut self.done).await;
    }

    /// Ends it as a crash would: in the middle of whatever it does.
    pub fn kill(self) {
        self.done.abort();
    }
}

impl Muster {
    /// With our own plan for the Compose project `bt2c`.
    ///
    /// # Errors
    /// If Postgres cannot be started.
    pub async fn start() -> Result<Self> {
        let text = std::fs::read_to_string(root().join("plans/bt2c/plan.md"))?;
        Self::start_with_plan(&text, "bt2c").await
    }

    /// # Errors
    /// If Postgres cannot be started.
    pub async fn start_with_plan(text: &str, project: &str) -> Result<Self> {
        let muster = Self::start_empty().await?;
        muster.give_plan(text, project).await?;
        Ok(muster)
    }

    /// A system with this plan.
    ///
    /// # Errors
    /// If there is one already.
    pub async fn give_plan(&self, text: &str, project: &str) -> Result<()> {
        let muster = self;
        let mut tx = muster.store.begin().await?;
        let system = tx.system_create("bt2c", "BT2C", project, None).await?;
        tx.plan_version_add(system.id, Digest::of(text.as_bytes()), text, &Actor::CommandLine, "for the test").await?;
        tx.live(shared::api::live::Topic::Plan { system: "bt2c".into() });
        tx.commit().await?;
        // The page is prepared when something changes; do not race with it.
        muster.state.public.refresh(&muster.store).await?;
        Ok(())
    }

    /// Without a system.
    ///
    /// # Errors
    /// If Postgres cannot be started.
    pub async fn start_empty() -> Result<Self> {
        Self::serve(None, assets()).await
    }

    /// Without a system, reached by a name instead of a number: passkeys need one.
    ///
    /// # Errors
    /// If Postgres cannot be started.
    pub async fn start_named() -> Result<Self> {
        Self::serve(Some("http://localhost:0"), assets()).await
    }

    /// Over a database that is there already, as a server that is started again would.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn start_on(url: &str) -> Result<Self> {
        Self::serve_on(Database::at(url).await?, Scratch::new()?, None, assets()).await
    }

    /// Without a system, known to the public under this address (its own, if none is given).
    ///
    /// # Errors
    /// If Postgres cannot be started.
    pub async fn serve(public_url: Option<&str>, assets_dir: PathBuf) -> Result<Self> {
        Self::serve_on(Database::create().await?, Scratch::new()?, public_url, assets_dir).await
    }

    /// Without a system, told more than it must be.
    ///
    /// # Errors
    /// If Postgres cannot be started.
    pub async fn start_with(adjust: impl FnOnce(&mut server::Settings)) -> Result<Self> {
        Self::serve_adjusted(Database::create().await?, Scratch::new()?, None, assets(), adjust).await
    }

    /// With a database and a data directory that were there before.
    ///
    /// # Errors
    /// If the address is none.
    pub async fn serve_on(
        database: Database,
        scratch: Scratch,
        public_url: Option<&str>,
        assets_dir: PathBuf,
    ) -> Result<Self> {
        Self::serve_adjusted(database, scratch, public_url, assets_dir, |_| ()).await
    }

    async fn serve_adjusted(
        database: Database,
        scratch: Scratch,
        public_url: Option<&str>,
        assets_dir: PathBuf,
        adjust: impl FnOnce(&mut server::Settings),
    ) -> Result<Self> {
        let store = database.store.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        // Port 0 stands for the one that it gets.
        let public_url = public_url.map(|url| match url.strip_suffix(":0") {
            Some(name) => base.replace("http://127.0.0.1", name),
            None => url.to_owned(),
        });
        let public_url = public_url.as_deref().unwrap_or(&base);
        let public_url = server::config::PublicUrl::parse(public_url).map_err(anyhow::Error::msg)?;
        let heads =
            Keeping { signer: Signer::load_or_make(scratch.path()), places: vec![scratch.path().join("heads.jsonl")] };
        let key = key(&scratch)?;
        let mut settings = server::Settings::new(public_url, assets_dir);
        adjust(&mut settings);
        let state = server::AppState::new(store.clone(), settings, heads, key);
        state.public.refresh(&store).await?;
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let serving = state.clone();
        let served = Some(tokio::spawn(async move { server::serve(listener, serving, stopped).await }));
        Ok(Self { base, database, store, state, scratch, stop, served })
    }

    /// A second server on the same database.
    ///
    /// # Errors
    /// If there is no port.
    pub async fn another_server(&self) -> Result<OtherServer> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let public_url = server::config::PublicUrl::parse(&base).map_err(anyhow::Error::msg)?;
        let scratch = Scratch::new()?;
        let heads =
            Keeping { signer: Signer::load_or_make(scratch.path()), places: vec![scratch.path().join("heads.jsonl")] };
        // Servers of one installation share the key.
        let key = key(&self.scratch)?;
        let settings = server::Settings { public_url, ..self.state.settings.clone() };
        let state = server::AppState::new(self.store.clone(), settings, heads, key);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { server::serve(listener, state, stopped).await });
        Ok(OtherServer { base, _scratch: scratch, _stop: stop.drop_guard() })
    }

    /// A new person with this role, signed in.
    ///
    /// # Errors
    /// If the sign-in is refused.
    pub async fn persona(&self, role: Role) -> Result<Persona> {
        self.persona_with(role, &[]).await
    }

    /// An administrator who has every duty of the plan, signed in.
    ///
    /// # Errors
    /// If the sign-in is refused.
    pub async fn persona_with_duties(&self) -> Result<Persona> {
        self.persona_with(Role::Administrator, &ContactRole::ALL).await
    }

    async fn persona_with(&self, role: Role, contact_roles: &[ContactRole]) -> Result<Persona> {
        let password = Uuid::new_v4().to_string();
        let email = self.account_with(role, contact_roles, &password, &quick_hash(&password)?).await?;
        Persona::sign_in(&self.base, &email, &password).await
    }

    /// A new account, its password hashed as the server hashes: address and password.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn account(&self, role: Role) -> Result<(String, String)> {
        let password = Uuid::new_v4().to_string();
        let hash = self.state.passwords.hash(password.clone()).await.map_err(|e| anyhow::anyhow!("{e:?}"))?;
        Ok((self.account_with(role, &[], &password, &hash).await?, password))
    }

    /// Its address.
    async fn account_with(
        &self,
        role: Role,
        contact_roles: &[ContactRole],
        password: &str,
        hash: &str,
    ) -> Result<String> {
        let email = format!("{role}-{}@test.invalid", &password[..8]);
        let mut tx = self.store.begin().await?;
        let name = format!("Test {role}");
        tx.user_create(&NewUser {
            email: &email,
            name: &name,
            password_hash: Some(hash),
            role: &role.into(),
            contact_roles,
        })
        .await?;
        tx.commit().await?;
        Ok(email)
    }

    /// A person with this address and a password, signed in.
    ///
    /// # Errors
    /// If the address is taken.
    pub async fn local(&self, email: &str, role: Role) -> Result<Persona> {
        let password = Uuid::new_v4().to_string();
        let hash = quick_hash(&password)?;
        let mut tx = self.store.begin().await?;
        tx.user_create(&NewUser {
            email,
            name: email,
            password_hash: Some(&hash),
            role: &role.into(),
            contact_roles: &[],
        })
        .await?;
        tx.commit().await?;
        Persona::sign_in(&self.base, email, &password).await
    }

    /// Somebody who is not signed in.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn stranger(&self) -> Result<Http> {
        Http::new(&self.base)
    }

    /// A worker on the real Docker.
    ///
    /// # Errors
    /// If there is no Docker.
    pub async fn docker_worker(&self, project: &str) -> Result<RunningWorker> {
        let host = DockerHost::new("unix:///var/run/docker.sock", "127.0.0.1");
        Ok(self.worker(Arc::new(host), project, Timing::default()))
    }

    /// A worker on any host.
    #[must_use]
    pub fn worker(&self, host: Arc<dyn ContainerHost>, project: &str, timing: Timing) -> RunningWorker {
        self.start_worker(Worker::new(self.database.worker.clone(), host, worker_config(project)).with_timing(timing))
    }

    /// A worker on the real Docker, configured as wished.
    #[must_use]
    pub fn worker_with(&self, config: Config) -> RunningWorker {
        let host = DockerHost::new("unix:///var/run/docker.sock", "127.0.0.1");
        self.start_worker(Worker::new(self.database.worker.clone(), Arc::new(host), config))
    }

    /// A worker on any host, configured as wished.
    #[must_use]
    pub fn worker_as(&self, config: Config, host: Arc<dyn ContainerHost>, timing: Timing) -> RunningWorker {
        self.start_worker(Worker::new(self.database.worker.clone(), host, config).with_timing(timing))
    }

    fn start_worker(&self, worker: Worker) -> RunningWorker {
        let stop = CancellationToken::new();
        let token = stop.clone();
        let done = tokio::spawn(async move { worker.run(token).await });
        RunningWorker { stop, done }
    }

    /// Declares a public level 1 incident on one component.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn declare(&self, person: &Persona, component: &str) -> Result<IncidentView> {
        let body = declaration(component)?;
        person.api.declare(&body, &Uuid::new_v4().to_string()).await.context("declare")
    }
}

impl Muster {
    /// Ends the server, with all that it does by itself; the database stays.
    ///
    /// # Errors
    /// If it goes on.
    pub async fn stop_server(&mut self) -> Result<()> {
        self.stop.cancel();
        let served = self.served.take().context("the server was stopped before")?;
        Ok(served.await?)
    }
}

impl Drop for Muster {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The sealing key of a data directory.
///
/// # Errors
/// If it cannot be made.
pub fn key(scratch: &Scratch) -> Result<Key> {
    Key::load_or_create(&Key::default_file(scratch.path())).map_err(anyhow::Error::msg)
}

fn assets() -> PathBuf {
    std::env::var_os("MUSTER_ASSETS_DIR").map_or_else(|| root().join("target/assets"), PathBuf::from)
}

/// What `Muster::declare` sends.
///
/// # Errors
/// Never, in practice: the texts are fit.
pub fn declaration(component: &str) -> Result<DeclareIn> {
    Ok(DeclareIn {
        system: "bt2c".into(),
        title: Title::parse(&format!("{component} is down")).map_err(anyhow::Error::msg)?,
        level: 1,
        affected: vec![AffectedIn { component: component.into(), impact: Impact::MajorOutage }],
        seen: vec![],
        restricted_to: None,
        text: Some(Message::parse("internal: paged by the watchdog").map_err(anyhow::Error::msg)?),
        public: Some(PublicIn {
            title: Title::parse(&format!("{component} is not available")).map_err(anyhow::Error::msg)?,
            text: Message::parse("We are looking into it.").map_err(anyhow::Error::msg)?,
            notify: true,
        }),
    })
}

/// A worker that may touch one project.
#[must_use]
pub fn worker_config(project: &str) -> Config {
    Config { name: "test-worker".into(), ..Config::for_projects(&[project]) }
}

/// Argon2id at the least work it allows: how hard their passwords are to guess matters to no test, and at the server's own settings two
/// hashes for each person were a quarter of all that a test computed. What the server makes of passwords has tests of its own.
fn quick_hash(password: &str) -> Result<String> {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).map_err(|e| anyhow::anyhow!("{e}"))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(argon2.hash_password(password.as_bytes()).map_err(|e| anyhow::anyhow!("{e}"))?.to_string())
}
