//! What steps mean that is no running container: networks, volumes, Compose projects, files. Only looks.

use std::path::{Path, PathBuf};

use shared::{
    domain::resolution::{ObjectKind, ResolvedObject},
    plan::VolumeSelection,
};

use super::{Meant, PATIENCE, View, late, object};
use crate::{files, host::Volume, steps::list, surroundings};

impl View<'_> {
    /// By service, or by the name of a container of the project.
    pub(super) fn container_named(&self, name: &str) -> Result<ResolvedObject, String> {
        let container = self.seen.containers.iter().find(|c| c.name == name);
        match (container, container.and_then(|c| c.service.as_deref())) {
            (Some(_), Some(service)) if self.renewed => Ok(late::service(service, None, None)),
            (Some(container), _) => Ok(object(container, None)),
            (None, _) => {
                let found = self.services(&[name.to_owned()])?;
                let [one] = &found[..] else {
                    return Err(format!("names {name}, which means {} containers", found.len()));
                };
                Ok(one.clone())
            }
        }
    }

    /// By the key in the Compose file, or by its whole name.
    pub(super) fn network(&self, name: &str) -> Result<ResolvedObject, String> {
        let networks = &self.seen.networks;
        let Some(found) = networks.iter().find(|n| n.name == name || n.key.as_deref() == Some(name)) else {
            let there: Vec<_> = networks.iter().map(|n| n.name.as_str()).collect();
            let there = if there.is_empty() { "it has none".into() } else { format!("there is {}", list(&there)) };
            return Err(format!(
                "names the network \"{name}\", which does not belong to the project {} on host {}; {there}",
                self.project, self.seen.host
            ));
        };
        if self.renewed {
            return Ok(late::network(&found.name, found.key.as_deref().unwrap_or(&found.name)));
        }
        let late = late::network(&found.name, &found.name);
        Ok(ResolvedObject { id: found.id.clone(), service: None, ..late })
    }

    /// Those that are there; a project without volumes has nothing to remove.
    pub(super) fn volumes(&self, wanted: &VolumeSelection) -> Result<Vec<ResolvedObject>, String> {
        let volumes = &self.seen.volumes;
        let VolumeSelection::Named { names } = wanted else { return Ok(volumes.iter().map(volume).collect()) };
        let mut found = vec![];
        for name in names {
            let Some(meant) = volumes.iter().find(|v| v.name == *name || v.key.as_deref() == Some(name)) else {
                // One that was removed after the approval is what the step wants.
                if let Some(approved) = self.approved_volume(name) {
                    found.push(approved);
                    continue;
                }
                let there: Vec<_> = volumes.iter().map(|v| v.name.as_str()).collect();
                let there = if there.is_empty() { "it has none".into() } else { format!("there is {}", list(&there)) };
                return Err(format!(
                    "names the volume \"{name}\", which does not belong to the project {} on host {}; {there}",
                    self.project, self.seen.host
                ));
            };
            found.push(volume(meant));
        }
        Ok(found)
    }

    fn approved_volume(&self, name: &str) -> Option<ResolvedObject> {
        let objects = self.approved?.steps.iter().flat_map(|step| &step.objects);
        let whole = format!("{}_{name}", self.project);
        objects.filter(|o| o.kind == ObjectKind::Volume).find(|o| o.name == name || o.name == whole).cloned()
    }

    /// The Compose file, which says what would be made.
    async fn compose_file(&self) -> Result<ResolvedObject, String> {
        let compose = surroundings::compose(self.config, self.header, PATIENCE)?;
        let digest = files::digest(&compose.file).await.map_err(|why| format!("needs a Compose file, but {why}"))?;
        if let Some(Err(why)) = &self.seen.composed {
            return Err(format!("needs Compose, but {why}"));
        }
        Ok(files::object(&compose.file, digest))
    }

    pub(super) async fn up(&self, services: &[String]) -> Result<Vec<ResolvedObject>, String> {
        let mut objects = vec![self.compose_file().await?];
        objects.extend(self.late_services(services)?);
        Ok(objects)
    }

    pub(super) async fn down(&self, volumes: bool) -> Result<Vec<ResolvedObject>, String> {
        let mut objects = vec![self.compose_file().await?];
        if self.renewed {
            objects.extend(self.late_services(&[])?);
        } else {
            objects.extend(self.seen.containers.iter().map(|c| object(c, None)));
        }
        if volumes {
            objects.extend(self.seen.volumes.iter().map(volume));
        }
        Ok(objects)
    }

    pub(super) async fn script(&self, path: &str) -> Result<Vec<ResolvedObject>, String> {
        let script = files::script(self.config, path)?;
        surroundings::script_user(self.config).map_err(|why| format!("runs a script, but {why}"))?;
        let objects = files::script_objects(&script).await.map_err(|why| format!("runs a script, but {why}"))?;
        Ok(objects.to_vec())
    }

    pub(super) async fn extract(&self, step: u32, archive: &str, into: Option<&str>) -> Result<Meant, String> {
        let Some(plans) = into else {
            return Err(format!("unpacks {archive} without saying where (-C DIRECTORY)"));
        };
        let Some(into) = self.config.here(plans) else {
            return Err(format!(
                "unpacks into {plans}, which this worker does not know: say where it is with MUSTER_WORKER_PATHS"
            ));
        };
        if !into.is_dir() {
            return Err(format!("unpacks into {plans}, but there is no directory {}", into.display()));
        }
        let here = self.config.here(archive).unwrap_or_else(|| archive.into());
        // What was approved stays meant, although its name leads to a newer backup by now.
        if let Some(approved) = self.approved_archive(step).await {
            return Ok(Meant { objects: vec![approved], into: Some(into) });
        }
        let real = real_file(&here).map_err(|why| format!("unpacks {archive}, but {why}"))?;
        let digest = files::digest(&real).await.map_err(|why| format!("unpacks {archive}, but {why}"))?;
        Ok(Meant { objects: vec![files::object(&real, digest)], into: Some(into) })
    }

    async fn approved_archive(&self, number: u32) -> Option<ResolvedObject> {
        let step = self.approved?.steps.iter().find(|step| step.number == number)?;
        let approved = step.objects.iter().find(|o| o.kind == ObjectKind::File)?;
        let digest = files::digest(Path::new(&approved.name)).await.ok()?;
        (digest == approved.id).then(|| approved.clone())
    }
}

fn volume(found: &Volume) -> ResolvedObject {
    let (id, name) = (found.name.clone(), found.name.clone());
    ResolvedObject { kind: ObjectKind::Volume, id, service: None, ..late::network(&name, &name) }
}

fn real_file(path: &Path) -> Result<PathBuf, String> {
    let real = path.canonicalize().map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    if real.is_file() { Ok(real) } else { Err(format!("{} is no file", path.display())) }
}
