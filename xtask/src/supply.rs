//! `cargo xtask supply`: cargo-deny over everything that is linked. Licences, bans and sources need no network; the list of known holes
//! (RustSec) does, and what could not be looked up is said, never passed over.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{command, progress, progress::say, project::Project};

/// Building it takes some minutes on two cores, so the test command does without: tidy's own rules look at the same things.
const TOOL: &str = "cargo-deny";

pub(crate) fn run(project: &Project) -> Result<()> {
    if !command::succeeds(&mut project.cargo(&["deny", "--version"])) {
        progress::step("installing cargo-deny, which takes some minutes", || {
            command::run(&mut project.cargo(&["install", TOOL, "--locked", "--no-default-features"]))
        })?;
    }
    let (fine, _) = command::stream(&mut deny(project, &["--offline", "check", "bans", "licenses", "sources"]))?;
    if !fine {
        bail!("what is linked breaks a rule of deny.toml; see above");
    }
    match advisories(project)? {
        Advisories::Clean => say("No known hole is in what is linked, as of today's list."),
        Advisories::CleanByOldList => {
            say(
                "No known hole is in what is linked, by the list that is on this machine; a newer one could not be fetched.",
            );
        }
        Advisories::Unknown => say(
            "NOT CHECKED: known holes (RustSec advisories). The list cannot be fetched from here and none is on this machine. \
             Run `cargo xtask supply` where the network allows it.",
        ),
    }
    Ok(())
}

enum Advisories {
    Clean,
    CleanByOldList,
    Unknown,
}

/// With today's list if it can be fetched, else with the one that is here.
fn advisories(project: &Project) -> Result<Advisories> {
    if let Some(fine) = judged(&mut deny(project, &["check", "advisories"]))? {
        return if fine { Ok(Advisories::Clean) } else { bail!("something linked has a known hole; see above") };
    }
    match judged(&mut deny(project, &["--offline", "check", "advisories"]))? {
        Some(true) => Ok(Advisories::CleanByOldList),
        Some(false) => bail!("something linked has a known hole; see above"),
        None => Ok(Advisories::Unknown),
    }
}

/// `None`: it could not be judged for want of the list.
fn judged(deny: &mut Command) -> Result<Option<bool>> {
    let output = deny.output().context("cannot run cargo deny")?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // Its last line is the verdict; without a list it comes to none.
    if output.status.success() || said.contains("advisories FAILED") {
        if !output.status.success() {
            say(&said);
        }
        return Ok(Some(output.status.success()));
    }
    Ok(None)
}

fn deny(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.cargo(&["deny", "--color", "never", "--workspace"]);
    command.args(arguments);
    command
}
