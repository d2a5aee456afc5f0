//! The fuzzer of the API: from PyPI into an environment of its own below target/. Knows nothing of what it tries.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{command, progress, project::Project};

/// Where it is; installed if the list of what it is made of is another one than before.
pub(crate) fn fuzzer(project: &Project) -> Result<PathBuf> {
    let (wanted, directory) = (project.path("tests/fuzzer.txt"), project.target.join("fuzzer"));
    let (list, installed) = (fs::read_to_string(&wanted)?, directory.join("installed.txt"));
    if fs::read_to_string(&installed).is_ok_and(|before| before == list) {
        return Ok(directory);
    }
    progress::step("installing the API's fuzzer", || {
        command::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory))?;
        let mut pip = Command::new(directory.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
        command::run(&mut pip).context("it comes from PyPI; without a network use --fast, which leaves its tests out")
    })?;
    fs::write(&installed, list)?;
    Ok(directory)
}
