//! `muster secrets …`: the key that secrets are sealed with. Shows neither keys nor values.

use std::process::ExitCode;

use server::{app::secret, config::Config};
use store::{Store, seal::Key};

use super::{Done, Failure, database::Database, message};

/// A new key, with which everything is sealed anew; what cannot be reached now opens with the old one as before.
pub(crate) async fn rotate() -> Done {
    let config = Config::load()?;
    let database = Database::open_existing(&config).await?;
    let done = async {
        let owner = Store::connect(&database.place.owner_url).await.map_err(|e| Failure::wrong(e.to_string()))?;
        let key = Key::rotate(&config.secrets_key_file).map_err(Failure::wrong)?;
        let resealed = secret::reseal(&owner, &key).await;
        owner.close().await;
        Ok::<_, Failure>((key.id(), resealed?))
    }
    .await;
    database.close().await?;
    let (id, n) = done?;
    message(&format!(
        "{} begins with the key {id} now, and {n} secrets were sealed with it; give the file to the worker if it has one of its own, and restart the server",
        config.secrets_key_file.display()
    ));
    Ok(ExitCode::SUCCESS)
}
