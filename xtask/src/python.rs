//! Programs in Python that the tests use: from PyPI, each list into an environment of its own below target/. Knows nothing of what they
//! do.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{command, progress, project::Project};

/// The lists `tests/NAME.txt`, installed into `target/NAME`: the fuzzer of the API, and readers of what the public site says to programs.
const LISTS: [&str; 2] = ["fuzzer", "readers"];

/// Installs what is missing, or is another list than before.
pub(crate) fn install(project: &Project) -> Result<()> {
    for name in LISTS {
        let (wanted, directory) = (project.path(format!("tests/{name}.txt")), project.target.join(name));
        let (list, installed) = (fs::read_to_string(&wanted)?, directory.join("installed.txt"));
        if !fs::read_to_string(&installed).is_ok_and(|before| before == list) {
            progress::step(&format!("installing what tests/{name}.txt lists"), || into(&wanted, &directory))?;
            fs::write(&installed, list)?;
        }
    }
    Ok(())
}

fn into(wanted: &Path, directory: &Path) -> Result<()> {
    command::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(directory))?;
    let mut pip = Command::new(directory.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(wanted);
    command::run(&mut pip).context("it comes from PyPI; without a network use --fast, which leaves its tests out")
}

/// What tells the tests where these are.
pub(crate) fn variables(project: &Project) -> [(String, PathBuf); 2] {
    LISTS.map(|name| (format!("MUSTER_TEST_{}", name.to_uppercase()), project.target.join(name)))
}
