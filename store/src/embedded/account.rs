//! As whom Postgres runs, and whether that account may go where the data is. Starts nothing.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
};

use nix::unistd::{Uid, User};
use tokio::process::Command;

use super::error::{EmbeddedError, io_at};

/// The account of the server process.
#[derive(Clone, Debug)]
pub(super) enum Account {
    /// Our own: we are not root.
    Own,
    /// We are root, and Postgres must not be.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    pub(super) fn choose() -> Result<Self, EmbeddedError> {
        if !Uid::effective().is_root() {
            return Ok(Self::Own);
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::Other { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() })
            .ok_or(EmbeddedError::NoAccount)
    }

    /// A command that runs as this account, with an environment that says nothing (Postgres reads `PGDATA`, `PGPORT` and more).
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").current_dir("/");
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Gives a path that we made to the account.
    pub(super) fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => {
                chown(path, Some(*uid), Some(*gid)).map_err(io_at("give to the Postgres account", path))
            }
        }
    }

    /// Checks that the account may pass through every directory from the root down to and including `directory`.
    pub(super) fn check_way_to(&self, directory: &Path) -> Result<(), EmbeddedError> {
        let Self::Other { name, uid, gid } = self else { return Ok(()) };
        let mut way: Vec<&Path> = directory.ancestors().collect();
        way.reverse();
        for step in way {
            let meta = fs::metadata(step).map_err(io_at("look at", step))?;
            let bit = match (meta.uid() == *uid, meta.gid() == *gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if meta.mode() & bit == 0 {
                return Err(EmbeddedError::MayNotEnter { user: name.clone(), directory: PathBuf::from(step) });
            }
        }
        Ok(())
    }
}
