//! `muster status …`: the public site as files. What is in them is the library's.

use std::{path::Path, process::ExitCode};

use server::{
    config::Config,
    public::{PublicPages, copy::disk},
};

use super::{Done, Failure, database::Database, message, result};

pub(crate) async fn export(directory: &Path) -> Done {
    let config = Config::load()?;
    let wrong = |error: disk::NotWritten| Failure::wrong(error.to_string());
    disk::check(directory).map_err(wrong)?;
    let database = Database::open_existing(&config).await?;
    let pages = PublicPages::new(None, config.public_url.origin());
    let read = pages.refresh(&database.store).await;
    database.close().await?;
    read.map_err(|e| Failure::wrong(format!("the status page could not be read: {e}. Nothing was written.")))?;
    let Some(copy) = pages.copy() else {
        return Err(Failure::wrong("the status page is not known; nothing was written"));
    };
    disk::write(&copy, directory).map_err(wrong)?;
    let (n, to) = (copy.files.len(), directory.display());
    result(format!("copied the status page of {} to {to}: {n} files\n", copy.made_at.utc_text()).as_bytes())?;
    message("it does not update itself: run this again, or let the server keep a copy (MUSTER_STATUS_COPY_DIR)");
    Ok(ExitCode::SUCCESS)
}
