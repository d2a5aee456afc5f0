//! What programs that the worker starts may know: a clean environment, the user they run as, how Compose is called. Starts none.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use shared::{domain::run::RunHeader, plan::Plan, timestamp::Timestamp};

use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, engine::Way},
    host::{Compose, ssh},
    secrets::Secrets,
};

pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where and why a run's steps are done: the operator's configuration, the run, its pinned plan, its incident.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) config: &'a Config,
    pub(crate) header: &'a RunHeader,
    pub(crate) plan: &'a Plan,
    pub(crate) declared_at: Timestamp,
    pub(crate) secrets: &'a Secrets,
}

impl Site<'_> {
    /// For programs of one attempt at a step; carries the marks by which they are found again.
    pub(crate) fn environment(&self, step: u32, attempt: u32) -> BTreeMap<String, String> {
        let mut variables = project(self.config, &self.header.project);
        variables.insert("MUSTER_INCIDENT_DECLARED_AT".into(), self.declared_at.to_string());
        variables.extend(self.marks(step, attempt));
        variables
    }

    /// Adds what the plan gives to this step; nothing that the worker itself says is said otherwise by a secret.
    pub(crate) fn give(&self, names: &[String], environment: &mut BTreeMap<String, String>) -> Result<(), String> {
        for (name, value) in self.secrets.variables(names) {
            if environment.insert(name.clone(), value).is_some() {
                return Err(format!("the secret {name} has the name of a variable that this worker sets already"));
            }
        }
        Ok(())
    }

    fn marks(&self, step: u32, attempt: u32) -> [(String, String); 3] {
        [
            ("MUSTER_RUN".into(), self.header.id.0.to_string()),
            ("MUSTER_STEP".into(), step.to_string()),
            ("MUSTER_ATTEMPT".into(), attempt.to_string()),
        ]
    }

    /// The marks as they stand in a process's environment.
    pub(crate) fn marked(&self, step: u32, attempt: u32) -> Vec<String> {
        self.marks(step, attempt).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }
}

/// What any program on this host may know that works on a project.
pub(crate) fn project(config: &Config, project: &str) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = [("PATH", PATH), ("LANG", "C.UTF-8"), ("MUSTER_PROJECT", project)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    variables.extend(config.engine.variables());
    if let Way::Ssh(ssh) = &config.engine.way {
        variables.insert("PATH".into(), format!("{}:{PATH}", ssh::front(ssh).display()));
    }
    variables.insert("HOME".into(), config.home.display().to_string());
    let files =
        [("MUSTER_COMPOSE_FILE", &config.compose_files), ("MUSTER_COMPOSE_ENV_FILE", &config.compose_env_files)];
    for (name, files) in files {
        if let Some(file) = files.get(project) {
            variables.insert(name.into(), file.display().to_string());
        }
    }
    variables
}

/// How Compose is called for the run's project; the error completes "Step 2 …".
pub(crate) fn compose(config: &Config, header: &RunHeader, limit: Duration) -> Result<Compose, String> {
    let project_name = &header.project;
    let Some(file) = config.compose_files.get(project_name) else {
        return Err(format!(
            "needs the Compose file of {project_name}, which this worker does not know: set MUSTER_WORKER_COMPOSE_FILES"
        ));
    };
    Ok(Compose {
        project: project_name.clone(),
        file: file.clone(),
        env_file: config.compose_env_files.get(project_name).cloned(),
        environment: self::project(config, &header.project),
        limit,
        cancelled: CancellationToken::new(),
    })
}

/// Another user, and how a program is started as that user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtherUser {
    /// Goes before the program.
    pub(crate) prefix: Vec<OsString>,
    pub(crate) home: PathBuf,
}

/// Who scripts run as; `None`: the worker's own user, because no other is wanted or the worker may not change its user.
pub(crate) fn script_user(config: &Config) -> Result<Option<OtherUser>, String> {
    let Some(wanted) = config.script_user.as_deref().filter(|_| nix::unistd::geteuid().is_root()) else {
        return Ok(None);
    };
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    other_user(wanted, &passwd).map(Some)
}

fn other_user(wanted: &str, passwd: &str) -> Result<OtherUser, String> {
    let rows = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = rows.filter(|row| row.len() >= 6).find(|row| row[0] == wanted || row[2] == wanted);
    let with = |uid: &str, gid: &str, groups: &str| {
        ["setpriv", "--reuid", uid, "--regid", gid, groups, "--inh-caps=-all", "--"].map(OsString::from).to_vec()
    };
    match found {
        Some(row) => Ok(OtherUser { prefix: with(row[2], row[3], "--init-groups"), home: row[5].into() }),
        // A number needs no name.
        None if wanted.parse::<u32>().is_ok() => {
            Ok(OtherUser { prefix: with(wanted, wanted, "--clear-groups"), home: "/".into() })
        }
        None => {
            Err(format!("the user \"{wanted}\" that scripts run as (MUSTER_WORKER_SCRIPT_USER) is not on this host"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_and_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1001:Ada:/home/ada:/bin/sh\n";
        let ada = other_user("ada", passwd).unwrap();
        assert_eq!(ada.prefix[1..5], ["--reuid", "1000", "--regid", "1001"].map(OsString::from));
        assert_eq!(ada.home, PathBuf::from("/home/ada"));
        assert_eq!(other_user("1000", passwd).unwrap(), ada);
        assert!(other_user("7", passwd).unwrap().prefix.contains(&"--clear-groups".into()));
        assert!(other_user("bob", passwd).unwrap_err().contains("MUSTER_WORKER_SCRIPT_USER"));
    }
}
