//! `muster-worker check`: what the worker can reach from where it stands. Looks only, and changes nothing.

use std::{fmt::Write as _, path::Path, time::Instant};

use store::Store;

use crate::{config::Config, host::ContainerHost};

/// What was found, for people.
#[derive(Debug)]
pub struct Report {
    pub text: String,
    /// Everything needed for work is there.
    pub fine: bool,
}

/// `store` is an error in words if there is no address to connect to.
pub async fn check(config: &Config, store: Result<Store, String>, host: &dyn ContainerHost) -> Report {
    let mut report = Report { text: String::new(), fine: true };
    match database(store).await {
        Ok(words) => report.line(true, "database", &words),
        Err(words) => report.line(false, "database", &words),
    }
    directories(config, &mut report);
    match host.describe().await {
        Ok(found) => {
            report.line(true, "docker", &format!("version {} on host {}", found.version, config.calls(found.name)))
        }
        Err(error) => {
            report.line(false, "docker", &error.to_string());
            return report;
        }
    }
    for project in &config.projects {
        let label = format!("project {project}");
        match host.containers(project).await {
            Ok(containers) if containers.is_empty() => {
                report.line(false, &label, "no containers; bring the project up first")
            }
            Ok(containers) => {
                report.line(true, &label, &format!("{} containers", containers.len()));
                for c in containers {
                    let service = c.service.as_deref().unwrap_or("-");
                    // Writing to a String cannot fail.
                    let _ = writeln!(report.text, "      {service:<16} {:<28} {}", c.name, c.state);
                }
            }
            Err(error) => report.line(false, &label, &error.to_string()),
        }
    }
    report
}

/// Only what is configured: without it the steps that need it cannot run, and the resolver says so.
fn directories(config: &Config, report: &mut Report) {
    let mut there = |label: &str, path: &Path, wanted: fn(&Path) -> bool, what: &str| {
        let fine = wanted(path);
        let words = if fine { String::new() } else { format!(": there is no such {what}") };
        report.line(fine, label, &format!("{}{words}", path.display()));
    };
    if let Some(scripts) = &config.scripts {
        there("scripts", scripts, Path::is_dir, "directory");
    }
    for (plans, here) in &config.paths {
        there(&format!("path {plans}"), here, Path::exists, "directory or file");
    }
    for (label, files) in [("compose file", &config.compose_files), ("compose env", &config.compose_env_files)] {
        for (project, file) in files {
            there(&format!("{label} of {project}"), file, Path::is_file, "file");
        }
    }
}

async fn database(store: Result<Store, String>) -> Result<String, String> {
    let store = store?;
    let begun = Instant::now();
    store.ready().await.map_err(|e| e.to_string())?;
    Ok(format!("answers and is migrated ({} ms)", begun.elapsed().as_millis()))
}

impl Report {
    fn line(&mut self, fine: bool, what: &str, words: &str) {
        self.fine &= fine;
        let mark = if fine { "ok  " } else { "FAIL" };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{mark}  {what:<16} {words}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::simulated::SimulatedHost;

    #[tokio::test]
    async fn says_what_is_there_and_what_is_not() {
        let host = SimulatedHost::new();
        host.add("bt2c", "validator1", &[]);
        let config = Config {
            scripts: Some("/".into()),
            paths: [("/app".to_owned(), "/nowhere/app".into())].into(),
            ..Config::for_projects(&["bt2c", "drill"])
        };
        let report = check(&config, Err("no address".into()), &host).await;
        assert!(!report.fine);
        let expected = "FAIL  database         no address\n\
                        ok    scripts          /\n\
                        FAIL  path /app        /nowhere/app: there is no such directory or file\n\
                        ok    docker           version SIMULATED on host SIMULATED\n\
                        ok    project bt2c     1 containers\n      \
                        validator1       bt2c_validator1_1            running\n\
                        FAIL  project drill    no containers; bring the project up first\n";
        assert_eq!(report.text, expected);
    }
}
