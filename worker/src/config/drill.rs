//! Where procedures are rehearsed: a Compose project beside the real one, with files, paths and scripts of its own. Nothing of the real
//! system's configuration reaches a drill unless the operator names it here too.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use shared::domain::drill;

use super::{Config, ConfigError, pairs, pairs::Pairs};

/// One project's drill target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrillTarget {
    pub file: PathBuf,
    pub env_file: Option<PathBuf>,
    /// Where directories that plans name are in a drill: plan's path → path here. Its containers may use these, and no others.
    pub paths: BTreeMap<String, PathBuf>,
    /// Unset: no script runs in a drill.
    pub scripts: Option<PathBuf>,
    pub script_env: BTreeMap<String, String>,
}

/// As the keys `drill_…` say it.
pub(super) struct Told {
    pub(super) files: Pairs,
    pub(super) env_files: Pairs,
    pub(super) paths: Pairs,
    pub(super) scripts: Option<PathBuf>,
    pub(super) script_env: Pairs,
}

impl Told {
    pub(super) fn understand(self, projects: &[String]) -> Result<BTreeMap<String, DrillTarget>, ConfigError> {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let files = pairs::checked_keys("drill_files", self.files, projects)?;
        let env_files = pairs::checked_keys("drill_env_files", self.env_files, projects)?;
        if let Some(lost) = env_files.0.keys().find(|project| !files.0.contains_key(*project)) {
            return Err(ConfigError(format!(
                "drill_env_files (MUSTER_WORKER_DRILL_ENV_FILES): {lost} has no Compose file in MUSTER_WORKER_DRILL_FILES"
            )));
        }
        let paths = pairs::checked_paths(self.paths)?.0;
        let paths: BTreeMap<_, _> = paths.into_iter().map(|(plans, here)| (plans, absolute(here.as_ref()))).collect();
        let script_env = pairs::checked_variables(self.script_env)?;
        let one = |(project, file): (String, String)| {
            let target = DrillTarget {
                file: absolute(file.as_ref()),
                env_file: env_files.0.get(&project).map(|file| absolute(file.as_ref())),
                paths: paths.clone(),
                scripts: self.scripts.as_deref().map(absolute),
                script_env: script_env.clone(),
            };
            (project, target)
        };
        Ok(files.0.into_iter().map(one).collect())
    }
}

impl Config {
    /// Every project whose jobs this worker takes: a drill it cannot make it refuses in words, instead of leaving it to nobody.
    #[must_use]
    pub fn claims(&self) -> Vec<String> {
        let drills = self.projects.iter().map(|project| drill::target(project));
        self.projects.iter().cloned().chain(drills).collect()
    }

    /// What holds in a drill for `of`: its own project, files, paths and scripts, and nothing of the real ones. The error completes a
    /// sentence.
    ///
    /// # Errors
    /// If this worker has no drill target for the project.
    pub fn in_a_drill(&self, of: &str) -> Result<Self, String> {
        if !self.projects.iter().any(|project| project == of) {
            return Err(format!("this worker may not touch the Compose project {of}, and rehearses nothing for it"));
        }
        let Some(target) = self.drills.get(of) else {
            return Err(format!(
                "this worker has no drill target for {of}: set MUSTER_WORKER_DRILL_FILES to the Compose file of one"
            ));
        };
        let project = drill::target(of);
        Ok(Self {
            projects: vec![project.clone()],
            compose_files: BTreeMap::from([(project.clone(), target.file.clone())]),
            compose_env_files: target.env_file.iter().map(|file| (project.clone(), file.clone())).collect(),
            paths: target.paths.clone(),
            scripts: target.scripts.clone(),
            script_env: target.script_env.clone(),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(all: &[(&str, &str)]) -> Pairs {
        Pairs(all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn told(files: &[(&str, &str)], env_files: &[(&str, &str)]) -> Result<BTreeMap<String, DrillTarget>, ConfigError> {
        let paths = pairs(&[("/var/backups", "/drill/backups")]);
        let told =
            Told { files: pairs(files), env_files: pairs(env_files), paths, scripts: None, script_env: pairs(&[]) };
        told.understand(&["bt2c".to_owned()])
    }

    #[test]
    fn nothing_of_the_real_system_holds_in_a_drill() {
        let real = Config {
            drills: told(&[("bt2c", "/d/compose.yml")], &[("bt2c", "/d/env")]).unwrap(),
            scripts: Some("/scripts".into()),
            paths: [("/var/backups".to_owned(), PathBuf::from("/srv/backups"))].into(),
            script_env: [("BT2C_CONFIG".to_owned(), "/srv".to_owned())].into(),
            ..Config::for_projects(&["bt2c"])
        };
        assert_eq!(real.claims(), ["bt2c", "bt2c-drill"]);
        let drill = real.in_a_drill("bt2c").unwrap();
        assert_eq!(drill.projects, ["bt2c-drill"]);
        assert_eq!(drill.here("/var/backups/db"), Some("/drill/backups/db".into()));
        assert!(drill.scripts.is_none() && drill.script_env.is_empty());
        assert_eq!(drill.compose_files["bt2c-drill"], Path::new("/d/compose.yml"));
        assert!(Config::for_projects(&["bt2c"]).in_a_drill("bt2c").unwrap_err().contains("MUSTER_WORKER_DRILL_FILES"));
        assert!(real.in_a_drill("other").unwrap_err().contains("may not touch"));
    }

    #[test]
    fn what_names_no_project_of_this_worker_is_refused() {
        for (files, env_files) in [(&[("other", "/x")][..], &[][..]), (&[], &[("bt2c", "/x")])] {
            let why = told(files, env_files).unwrap_err().0;
            assert!(why.contains("MUSTER_WORKER_DRILL_"), "{why}");
        }
    }
}
