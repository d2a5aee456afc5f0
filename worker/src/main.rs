//! The program `muster-worker`: configuration, database, Docker, then the loop. Decides nothing.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::{Parser, Subcommand};
use store::{Program, Store, StoreError, embedded};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};
use worker::{
    Worker,
    check::check,
    config::{Config, ConfigError, LogFormat},
    host::docker::DockerHost,
};

/// Carries out approved recovery runs on this Docker host.
#[derive(Parser)]
#[command(name = "muster-worker", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take runs from the database and carry them out, until stopped.
    Run,
    /// Say whether database, Docker and the allowed projects can be reached.
    Check,
}

/// Wrong usage or configuration.
const MISCONFIGURED: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::load().and_then(|config| start_logging(&config).map(|()| config)) {
        Ok(config) => config,
        Err(error) => return complain(&error.to_string(), MISCONFIGURED),
    };
    let host = Arc::new(DockerHost::of(&config));
    match arguments.command {
        Command::Check => {
            let store = match database_url(&config) {
                Ok(Some(url)) => Store::connect_lazy(&url).map_err(|e| e.to_string()),
                Ok(None) => Err(no_database(&config)),
                Err(error) => Err(error),
            };
            let report = check(&config, store, &*host).await;
            print(&report.text);
            if report.fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Command::Run => match run(config, host).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&error, MISCONFIGURED),
        },
    }
}

async fn run(config: Config, host: Arc<DockerHost>) -> Result<(), String> {
    let shutdown = on_signal()?;
    let Some(store) = wait_for_database(&config, &shutdown).await? else { return Ok(()) };
    tracing::info!(name = config.name, projects = ?config.projects, docker = %config.engine, "worker started");
    if let Some(warning) = config.engine.warning() {
        tracing::warn!("{warning}");
    }
    Worker::new(store.clone(), host, config).run(shutdown).await;
    store.close().await;
    tracing::info!("worker stopped");
    Ok(())
}

/// The server may start after the worker, and it is the server that makes and migrates the database. `None`: stopped meanwhile.
async fn wait_for_database(config: &Config, shutdown: &CancellationToken) -> Result<Option<Store>, String> {
    let mut told = String::new();
    let mut known: Option<(String, Store)> = None;
    loop {
        let why = match database_url(config)? {
            None => no_database(config),
            Some(url) => {
                let store = match known.take() {
                    Some((same, store)) if same == url => store,
                    _ => Store::connect_lazy(&url).map_err(|e| e.to_string())?,
                };
                match ready(&url, &store).await {
                    Ok(bound) => {
                        store.close().await;
                        return Ok(Some(bound));
                    }
                    Err(error) => {
                        known = Some((url, store));
                        error.to_string()
                    }
                }
            }
        };
        if told != why {
            tracing::info!(why, "waiting for the database");
            told = why;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(300)) => {}
            () = shutdown.cancelled() => return Ok(None),
        }
    }
}

/// Once the server has set the database up: the same under the worker's rights.
async fn ready(url: &str, store: &Store) -> Result<Store, StoreError> {
    store.ready().await?;
    let (bound, guard) = Store::connect_as(url, Program::Worker).await?;
    if let Some(warning) = guard.warning(Program::Worker) {
        tracing::warn!("{warning}");
    }
    Ok(bound)
}

fn database_url(config: &Config) -> Result<Option<String>, String> {
    match &config.database_url {
        Some(url) => Ok(Some(url.clone())),
        None => embedded::read_url_of(&config.data_dir, Program::Worker).map_err(|e| e.to_string()),
    }
}

fn no_database(config: &Config) -> String {
    format!(
        "DATABASE_URL is not set and no server has made a database in {} yet (MUSTER_DATA_DIR)",
        config.data_dir.display()
    )
}

fn on_signal() -> Result<CancellationToken, String> {
    let shutdown = CancellationToken::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut signals = signal(kind).map_err(|e| format!("signals cannot be received: {e}"))?;
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            signals.recv().await;
            tracing::info!("stopping: the effect in hand is ended, nothing new is begun");
            shutdown.cancel();
        });
    }
    Ok(shutdown)
}

fn start_logging(config: &Config) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|e| ConfigError(format!("log (MUSTER_LOG): \"{}\" is not a filter: {e}", config.log)))?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    // An error means that somebody has started logging already, which is as good.
    let _ = match config.log_format {
        LogFormat::Text => registry.with(layer.with_target(false)).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
    Ok(())
}

fn print(text: &str) {
    // A reader that has seen enough (`| head`) is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

#[expect(clippy::print_stderr, reason = "there may be no logging yet")]
fn complain(sentence: &str, code: u8) -> ExitCode {
    eprintln!("muster-worker: {sentence}");
    ExitCode::from(code)
}
