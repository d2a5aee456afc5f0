//! The simulated host's networks, volumes, programs in containers and Compose projects. In memory only.

use super::{
    Compose, ContainerState, Ended, HostError, LinesTo, LogLine, Mount, Network, Op, SimulatedHost, Verb, Volume,
    World, instant,
};

/// What a program in a container does: gets its arguments, gives lines and an exit code.
pub(super) type Program = Box<dyn FnMut(&[String]) -> (Vec<LogLine>, i64) + Send>;

/// What a program that only reads says.
pub(super) type Asked = Box<dyn Fn(&[String]) -> String + Send>;

impl World {
    pub(super) fn users_of(&self, volume: &str) -> Vec<String> {
        let of = self.volumes.iter().find(|v| v.name == volume).and_then(|v| v.project.clone());
        let containers = self.containers.iter().map(|c| &c.container);
        containers.filter(|c| of.is_some() && c.project == of).map(|c| c.name.clone()).collect()
    }
}

impl SimulatedHost {
    /// Adds the volume `{project}_{key}`.
    pub fn add_volume(&self, project: &str, key: &str) -> String {
        let name = format!("{project}_{key}");
        let created_at = instant(u32::try_from(self.world().volumes.len()).unwrap_or_default());
        self.world().volumes.push(Volume {
            name: name.clone(),
            created_at,
            project: Some(project.into()),
            key: Some(key.into()),
        });
        name
    }

    /// How many bytes are in a volume; without it the host does not know.
    pub fn fill(&self, volume: &str, bytes: u64) {
        self.world().sizes.insert(volume.into(), bytes);
    }

    /// What programs that only read say in this container; without it none is there.
    pub fn says(&self, id: &str, answer: impl Fn(&[String]) -> String + Send + 'static) {
        self.world().answers.insert(id.into(), Box::new(answer));
    }

    /// Whether the project has nothing at all.
    #[must_use]
    pub fn is_clear(&self, project: &str) -> bool {
        let (world, project) = (self.world(), Some(project));
        world.containers.iter().all(|c| c.container.project.as_deref() != project)
            && world.networks.iter().all(|n| n.project.as_deref() != project)
            && world.volumes.iter().all(|v| v.project.as_deref() != project)
    }

    /// Nothing of the project is left; what its programs and ports answer stays known.
    pub fn clear(&self, project: &str) {
        let mut world = self.world();
        world.containers.retain(|c| c.container.project.as_deref() != Some(project));
        world.networks.retain(|n| n.project.as_deref() != Some(project));
        world.volumes.retain(|v| v.project.as_deref() != Some(project));
    }

    /// Changes a volume behind everybody's back; false if there is none.
    pub fn change_volume(&self, name: &str, change: impl FnOnce(&mut Volume)) -> bool {
        self.world().volumes.iter_mut().find(|v| v.name == name).map(change).is_some()
    }

    /// Adds the network `{project}_{key}` with all containers of the project in it, and gives its id.
    pub fn add_network(&self, project: &str, key: &str) -> String {
        let (id, name) = (format!("network-{project}-{key}"), format!("{project}_{key}"));
        let mut world = self.world();
        for c in world.containers.iter_mut().filter(|c| c.container.project.as_deref() == Some(project)) {
            c.networks.push(name.clone());
        }
        let (project, key) = (Some(project.into()), Some(key.into()));
        world.networks.push(Network { id: id.clone(), name, project, key });
        id
    }

    /// Changes a network behind everybody's back; false if there is none.
    pub fn change_network(&self, id: &str, change: impl FnOnce(&mut Network)) -> bool {
        self.world().networks.iter_mut().find(|n| n.id == id).map(change).is_some()
    }

    /// What programs in this container do; without it none is there.
    pub fn program(&self, id: &str, program: impl FnMut(&[String]) -> (Vec<LogLine>, i64) + Send + 'static) {
        self.world().programs.insert(id.into(), Box::new(program));
    }

    /// The services that the project's Compose file defines.
    pub fn compose_file(&self, project: &str, services: &[&str]) {
        self.world().composed.insert(project.into(), services.iter().map(|s| (*s).to_owned()).collect());
    }

    /// What the containers that the project's Compose file makes have in them.
    pub fn compose_mounts(&self, project: &str, mounts: Vec<Mount>) {
        self.world().mounted.insert(project.into(), mounts);
    }

    pub(super) async fn exec_in(&self, id: &str, argv: &[String], to: LinesTo) -> Result<i64, HostError> {
        let mut said = (vec![], 127);
        let change = |world: &mut World| {
            let found = world.containers.iter().find(|c| c.container.id == id).ok_or(HostError::Gone)?;
            if !found.container.state.running() {
                return Err(HostError::Refused(format!("Container {id} is not running")));
            }
            if let Some(program) = world.programs.get_mut(id) {
                said = program(argv);
            }
            Ok(())
        };
        self.change_world(Op::Exec, id, change).await?;
        if !said.0.is_empty() {
            // Nobody listens any more.
            let _ = to.send(said.0).await;
        }
        Ok(said.1)
    }

    pub(super) async fn join(&self, network: &str, container: &str, aliases: Vec<String>) -> Result<(), HostError> {
        let effect = format!("{container} as {}", aliases.join(","));
        self.change_world(Op::Connect, &effect, |world| {
            let name = world.networks.iter().find(|n| n.id == network).map(|n| n.name.clone());
            let found = world.containers.iter_mut().find(|c| c.container.id == container);
            let (Some(name), Some(found)) = (name, found) else { return Err(HostError::Gone) };
            found.networks.push(name);
            Ok(())
        })
        .await
    }

    pub(super) async fn leave(&self, network: &str, container: &str) -> Result<(), HostError> {
        self.change_world(Op::Disconnect, container, |world| {
            let name = world.networks.iter().find(|n| n.id == network).map(|n| n.name.clone());
            let found = world.containers.iter_mut().find(|c| c.container.id == container);
            let (Some(name), Some(found)) = (name, found) else { return Err(HostError::Gone) };
            found.networks.retain(|n| *n != name);
            Ok(())
        })
        .await
    }

    pub(super) async fn gone(&self, id: &str) -> Result<(), HostError> {
        self.change_world(Op::Remove, id, |world| {
            world.containers.retain(|c| c.container.id != id);
            Ok(())
        })
        .await
    }

    pub(super) async fn network_gone(&self, id: &str) -> Result<(), HostError> {
        self.change_world(Op::Remove, id, |world| {
            world.networks.retain(|n| n.id != id);
            Ok(())
        })
        .await
    }

    pub(super) async fn volume_gone(&self, name: &str) -> Result<(), HostError> {
        self.change_world(Op::RemoveVolume, name, |world| {
            world.volumes.retain(|v| v.name != name);
            Ok(())
        })
        .await
    }

    /// What Compose does to containers; each start of a container that was not running is a new instant.
    pub(super) async fn composed(&self, compose: &Compose, verb: &Verb, to: LinesTo) -> Result<Ended, HostError> {
        let project = &compose.project;
        let word = match verb {
            Verb::Create => "create",
            Verb::Up { .. } => "up",
            Verb::Down { volumes: false } => "down",
            Verb::Down { volumes: true } => "down -v",
        };
        let (mut missing, mut made) = (vec![], false);
        self.change_world(Op::Compose, word, |world| {
            match verb {
                Verb::Create => {
                    missing = world.composed.get(project).cloned().unwrap_or_default();
                    made = true;
                }
                Verb::Up { services } => {
                    let all = world.composed.get(project).cloned().unwrap_or_default();
                    let wanted = if services.is_empty() { all } else { services.clone() };
                    let has = |world: &World, service: &str| {
                        let mut all = world.containers.iter().map(|c| &c.container);
                        all.any(|c| c.project.as_ref() == Some(project) && c.service.as_deref() == Some(service))
                    };
                    missing = wanted.iter().filter(|service| !has(world, service)).cloned().collect();
                    let started_at = instant(world.starts);
                    world.starts += 1;
                    for c in &mut world.containers {
                        let named = c.container.service.as_ref().is_some_and(|s| wanted.contains(s));
                        if named && c.container.project.as_ref() == Some(project) && !c.container.state.running() {
                            c.container.state = ContainerState::Running;
                            c.started_at.clone_from(&started_at);
                        }
                    }
                }
                Verb::Down { volumes } => {
                    world.containers.retain(|c| c.container.project.as_ref() != Some(project));
                    world.networks.retain(|n| n.project.as_ref() != Some(project));
                    if *volumes {
                        world.volumes.retain(|v| v.project.as_ref() != Some(project));
                    }
                }
            }
            Ok(())
        })
        .await?;
        for service in missing {
            let id = self.add(project, &service, &[]);
            if made {
                self.change(&id, |c| c.container.state = ContainerState::Created);
            }
        }
        if made {
            self.add_network(project, "default");
            self.add_volume(project, "data");
            let mut world = self.world();
            let mounts = world.mounted.get(project).cloned().unwrap_or_default();
            let of = |c: &&mut super::Details| c.container.project.as_ref() == Some(project);
            world.containers.iter_mut().filter(of).for_each(|c| c.mounts.clone_from(&mounts));
        }
        let _ =
            to.send(vec![LogLine { from_stderr: true, text: format!("SIMULATED compose {word}"), cut: false }]).await;
        Ok(Ended::Code(0))
    }
}
