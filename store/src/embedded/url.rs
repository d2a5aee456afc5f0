//! The connection URL and the file through which other programs learn it. Opens no connection.

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{
    Passwords,
    cluster::{Layout, PORT, USER},
    error::{EmbeddedError, io_at},
};
use crate::roles::Program;

/// Where the owner's URL of this data directory's database is kept.
#[must_use]
pub fn url_file(data_dir: &Path) -> PathBuf {
    data_dir.join("database.url")
}

/// Where a program's own URL is kept.
#[must_use]
pub fn url_file_of(data_dir: &Path, program: Program) -> PathBuf {
    data_dir.join(match program {
        Program::Server => "database.server.url",
        Program::Worker => "database.worker.url",
    })
}

/// The owner's URL of this data directory's database, if one was ever started there. It may not be running.
///
/// # Errors
/// [`EmbeddedError::Io`] if the file is there but cannot be read.
pub fn read_url(data_dir: &Path) -> Result<Option<String>, EmbeddedError> {
    read(&url_file(data_dir))
}

/// As [`read_url`], for a program's own login.
///
/// # Errors
/// [`EmbeddedError::Io`] if the file is there but cannot be read.
pub fn read_url_of(data_dir: &Path, program: Program) -> Result<Option<String>, EmbeddedError> {
    read(&url_file_of(data_dir, program))
}

fn read(file: &Path) -> Result<Option<String>, EmbeddedError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|url| !url.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_at("read", file)(error)),
    }
}

pub(super) fn write(data_dir: &Path, urls: &Urls) -> Result<(), EmbeddedError> {
    for program in Program::ALL {
        write_secret(&url_file_of(data_dir, program), urls.of(program))?;
    }
    write_secret(&url_file(data_dir), &urls.muster)
}

/// Writes a 0600 file that is either whole or not there.
pub(super) fn write_secret(file: &Path, text: &str) -> Result<(), EmbeddedError> {
    let new = file.with_extension(format!("new-{}", std::process::id()));
    let written = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut out| {
            out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.sync_all())
        })
        .and_then(|()| fs::rename(&new, file));
    written.map_err(io_at("write", file))
}

/// Both databases of the cluster: the one every cluster has, and ours, for the owner and for each program.
#[derive(Clone, Debug)]
pub(super) struct Urls {
    pub(super) maintenance: String,
    pub(super) muster: String,
    server: String,
    worker: String,
}

impl Urls {
    pub(super) fn new(layout: &Layout, passwords: &Passwords) -> Self {
        let mut host = String::new();
        for byte in layout.socket_dir.as_os_str().as_bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.".contains(byte) {
                host.push(char::from(*byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(host, "%{byte:02X}");
            }
        }
        // The port is named because it is part of the socket's name, and `PGPORT` would change the default.
        let to = |user: &str, password: &Option<String>, database: &str| {
            let login = password.as_ref().map_or_else(|| user.to_owned(), |password| format!("{user}:{password}"));
            format!("postgres://{login}@{host}:{PORT}/{database}")
        };
        let own = |program: Program| to(program.role(), passwords.of(program), "muster");
        Self {
            maintenance: to(USER, &passwords.owner, "postgres"),
            muster: to(USER, &passwords.owner, "muster"),
            server: own(Program::Server),
            worker: own(Program::Worker),
        }
    }

    pub(super) fn of(&self, program: Program) -> &str {
        match program {
            Program::Server => &self.server,
            Program::Worker => &self.worker,
        }
    }
}
