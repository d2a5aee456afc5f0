//! `Cargo.lock` as it stands in the checkout: what is linked, from where, with which checksum. Reads; asks no registry.

use std::fs;

use anyhow::{Context as _, Result};

use crate::project::Project;

/// One package of the lock file. Packages of our own have no source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) source: Option<String>,
    pub(crate) checksum: Option<String>,
}

pub(crate) fn load(project: &Project) -> Result<Vec<Locked>> {
    let text = fs::read_to_string(project.path("Cargo.lock")).context("Cargo.lock belongs to the project")?;
    Ok(read(&text))
}

/// cargo writes this file itself, one `key = "value"` a line, so no parser for all of TOML is needed.
pub(crate) fn read(text: &str) -> Vec<Locked> {
    let mut packages = Vec::new();
    for block in text.split("[[package]]").skip(1) {
        let value = |key: &str| {
            block.lines().find_map(|line| {
                let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
                Some(value.strip_suffix('"')?.to_owned())
            })
        };
        packages.push(Locked {
            name: value("name").unwrap_or_default(),
            version: value("version").unwrap_or_default(),
            source: value("source"),
            checksum: value("checksum"),
        });
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_writes_is_read() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\nsource = \"registry+x\"\nchecksum = \"00ff\"\ndependencies = [\n \"b\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n";
        let found = read(text);
        let expected = Locked {
            name: "a".into(),
            version: "1.2.3".into(),
            source: Some("registry+x".into()),
            checksum: Some("00ff".into()),
        };
        assert_eq!(found[0], expected);
        assert_eq!((found[1].name.as_str(), &found[1].source, &found[1].checksum), ("b", &None, &None));
        assert_eq!(found.len(), 2);
    }
}
