//! Where this checkout is and where it builds to. Reads `cargo metadata`; changes nothing.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::command;

/// The checkout.
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

/// What we use of `cargo metadata`.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for an ordinary dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// The cargo that runs us, without what it told us of ourselves: build scripts that look at that would be run again whenever somebody
/// calls cargo by hand.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
        command.env_remove(name);
    }
    command
}

impl Project {
    /// The checkout of the current directory.
    pub(crate) fn find() -> Result<Self> {
        let metadata = metadata(true)?;
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory })
    }

    /// Where the console, the styles and their manifest are built to.
    pub(crate) fn assets(&self) -> PathBuf {
        self.target.join("assets")
    }

    /// Where `cargo build` puts the programs.
    pub(crate) fn programs(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// A command of this checkout's cargo, run at its root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = cargo();
        command.args(arguments).current_dir(&self.root);
        command
    }

    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }
}

/// What cargo knows of the workspace, with or without what it depends on.
pub(crate) fn metadata(only_members: bool) -> Result<Metadata> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1"]);
    // What is judged must be what the lock file says, and not what could be had today.
    command.arg(if only_members { "--no-deps" } else { "--locked" });
    serde_json::from_str(&command::output(&mut command)?).context("cargo metadata speaks a language we do not know")
}
