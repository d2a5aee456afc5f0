//! Finds `initdb` and `postgres`. Never installs them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::error::EmbeddedError;

/// The server programs of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) major: u32,
    directory: PathBuf,
}

impl Programs {
    /// The newest there is, or the ones of version `needed`, which an existing cluster dictates.
    pub(super) fn find(configured: Option<&Path>, needed: Option<(u32, PathBuf)>) -> Result<Self, EmbeddedError> {
        let directories = configured.map_or_else(usual_directories, |one| vec![one.to_owned()]);
        let mut found = directories
            .iter()
            .filter(|directory| directory.join("postgres").is_file() && directory.join("initdb").is_file())
            .map(|directory| Self::at(directory))
            .collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|programs| programs.major);
        // Of equals the last: what a package installed, rather than what merely lies in the PATH.
        let Some(newest) = found.last() else {
            let looked = configured.map_or_else(
                || "/usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, /usr/local/pgsql/bin, PATH".to_owned(),
                |one| one.display().to_string(),
            );
            return Err(EmbeddedError::NoPrograms { looked });
        };
        let Some((data, directory)) = needed else { return Ok(newest.clone()) };
        if let Some(same) = found.iter().rfind(|programs| programs.major == data) {
            return Ok(same.clone());
        }
        let mut versions: Vec<String> = found.iter().map(|programs| programs.major.to_string()).collect();
        versions.dedup();
        Err(EmbeddedError::OtherVersion { directory, data, found: versions.join(", ") })
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    fn at(directory: &Path) -> Result<Self, EmbeddedError> {
        Command::new(directory.join("postgres"))
            .arg("--version")
            .output()
            .ok()
            .and_then(|output| major(&String::from_utf8_lossy(&output.stdout)))
            .map(|major| Self { major, directory: directory.to_owned() })
            .ok_or_else(|| EmbeddedError::BadProgram { program: "postgres", directory: directory.to_owned() })
    }
}

/// A client program that understands a server of this version: of the same, else the next newer that is installed. The error
/// says which there are.
pub(crate) fn client_program(name: &str, server: u32) -> Result<PathBuf, String> {
    let found = usual_directories().into_iter().map(|directory| directory.join(name)).filter(|path| path.is_file());
    let mut found: Vec<(u32, PathBuf)> = found
        .filter_map(|path| {
            let output = Command::new(&path).arg("--version").output().ok()?;
            Some((major(&String::from_utf8_lossy(&output.stdout))?, path))
        })
        .collect();
    found.sort();
    found.dedup_by_key(|(major, _)| *major);
    let fit = found.iter().find(|(major, _)| *major >= server);
    fit.map(|(_, path)| path.clone()).ok_or_else(|| match found.last() {
        Some((newest, _)) => format!(" (there is one of Postgres {newest})"),
        None => String::new(),
    })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → 15; `17beta1` → 17.
fn major(version: &str) -> Option<u32> {
    let number = version.split("(PostgreSQL)").nth(1)?.trim_start();
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..digits].parse().ok()
}

fn usual_directories() -> Vec<PathBuf> {
    let children = |parent: &str, prefix: &str| -> Vec<PathBuf> {
        fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path().join("bin"))
            .collect()
    };
    let mut all: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
    all.push("/usr/local/pgsql/bin".into());
    all.extend(children("/usr", "pgsql-"));
    all.extend(children("/usr/lib/postgresql", ""));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_postgres_prints_them() {
        let cases = [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 17beta1", Some(17)),
            ("postgres (PostgreSQL) 18", Some(18)),
            ("pg_dump (PostgreSQL) 16.1", Some(16)),
            ("bash 5", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(major(text), expected, "{text}");
        }
    }

    #[test]
    fn an_empty_directory_has_no_programs_and_the_message_says_where_it_looked() {
        let error = Programs::find(Some(Path::new("/nonexistent/bin")), None).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/bin") && error.contains("apt-get install postgresql"), "{error}");
    }

    #[test]
    fn a_client_is_never_older_than_its_server() {
        let found = client_program("pg_dump", 1).unwrap();
        assert!(found.ends_with("pg_dump"));
        assert!(client_program("pg_dump", 999).unwrap_err().contains("there is one of Postgres"));
        assert_eq!(client_program("pg_no_such_program", 1).unwrap_err(), "");
    }

    #[test]
    fn another_major_version_is_named_with_what_to_do() {
        let error = Programs::find(None, Some((9, "/data/cluster".into()))).unwrap_err().to_string();
        assert!(
            error.contains("Postgres 9") && error.contains("postgresql-9") && error.contains("/data/cluster"),
            "{error}"
        );
    }
}
