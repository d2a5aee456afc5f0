//! The database for one command: the one that is configured, else the embedded one, shared if it runs already.

use server::config::Config;
use store::{
    Guard, Program, Store, StoreError,
    embedded::{self, Embedded},
};

use super::Failure;

/// A store under the server's rights, and the embedded server that this process may have started for it.
pub(crate) struct Database {
    pub(crate) store: Store,
    pub(crate) guard: Guard,
    embedded: Option<Embedded>,
}

impl Database {
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let embedded = match &config.database_url {
            Some(_) => None,
            None => Some(embedded::start(&config.data_dir).await.map_err(|e| Failure::wrong(e.to_string()))?),
        };
        let given = config.database_url.as_deref();
        let url = given.or_else(|| embedded.as_ref().map(Embedded::server_url)).unwrap_or_default();
        let owner = match &embedded {
            Some(embedded) => embedded.url(),
            None => config.database_owner_url.as_deref().unwrap_or(url),
        };
        prepare(owner).await.map_err(|e| explain(&e, config))?;
        let (store, guard) = Store::connect_as(url, Program::Server).await.map_err(|e| explain(&e, config))?;
        Ok(Self { store, guard, embedded })
    }

    /// For commands that only read: never makes a database where there is none.
    pub(crate) async fn open_existing(config: &Config) -> Result<Self, Failure> {
        if config.database_url.is_none() && !embedded::exists(&config.data_dir) {
            return Err(Failure::wrong(format!(
                "there is no Muster here: no database in {}, and nothing was created. Set MUSTER_DATA_DIR to the server's data \
                 directory or DATABASE_URL to its database",
                config.data_dir.display()
            )));
        }
        Self::open(config).await
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.store.close().await;
        match self.embedded {
            Some(embedded) => embedded.stop().await.map_err(|e| Failure::wrong(e.to_string())),
            None => Ok(()),
        }
    }
}

/// What only the tables' owner may do. From here on the program works with fewer rights.
async fn prepare(owner: &str) -> Result<(), StoreError> {
    let store = Store::connect(owner).await?;
    if store.is_owner().await? {
        store.migrate().await?;
        store.roles_prepare().await?;
    } else {
        store.ready().await.map_err(|error| {
            let hint = "its login does not own the tables: give the owner's address in MUSTER_DATABASE_OWNER_URL";
            StoreError::Unavailable(format!("{error}; {hint}"))
        })?;
    }
    store.close().await;
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
