//! What can go wrong with the private Postgres, in sentences for whoever started it. Decides nothing.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the private Postgres is not there.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "No Postgres server programs were found (looked in {looked}). Nothing was started. Install them (Debian, Ubuntu: \
         apt-get install postgresql), or set DATABASE_URL to a database of yours."
    )]
    NoPrograms { looked: String },

    #[error(
        "{program} in {directory} does not tell its version. Nothing was started. Repair that installation of Postgres, or set DATABASE_URL."
    )]
    BadProgram { program: &'static str, directory: PathBuf },

    #[error(
        "Postgres refuses to run as root, and there is neither a user postgres nor a user nobody to run it as. Nothing was \
         started. Run this as an ordinary user, or create the user postgres."
    )]
    NoAccount,

    #[error(
        "Postgres has to run as user {user}, who may not enter {directory}. Nothing was started. Choose another data \
         directory (MUSTER_DATA_DIR, for example /var/lib/muster), or let others pass through: chmod o+x {directory}"
    )]
    MayNotEnter { user: String, directory: PathBuf },

    #[error(
        "The data in {directory} was made by Postgres {data}, and only version {found} is installed. Nothing was started and \
         the data is untouched. Install postgresql-{data}; or, to begin anew, move that directory away."
    )]
    OtherVersion { directory: PathBuf, data: u32, found: String },

    #[error(
        "{directory} exists but holds no Postgres cluster. Nothing was started. Choose another data directory \
         (MUSTER_DATA_DIR), or move that directory away."
    )]
    NotACluster { directory: PathBuf },

    #[error(
        "The database in {cluster} is there, but its password file {file} is missing. Nothing was started. Bring the file back \
         from a backup; or, to begin anew, move the data directory away."
    )]
    PasswordLost { file: PathBuf, cluster: PathBuf },

    #[error(
        "Postgres refused the password in {file}. Nothing was changed. Bring back the file that belongs to this data directory."
    )]
    PasswordRefused { file: PathBuf },

    #[error(
        "initdb could not set up the database. Nothing was started, and nothing half made was left. It said:\n{output}"
    )]
    Initdb { output: String },

    #[error("Postgres ended while starting. The data is untouched. It said:\n{log}")]
    Exited { log: String },

    #[error("Postgres did not answer within {seconds} s. Look at its log, then start again. It said:\n{log}")]
    NotAnswering { seconds: u64, log: String },

    #[error(
        "Postgres (process {pid}) did not end within a minute. Look at postgres.log in the data directory before ending it by hand."
    )]
    StillRunning { pid: i32 },

    #[error(
        "Cannot {what} {path}: {source}. Postgres was not started. Check the directory's owner and the space on the disk."
    )]
    Io { what: &'static str, path: PathBuf, source: io::Error },

    #[error("The private Postgres runs, but did not do as asked: {0}")]
    Database(#[from] sqlx::Error),
}

/// For `map_err`: an I/O error with what was tried and where.
pub(super) fn io_at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::Io { what, path, source }
}
