//! The database for one command: the one that is configured, else the embedded one, shared if it runs already.

use server::config::Config;
use store::{
    Store, StoreError,
    embedded::{self, Embedded},
};

use super::Failure;

/// A store, and the embedded server that this process may have started for it.
pub(crate) struct Database {
    pub(crate) store: Store,
    /// How to connect; a secret.
    pub(crate) url: String,
    embedded: Option<Embedded>,
}

impl Database {
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let database = Self::connect(config).await?;
        database.store.migrate().await.map_err(|e| explain(&e, config))?;
        Ok(database)
    }

    async fn connect(config: &Config) -> Result<Self, Failure> {
        let embedded = match &config.database_url {
            Some(_) => None,
            None => Some(embedded::start(&config.data_dir).await.map_err(|e| Failure::wrong(e.to_string()))?),
        };
        let url = config.database_url.as_deref().or_else(|| embedded.as_ref().map(Embedded::url)).unwrap_or_default();
        let store = Store::connect(url).await.map_err(|e| explain(&e, config))?;
        Ok(Self { store, url: url.to_owned(), embedded })
    }

    /// For commands that only read: never makes a database where there is none.
    pub(crate) async fn open_existing(config: &Config) -> Result<Self, Failure> {
        exists(config)?;
        Self::open(config).await
    }

    /// For a backup, which is taken before an upgrade too: nothing is migrated.
    pub(crate) async fn open_as_it_is(config: &Config) -> Result<Self, Failure> {
        exists(config)?;
        Self::connect(config).await
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.store.close().await;
        match self.embedded {
            Some(embedded) => embedded.stop().await.map_err(|e| Failure::wrong(e.to_string())),
            None => Ok(()),
        }
    }
}

fn exists(config: &Config) -> Result<(), Failure> {
    if config.database_url.is_none() && !embedded::exists(&config.data_dir) {
        return Err(Failure::wrong(format!(
            "there is no Muster here: no database in {}, and nothing was created. Set MUSTER_DATA_DIR to the server's data \
             directory or DATABASE_URL to its database",
            config.data_dir.display()
        )));
    }
    Ok(())
}

fn explain(error: &StoreError, config: &Config) -> Failure {
    let which = match config.database_url {
        Some(_) => "the database of DATABASE_URL".to_owned(),
        None => format!("the embedded database in {}", config.data_dir.display()),
    };
    Failure::wrong(match error {
        StoreError::Unavailable(why) => format!("{which} does not answer; nothing was changed. {why}"),
        other => format!("{which} cannot be used; nothing was changed. {other}"),
    })
}
