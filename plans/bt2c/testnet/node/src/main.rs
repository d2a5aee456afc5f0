//! A small proof-of-stake-like network node: starts the parts, or one command instead. No rules of the chain here.

mod block;
mod chain;
mod commands;
mod config;
mod database;
mod gossip;
mod hello;
mod hex;
mod http;
mod journal;
mod keyfiles;
mod keys;
mod ledger;
mod scan;
mod stakes;
mod status;
mod storage;
mod transactions;
mod wire;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::chain::{Chain, Turn};
use crate::config::Config;
use crate::ledger::{Identity, Ledger, now_ms};
use crate::storage::Storage;

const FLUSH_EVERY: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    if let Some(command) = commands::Arguments::parse().command {
        return commands::run(command);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            journal::error(format_args!("the node did not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(start());
    // A name lookup may hang for seconds when the network is cut; stopping does not wait for it.
    runtime.shutdown_background();
    code
}

async fn start() -> ExitCode {
    let config = match Config::from_environment() {
        Ok(config) => config,
        Err(reason) => {
            journal::error(format_args!("the node did not start: {reason}"));
            return ExitCode::from(2);
        }
    };
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            journal::error(reason);
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), String> {
    let not_started = |reason: String| format!("the node did not start: {reason}");
    // First of all: as process 1 of a container a signal without a handler would be ignored.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| not_started(error.to_string()))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| not_started(error.to_string()))?;

    let keys = keyfiles::keyring(&config.validators_file).map_err(not_started)?;
    let key = keyfiles::secret(&config.key_file).map_err(not_started)?;
    let node = config.node;
    if keys.heights_of(&node, &key.public()).is_empty() {
        let (file, list) = (config.key_file.display(), config.validators_file.display());
        return Err(not_started(format!("{file} is not a key that {list} gives {node}")));
    }
    let mut chain = Chain::new(config.stakes, Some(keys));
    let storage = Storage::open(&config.data_dir, &mut chain).map_err(|error| not_started(error.to_string()))?;
    let (expects_peers, max_reorg) = (!config.peers.is_empty(), config.max_reorg);
    let identity = Identity { name: node.clone(), key, expects_peers, max_reorg };
    let ledger = Arc::new(Ledger::new(identity, chain, storage));
    let web = bind(config.http_port).await.map_err(not_started)?;
    let gossip = bind(config.gossip_port).await.map_err(not_started)?;
    let height = ledger.head().height;
    journal::info(format_args!(
        "{node} is up at height {height}, answers on port {}, meets peers on port {}",
        config.http_port, config.gossip_port
    ));

    let mut parts = JoinSet::new();
    let app = http::router(ledger.clone());
    parts.spawn(async move {
        if let Err(error) = axum::serve(web, app).await {
            journal::error(format_args!("the HTTP port failed: {error}"));
        }
    });
    parts.spawn(gossip::listen(ledger.clone(), node.clone(), gossip));
    for peer in config.peers {
        parts.spawn(gossip::dial(ledger.clone(), node.clone(), peer));
    }
    if let Some(database) = config.database {
        parts.spawn(database::record(ledger.clone(), database));
    }
    parts.spawn(propose(ledger.clone()));
    parts.spawn(flush(ledger));

    // No goodbye is needed: every block was handed to the kernel when it was accepted, peers and database notice.
    tokio::select! {
        _ = terminate.recv() => journal::info("stopping: SIGTERM"),
        _ = interrupt.recv() => journal::info("stopping: SIGINT"),
        _ = parts.join_next() => return Err("a part of the node ended; the node stops rather than limp on".to_owned()),
    }
    Ok(())
}

async fn bind(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind(("0.0.0.0", port)).await.map_err(|error| format!("port {port} cannot be used: {error}"))
}

/// Makes a block whenever it is this node's turn.
async fn propose(ledger: Arc<Ledger>) {
    let mut heads = ledger.watch();
    loop {
        heads.mark_unchanged();
        let wait = match ledger.propose() {
            Ok(Turn::Now) => continue,
            Ok(Turn::At(moment)) => Duration::from_millis(moment.saturating_sub(now_ms())),
            Err(refused) => {
                journal::error(format_args!("no block was made: {refused}"));
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            _ = heads.changed() => {}
        }
    }
}

/// Brings the chain file to disk once a second, off the thread that answers.
async fn flush(ledger: Arc<Ledger>) {
    let mut heads = ledger.watch();
    let mut tick = interval(FLUSH_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while heads.changed().await.is_ok() {
        tick.tick().await;
        heads.mark_unchanged();
        let flushed = match ledger.file() {
            Ok(file) => {
                tokio::task::spawn_blocking(move || file.sync_data()).await.map_err(std::io::Error::other).flatten()
            }
            Err(error) => Err(error),
        };
        if let Err(error) = flushed {
            journal::error(format_args!("the chain file could not be brought to disk: {error}"));
        }
    }
}
