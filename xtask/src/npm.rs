//! What tests take from npm: the list in tests/npm, with its checksums, into target/npm. Runs nothing of what it brings while it is installed.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{command, progress, project::Project};

const LIST: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs what is missing, or is another list than before.
pub(crate) fn install(project: &Project) -> Result<()> {
    let directory = directory(project);
    let installed = directory.join("installed");
    let lists = LIST.map(|name| fs::read_to_string(project.path("tests/npm").join(name)));
    let [list, lock] = lists;
    let (list, lock) = (list?, lock?);
    if fs::read_to_string(&installed).is_ok_and(|before| before == lock) {
        return Ok(());
    }
    progress::step("installing what tests/npm lists", || {
        fs::create_dir_all(&directory)?;
        LIST.iter().zip([&list, &lock]).try_for_each(|(name, text)| fs::write(directory.join(name), text))?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&directory);
        command::run(&mut npm).context("it comes from npm; without a network use --fast, which leaves its tests out")
    })?;
    fs::write(installed, lock)?;
    Ok(())
}

fn directory(project: &Project) -> PathBuf {
    project.target.join("npm")
}

/// What tells the tests where it is.
pub(crate) fn variable(project: &Project) -> (&'static str, PathBuf) {
    ("MUSTER_TEST_NPM", directory(project))
}
