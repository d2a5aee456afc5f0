//! `cargo xtask tidy`: the house rules a compiler does not know. Reads the checkout; changes nothing.

mod graph;
mod licences;
mod mentions;
mod source;
mod supply;

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{command, lock, progress::say, project, project::Project};

/// One file of the checkout, by its path from the root.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What a rule has to say about a place.
pub(crate) struct Finding {
    pub(crate) place: String,
    pub(crate) what: String,
    /// False: worth a look, but no reason to fail.
    pub(crate) fails: bool,
}

impl Finding {
    fn broken(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), fails: true }
    }

    fn look(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { fails: false, ..Self::broken(place, what) }
    }
}

pub(crate) fn run(project: &Project) -> Result<()> {
    let sources = sources(project)?;
    let own_paths = [Some(project.root.clone()), std::env::var_os("HOME").map(PathBuf::from)];
    let own_paths: Vec<String> =
        own_paths.iter().flatten().map(|path| path.display().to_string()).filter(|path| path.len() > 1).collect();
    let metadata = project::metadata(false)?;

    let mut findings = Vec::new();
    for source in &sources {
        if source.path.ends_with(".rs") {
            findings.extend(source::door_plate(source));
            findings.extend(source::ceiling(source));
            findings.extend(source::ignored_tests(source));
            findings.extend(mentions::check(source));
        }
        findings.extend(source::machine_paths(source, &own_paths));
    }
    findings.extend(graph::check(&metadata));
    findings.extend(licences::check(&metadata));
    findings.extend(supply::check(&lock::load(project)?));
    findings.extend(supply::check(&lock::read(&fs::read_to_string(project.path("fuzz/Cargo.lock"))?)));

    for finding in &findings {
        say(&format!("  {} {}: {}", if finding.fails { "!!" } else { "look" }, finding.place, finding.what));
    }
    let broken = findings.iter().filter(|finding| finding.fails).count();
    if broken > 0 {
        bail!("{broken} house rules are broken; the places are named above");
    }
    say(&format!("     tidy: {} files and {} packages keep the house rules", sources.len(), metadata.packages.len()));
    Ok(())
}

/// All text files that are, or are about to be, under version control.
fn sources(project: &Project) -> Result<Vec<Source>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&project.root);
    let listed = command::output(&mut git).context("tidy asks git which files belong to the project")?;
    let mut sources = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        // A file that was just removed is no matter of ours, nor is a picture.
        if let Ok(text) = fs::read_to_string(project.path(path)) {
            sources.push(Source { path: path.to_owned(), text });
        }
    }
    Ok(sources)
}
