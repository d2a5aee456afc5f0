//! The database for one command: the one that is configured, else the embedded one, shared if it runs already.

use server::config::Config;
use store::{
    Guard, Program, Store, StoreError,
    embedded::{self, Embedded},
};

use super::Failure;

/// Where the database is, and the embedded server that this process may have started for it.
pub(crate) struct Place {
    /// How the tables' owner connects; a secret.
    pub(crate) owner_url: String,
    /// How the server connects.
    url: String,
    embedded: Option<Embedded>,
}

impl Place {
    async fn open(config: &Config) -> Result<Self, Failure> {
        if let (Some(url), Some(owner_url)) = (&config.database_url, config.owner_url()) {
            return Ok(Self { owner_url: owner_url.to_owned(), url: url.clone(), embedded: None });
        }
        let embedded = embedded::start(&config.data_dir).await.map_err(|e| Failure::wrong(e.to_string()))?;
        let (owner_url, url) = (embedded.url().to_owned(), embedded.server_url().to_owned());
        Ok(Self { owner_url, url, embedded: Some(embedded) })
    }

    /// For a backup, which is taken before an upgrade too: nothing is migrated.
    pub(crate) async fn open_as_it_is(config: &Config) -> Result<Self, Failure> {
        exists(config)?;
        let place = Self::open(config).await?;
        Store::connect(&place.owner_url).await.map_err(|e| explain(&e, config))?.close().await;
        Ok(place)
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self.embedded {
            Some(embedded) => embedded.stop().await.map_err(|e| Failure::wrong(e.to_string())),
            None => Ok(()),
        }
    }
}

/// A store under the server's rights.
pub(crate) struct Database {
    pub(crate) store: Store,
    pub(crate) guard: Guard,
    pub(crate) place: Place,
}

impl Database {
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let place = Place::open(config).await?;
        prepare(&place.owner_url).await.map_err(|e| explain(&e, config))?;
        let (store, guard) = Store::connect_as(&place.url, Program::Server).await.map_err(|e| explain(&e, config))?;
        Ok(Self { store, guard, place })
    }

    /// For commands that only read: never makes a database where there is none.
    pub(crate) async fn open_existing(config: &Config) -> Result<Self, Failure> {
        exists(config)?;
        Self::open(config).await
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.store.close().await;
        self.place.close().await
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
