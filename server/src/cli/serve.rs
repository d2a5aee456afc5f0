//! `muster serve`: configuration → database → listener → until told to stop.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    process::ExitCode,
    time::Duration,
};

use server::{
    AppState, Settings,
    app::link,
    backup::{Origin, periodic},
    config::Config,
    heads::{Keeping, Signer},
    public::copy::disk,
    telemetry,
};
use store::{Program, seal::Key};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{Done, Failure, database::Database, message};

/// A database that starts beside the server gets this many seconds.
const DATABASE_PATIENCE: u32 = 30;

pub(crate) async fn serve() -> Done {
    let config = Config::load()?;
    telemetry::start(&config)?;
    // Signals are heard from the first moment: a stop while the database starts must not leave it behind.
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| Failure::wrong(e.to_string()))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| Failure::wrong(e.to_string()))?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|e| Failure::wrong(format!("cannot listen on {} (MUSTER_LISTEN): {e}", config.listen)))?;
    let database = open(&config).await?;
    if let Some(warning) = database.guard.warning(Program::Server) {
        tracing::warn!("{warning}");
    }
    let settings = Settings {
        public_url: config.public_url.clone(),
        assets_dir: config.assets_dir.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        oidc: config.oidc.clone(),
        outgoing: config.outgoing.clone(),
        mail: config.mail.clone(),
        status_copy: config.status_copy.clone(),
        status_bucket: config.status_bucket.clone(),
        hand_on: config.hand_on.clone(),
        secrets_key_file: Some(config.secrets_key_file.clone()),
    };
    if let Some(directory) = &settings.status_copy {
        disk::check(directory).map_err(|e| Failure::wrong(format!("status_copy_dir (MUSTER_STATUS_COPY_DIR): {e}")))?;
    }
    let heads = Keeping { signer: Signer::load_or_make(&config.data_dir), places: config.audit_heads.clone() };
    let key = Key::load_or_create(&config.secrets_key_file).map_err(Failure::wrong)?;
    let state = AppState::new(database.store.clone(), settings, heads, key);
    if let Err(failure) = invite_first(&config, &state).await {
        tracing::warn!("nobody could be invited to become the first administrator: {}", failure.message);
    }
    tracing::info!(listen = %config.listen, public_url = %config.public_url, "Muster serves");
    let stopping = CancellationToken::new();
    let backups = config.backups.clone().map(|schedule| {
        let origin = Origin { owner_url: database.place.owner_url.clone(), data_dir: config.data_dir.clone() };
        tokio::spawn(periodic::run(origin, schedule, stopping.clone()))
    });
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("Muster stops");
    };
    server::serve(listener, state, stop).await;
    stopping.cancel();
    if let Some(backups) = backups {
        // One that is being taken is brought to its end; one that has crashed has said so.
        let _ = backups.await;
    }
    database.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// While there is nobody, a link for the first administrator lies beside the keys. Not in the log: logs are read by many.
async fn invite_first(config: &Config, state: &AppState) -> Result<(), Failure> {
    let file = config.data_dir.join("first-administrator");
    let Some(made) = link::first_administrator(&state.store, &config.public_url).await? else {
        // Of an earlier start; it opens nothing any more.
        let _ = fs::remove_file(&file);
        return Ok(());
    };
    let failed = |e: io::Error| Failure::wrong(format!("{} cannot be written: {e}", file.display()));
    // Never into a file that somebody else laid there with other rights.
    let _ = fs::remove_file(&file);
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).map_err(failed)?;
    writeln!(opened, "{}", made.link).map_err(failed)?;
    tracing::info!(
        "There are no accounts yet. The link in {} makes the first administrator's, once, within a day.",
        file.display()
    );
    Ok(())
}

/// A database of its own may start at the same time as the server; it is waited for.
async fn open(config: &Config) -> Result<Database, Failure> {
    for second in 0.. {
        match Database::open(config).await {
            Ok(database) => return Ok(database),
            Err(failure) if config.database_url.is_some() && second < DATABASE_PATIENCE => {
                if second == 0 {
                    message(&format!("{}; trying again for {DATABASE_PATIENCE} s", failure.message));
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::wrong("the database does not answer"))
}
