//! Looks at the worker's projects now and then, so that people can choose among what is really there. Touches nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use shared::{
    domain::sight::{FileSeen, ImageSeen, ScriptSeen, ServiceSeen, Sight},
    ids::PlanVersionId,
    plan::{Choices, Procedure, StepKind, compile},
    timestamp::Timestamp,
};
use store::StoreError;
use tokio::time::Instant;

use crate::{Worker, config::Config, files as named, host::HostError};

/// Between looks: what people choose from is never much older. The worker checks each choice again on the live host.
const EVERY: Duration = Duration::from_secs(5);
/// Scripts and all that lies beside them are read so often, and when the plan is a new one.
const SCRIPTS_EVERY: Duration = Duration::from_secs(60);
/// More than anybody would choose from.
const MOST_FILES: usize = 50;

#[derive(Debug, thiserror::Error)]
enum Blind {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Until the worker stops. Trouble is logged when it begins; the last look stays with its time.
pub(crate) async fn keep_looking(worker: &Worker) {
    let mut silent = false;
    let mut kept = Kept::default();
    loop {
        for project in &worker.config.projects {
            match look(worker, project, &mut kept).await {
                Ok(()) => silent = false,
                Err(error) => {
                    if !std::mem::replace(&mut silent, true) {
                        tracing::warn!(project, %error, "cannot look at the project; trying on");
                    }
                }
            }
        }
        tokio::select! {
            () = worker.stopping.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// By project.
type Kept = BTreeMap<String, Asked>;

/// What its newest plan asks about, and what was found that is not looked at each time.
struct Asked {
    plan: PlanVersionId,
    /// In which it lets people choose files.
    directories: Vec<String>,
    /// That its steps run.
    scripts: Vec<String>,
    seen: Option<(Instant, BTreeMap<String, ScriptSeen>)>,
}

impl Asked {
    fn of(plan: PlanVersionId, source: &str) -> Self {
        let procedures = compile(source).plan.procedures;
        let script = |kind: &StepKind| match kind {
            StepKind::Script { path, .. } => Some(path.clone()),
            _ => None,
        };
        let mut scripts: Vec<_> =
            procedures.iter().flat_map(|p| &p.steps).filter_map(|step| script(&step.kind)).collect();
        scripts.sort();
        scripts.dedup();
        Self { plan, directories: directories(&procedures), scripts, seen: None }
    }

    async fn scripts(&mut self, config: &Config) -> BTreeMap<String, ScriptSeen> {
        if let Some((at, seen)) = &self.seen
            && at.elapsed() < SCRIPTS_EVERY
        {
            return seen.clone();
        }
        let mut seen = BTreeMap::new();
        for path in &self.scripts {
            let Ok(real) = named::script(config, path) else { continue };
            if let Ok([script, beside]) = named::script_objects(&real).await {
                seen.insert(path.clone(), ScriptSeen { digest: script.id, beside: beside.id });
            }
        }
        self.seen = Some((Instant::now(), seen.clone()));
        seen
    }
}

async fn look(worker: &Worker, project: &str, kept: &mut Kept) -> Result<(), Blind> {
    let (described, containers) = tokio::join!(worker.host.describe(), worker.host.containers(project));
    let mut sight = Sight { host: worker.config.calls(described?.name), ..Sight::default() };
    for container in containers? {
        if let Some(service) = container.service {
            let seen = sight.services.entry(service).or_insert_with(|| ServiceSeen { states: vec![], images: vec![] });
            seen.states.push(container.state.to_string());
            let image = ImageSeen { name: container.image, id: container.image_id };
            if !seen.images.contains(&image) {
                seen.images.push(image);
            }
        }
    }
    let known = kept.get(project).map(|asked| asked.plan);
    if let Some((id, source)) = worker.store.plan_of_project(project, &sight.host, known).await? {
        kept.insert(project.to_owned(), Asked::of(id, &source));
    }
    if let Some(asked) = kept.get_mut(project) {
        sight.scripts = asked.scripts(&worker.config).await;
    }
    for directory in kept.get(project).map(|asked| asked.directories.as_slice()).unwrap_or_default() {
        if let Some(files) = files(worker.config.here(directory)).await {
            sight.files.insert(directory.clone(), files);
        }
    }
    Ok(worker.store.sight_put(project, &worker.config.name, &sight).await?)
}

fn directories(procedures: &[Procedure]) -> Vec<String> {
    let mut found = vec![];
    for parameter in procedures.iter().flat_map(|procedure| &procedure.parameters) {
        if let Choices::Files { directory } = &parameter.choices
            && !found.contains(directory)
        {
            found.push(directory.clone());
        }
    }
    found
}

/// The newest regular files; `None` if the directory is not known here or cannot be read.
async fn files(directory: Option<PathBuf>) -> Option<Vec<FileSeen>> {
    let directory = directory?;
    tokio::task::spawn_blocking(move || list(&directory)).await.ok()?.ok()
}

/// When the newest file of a directory was written that could be restored: where backups have a checksum beside them, one without is not
/// whole yet. `None` if there is none.
pub(crate) async fn newest(directory: PathBuf) -> std::io::Result<Option<Timestamp>> {
    let looked = tokio::task::spawn_blocking(move || {
        let listed = list(&directory)?;
        let whole = |file: &&FileSeen| directory.join(format!("{}.sha256", file.name)).exists();
        let newest = listed.iter().find(whole).or(listed.first());
        Ok(newest.map(|file| file.modified_at))
    });
    looked.await.map_err(std::io::Error::other)?
}

fn list(directory: &Path) -> std::io::Result<Vec<FileSeen>> {
    let mut found = vec![];
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        // Follows links: the newest backup often is one.
        let (Ok(name), Ok(facts)) = (entry.file_name().into_string(), entry.path().metadata()) else { continue };
        if facts.is_file() && !name.starts_with('.') && !is_side_file(&name) {
            let modified_at = Timestamp::new(facts.modified()?.into());
            found.push(FileSeen { name, bytes: facts.len(), modified_at });
        }
    }
    found.sort_by(|a, b| (b.modified_at, &a.name).cmp(&(a.modified_at, &b.name)));
    found.truncate(MOST_FILES);
    Ok(found)
}

/// What stands beside a backup and describes it.
fn is_side_file(name: &str) -> bool {
    [".sha256", ".json", ".md5", ".sig", ".asc"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn scripts_are_read_again_after_a_while() {
        let directory = std::env::temp_dir().join(format!("muster-sight-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&directory).unwrap();
        let heal = directory.join("heal.sh");
        std::fs::write(&heal, "one").unwrap();
        std::fs::set_permissions(&heal, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let config = Config { scripts: Some(directory.clone()), ..Config::for_projects(&["x"]) };
        let plan = "# P\n\n## Recovery\n\n### Heal\n\n```bash\n./scripts/heal.sh\n./scripts/missing.sh\n```\n";
        let mut asked = Asked::of(PlanVersionId(uuid::Uuid::nil()), plan);
        let first = asked.scripts(&config).await;
        assert_eq!(first.keys().collect::<Vec<_>>(), ["./scripts/heal.sh"], "{:?}", asked.scripts);
        std::fs::write(&heal, "two").unwrap();
        assert_eq!(asked.scripts(&config).await, first, "not at every look");
        tokio::time::advance(SCRIPTS_EVERY).await;
        let second = asked.scripts(&config).await;
        assert_ne!(second["./scripts/heal.sh"].digest, first["./scripts/heal.sh"].digest);
        assert_eq!(second["./scripts/heal.sh"].beside, first["./scripts/heal.sh"].beside);
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn lists_what_can_be_chosen_newest_first() {
        let directory = std::env::temp_dir().join(format!("muster-sight-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(directory.join("db")).unwrap();
        for (name, seconds) in [("a.sql", 10), ("b.sql", 20), ("b.sql.sha256", 30), (".new", 40)] {
            let file = std::fs::File::create(directory.join(name)).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        }
        let names: Vec<_> = list(&directory).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["b.sql", "a.sql"]);
        let newest =
            || tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(newest(directory.clone()));
        let at = |seconds| Some(Timestamp::from_unix(seconds));
        assert_eq!(newest().unwrap(), at(20));
        let unfinished = std::fs::File::create(directory.join("c.sql")).unwrap();
        unfinished.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(90)).unwrap();
        assert_eq!(newest().unwrap(), at(20), "the newest has no checksum yet: it cannot be restored");
        std::fs::remove_file(directory.join("b.sql.sha256")).unwrap();
        assert_eq!(newest().unwrap(), at(90), "where none has one, the newest counts");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
