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
    embedded: Option<Embedded>,
}

impl Database {
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let embedded = match &config.database_url {
            Some(_) => None,
            None => Some(embedded::start(&config.data_dir).await.map_err(|e| Failure::wrong(e.to_string()))?),
        };
        let url = config.database_url.as_deref().or_else(|| embedded.as_ref().map(Embedded::url)).unwrap_or_default();
        let store = Store::connect(url).await.map_err(|e| explain(&e, config))?;
        store.migrate().await.map_err(|e| explain(&e, config))?;
        Ok(Self { store, embedded })
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.store.close().await;
        match self.embedded {
            Some(embedded) => embedded.stop().await.map_err(|e| Failure::wrong(e.to_string())),
            None => Ok(()),
        }
    }
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
