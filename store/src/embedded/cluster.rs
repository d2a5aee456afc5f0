//! The directories and the cluster on disk: made once, whole or not at all. Runs no server.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
    process::Stdio,
};

use super::{
    Options,
    account::Account,
    error::{EmbeddedError, io_at},
    programs::Programs,
    url::write_secret,
};
use crate::roles::Program;

pub(super) const USER: &str = "muster";
/// Only part of the socket's name: nothing listens on a port.
pub(super) const PORT: u16 = 5432;
/// The kernel's limit for a socket's path, less the file name Postgres adds (`/.s.PGSQL.5432.lock`).
const LONGEST_SOCKET_DIR: usize = 107 - 20;

/// Where everything is. All paths are absolute and free of symbolic links.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) data_dir: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) log: PathBuf,
}

impl Layout {
    pub(super) fn password_file(&self) -> PathBuf {
        self.data_dir.join("database.password")
    }

    pub(super) fn password_file_of(&self, program: Program) -> PathBuf {
        self.data_dir.join(match program {
            Program::Server => "database.server.password",
            Program::Worker => "database.worker.password",
        })
    }

    /// The major version of the cluster and its directory; `None` if there is no cluster yet.
    pub(super) fn version(&self) -> Result<Option<(u32, PathBuf)>, EmbeddedError> {
        if !self.cluster.exists() {
            return Ok(None);
        }
        fs::read_to_string(self.cluster.join("PG_VERSION"))
            .ok()
            .and_then(|text| text.trim().split('.').next()?.parse().ok())
            .map(|major| Some((major, self.cluster.clone())))
            .ok_or_else(|| EmbeddedError::NotACluster { directory: self.cluster.clone() })
    }

    /// The last lines of the log that were written after `from` bytes.
    pub(super) fn log_tail(&self, from: u64) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(from))?;
            log.read_to_end(&mut text)
        });
        if let Err(error) = read {
            return format!("({} cannot be read: {error})", self.log.display());
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

/// Makes the directories. Whatever lies below a directory the account owns is never written by us: only the account's own
/// programs write there.
pub(super) fn prepare(data_dir: &Path, account: &Account) -> Result<Layout, EmbeddedError> {
    let others_pass = matches!(account, Account::Other { .. });
    let ours = if others_pass { 0o711 } else { 0o700 };
    make_dir(data_dir, ours, true)?;
    let data_dir = data_dir.canonicalize().map_err(io_at("find", data_dir))?;
    if others_pass {
        // Our own directory may have been made by somebody careful; its secrets are files of mode 0600.
        let meta = fs::metadata(&data_dir).map_err(io_at("look at", &data_dir))?;
        if meta.uid() == 0 && meta.mode() & 0o001 == 0 {
            fs::set_permissions(&data_dir, Permissions::from_mode(meta.mode() | 0o011))
                .map_err(io_at("open for the Postgres account", &data_dir))?;
        }
    }
    let room = data_dir.join("postgres");
    make_dir(&room, ours, false)?;
    let room = room.canonicalize().map_err(io_at("find", &room))?;
    account.check_way_to(&room)?;

    let mut socket_dir = room.join("run");
    if socket_dir.as_os_str().as_bytes().len() > LONGEST_SOCKET_DIR {
        let name = shared::digest::Digest::of(socket_dir.as_os_str().as_bytes()).short();
        socket_dir = std::env::temp_dir().join(format!("muster-{name}"));
    }
    make_private(&socket_dir, account)?;
    let log = data_dir.join("postgres.log");
    Ok(Layout { cluster: room.join("cluster"), socket_dir, log, data_dir })
}

fn make_dir(path: &Path, mode: u32, parents: bool) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && parents => {
            // Directories above ours are ordinary ones.
            let parent = path.parent().unwrap_or(path);
            fs::create_dir_all(parent).map_err(io_at("create", parent))?;
            make_dir(path, mode, false)
        }
        Err(error) => Err(io_at("create", path)(error)),
    }
}

/// A 0700 directory of the account. One that is already there must be just that, which matters in a shared `/tmp`; or still
/// ours, if whoever made it has yet to give it away, or was stopped before.
fn make_private(path: &Path, account: &Account) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => return account.give(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io_at("create", path)(error)),
    }
    let meta = fs::symlink_metadata(path).map_err(io_at("look at", path))?;
    let private = meta.is_dir() && meta.mode() & 0o077 == 0;
    let ours = nix::unistd::Uid::effective().as_raw();
    match account {
        Account::Other { uid, .. } if private && meta.uid() == *uid => Ok(()),
        _ if private && meta.uid() == ours => account.give(path),
        _ => Err(io_at("use", path)(io::Error::other(
            "it exists and is not a private directory of the account Postgres runs as",
        ))),
    }
}

/// The cluster's password: read, or made when there is no cluster yet. `None` where none is used.
pub(super) fn password(layout: &Layout, options: &Options) -> Result<Option<String>, EmbeddedError> {
    if !options.password {
        return Ok(None);
    }
    let file = layout.password_file();
    match fs::read_to_string(&file) {
        Ok(text) if !text.trim().is_empty() => return Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_at("read", &file)(error)),
        _ if layout.cluster.exists() => {
            return Err(EmbeddedError::PasswordLost { file, cluster: layout.cluster.clone() });
        }
        _ => {}
    }
    new_password(&file).map(Some)
}

/// The password of a program's own login: read, or made anew when it is lost, since the owner can set it again.
pub(super) fn password_of(
    program: Program,
    layout: &Layout,
    options: &Options,
) -> Result<Option<String>, EmbeddedError> {
    if !options.password {
        return Ok(None);
    }
    let file = layout.password_file_of(program);
    match fs::read_to_string(&file) {
        Ok(text) if is_password(text.trim()) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_at("read", &file)(error)),
        _ => new_password(&file).map(Some),
    }
}

fn new_password(file: &Path) -> Result<String, EmbeddedError> {
    let mut random = [0; 24];
    let source = Path::new("/dev/urandom");
    File::open(source).and_then(|mut urandom| urandom.read_exact(&mut random)).map_err(io_at("read", source))?;
    let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    write_secret(file, &password)?;
    Ok(password)
}

/// It becomes part of a statement and of a URL: only what we make ourselves will do.
fn is_password(text: &str) -> bool {
    text.len() == 48 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Runs `initdb` beside the final place and renames, so that a cluster is whole or not there.
pub(super) async fn create(
    layout: &Layout,
    account: &Account,
    programs: &Programs,
    password: Option<&str>,
    options: &Options,
) -> Result<(), EmbeddedError> {
    let new = layout.cluster.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(io_at("remove the half-made", &new))?;
    }
    make_private(&new, account)?;
    let mut command = account.command(&programs.initdb());
    command.arg("--pgdata").arg(&new).args(["--username", USER, "--encoding", "UTF8", "--no-locale"]);
    if !options.durable {
        command.arg("--no-sync");
    }
    // Beside the cluster: the account may not be able to reach the data directory itself.
    let secret = layout.cluster.with_extension("password");
    if let Some(password) = password {
        remove_if_there(&secret)?;
        OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o400)
            .open(&secret)
            .and_then(|mut out| out.write_all(password.as_bytes()))
            .map_err(io_at("write", &secret))?;
        account.give(&secret)?;
        command.arg("--auth=scram-sha-256").arg("--pwfile").arg(&secret);
    } else {
        command.arg("--auth=trust");
    }
    let output = command.stdin(Stdio::null()).output().await;
    remove_if_there(&secret)?;
    let output = output.map_err(io_at("run", &programs.initdb()))?;
    if !output.status.success() {
        let _ = fs::remove_dir_all(&new);
        return Err(EmbeddedError::Initdb { output: String::from_utf8_lossy(&output.stderr).trim().to_owned() });
    }
    fs::rename(&new, &layout.cluster).map_err(io_at("put in place", &layout.cluster))
}

fn remove_if_there(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_at("remove", path)(error)),
        _ => Ok(()),
    }
}
