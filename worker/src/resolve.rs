//! Names in steps → objects of the live host: the blast radius. Only looks, and finds nothing outside the Compose project.

pub(crate) mod address;
mod effect;
pub(crate) mod late;
mod measure;
mod other;
mod tables;

use std::{path::PathBuf, time::Duration};

use shared::{
    domain::{
        resolution::{ObjectKind, Resolution, ResolvedObject, ResolvedStep},
        run::RunHeader,
    },
    plan::{Choices, Probe, Procedure, Step, StepKind},
    timestamp::Timestamp,
};

use self::{address::Target, effect::effect};
use crate::{
    config::Config,
    drill,
    host::{Container, ContainerHost, HostError, Network, Volume},
    safety::family,
    secrets::Secrets,
    steps::{cannot_run, list},
    surroundings,
};

/// How long a Docker that is being restarted is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(300);

/// What a run that has begun knows already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'a> {
    pub(crate) approved: Option<&'a Resolution>,
    /// Steps that are over: what they meant may be gone by now.
    pub(crate) over: &'a [u32],
    /// Those of the system; `None`: there are none.
    pub(crate) secrets: Option<&'a Secrets>,
}

/// The error is for the person who asked: what was looked for, what there is, what to do.
pub(crate) async fn resolve(
    host: &dyn ContainerHost,
    config: &Config,
    header: &RunHeader,
    now: Timestamp,
    known: Known<'_>,
) -> Result<Resolution, String> {
    let (project, procedure) = (header.project.as_str(), &header.meant());
    let until = tokio::time::Instant::now() + PATIENCE;
    let seen = loop {
        match look(host, config, header, procedure, known.secrets).await {
            Ok(found) => break found,
            Err(HostError::Unreachable(_)) if tokio::time::Instant::now() < until => tokio::time::sleep(PAUSE).await,
            Err(HostError::Unreachable(why)) => {
                return Err(format!("{why}. Nothing was done. Start Docker and request the run again."));
            }
            Err(error) => {
                return Err(format!("Docker could not be asked for its containers: {error}. Nothing was done."));
            }
        }
    };
    let mut view = View {
        config,
        header,
        project,
        seen: &seen,
        chosen: &chosen(header),
        approved: known.approved,
        secrets: known.secrets,
        renewed: false,
    };
    let mut services = family::Services::of(&seen.containers);
    let (mut steps, mut problems) = (vec![], vec![]);
    for step in &procedure.steps {
        if !known.over.contains(&step.number) {
            let judged = services.judge(&step.kind).map_err(|why| format!("Step {} {why}.", step.number));
            match (judged, view.step(step).await) {
                (Ok(()), Ok(resolved)) => steps.push(resolved),
                // No check that cannot be made may keep people from recovering.
                (_, Err(why)) if step.check => steps.push(by_hand(step, why)),
                (Err(why), Ok(_)) | (_, Err(why)) => problems.push(why),
            }
            services.after(&step.kind);
        }
        view.renewed |= !step.check && late::renews(&step.kind);
    }
    if !problems.is_empty() {
        return Err(format!("{} Nothing was done.", problems.join(" ")));
    }
    if known.approved.is_none() {
        // People are about to weigh it; later only identity counts.
        measure::add(host, procedure, &mut steps).await;
    }
    Ok(Resolution { taken_at: now, host: seen.host, project: project.to_owned(), steps })
}

fn by_hand(step: &Step, why: String) -> ResolvedStep {
    ResolvedStep {
        number: step.number,
        effect: "A person checks this; it cannot be checked by machine here".into(),
        has_effect: false,
        destructive: false,
        objects: vec![],
        tables: vec![],
        secrets: vec![],
        by_hand: Some(why),
    }
}

/// What there is of the project.
struct Seen {
    /// The host's name.
    host: String,
    containers: Vec<Container>,
    networks: Vec<Network>,
    volumes: Vec<Volume>,
    /// Services of the Compose file, if a step makes containers and the file is known and can be read.
    composed: Option<Result<Vec<String>, String>>,
}

/// With the ports that stopped containers will publish.
async fn look(
    host: &dyn ContainerHost,
    config: &Config,
    header: &RunHeader,
    procedure: &Procedure,
    secrets: Option<&Secrets>,
) -> Result<Seen, HostError> {
    let project = header.project.as_str();
    let (described, containers) = tokio::join!(host.describe(), host.containers(project));
    let (name, mut containers) = (config.calls(described?.name), containers?);
    let any = |wanted: fn(&StepKind) -> bool| procedure.steps.iter().any(|step| wanted(&step.kind));
    if any(|kind| url_of(kind).is_some()) {
        for stopped in containers.iter_mut().filter(|c| !c.state.running()) {
            match host.container(&stopped.id).await {
                Ok(details) => stopped.ports = details.container.ports,
                // Removed a moment ago: then nothing resolves to it, and the guard would notice.
                Err(HostError::Gone) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(of) = &header.drill_of {
            drill::doors(host, of, &mut containers).await?;
        }
    }
    let cuts = any(|kind| matches!(kind, StepKind::NetworkConnect { .. } | StepKind::NetworkDisconnect { .. }));
    let networks = if cuts { host.networks(project).await? } else { vec![] };
    let wipes = any(|kind| matches!(kind, StepKind::RemoveVolumes { .. } | StepKind::Down { volumes: true }));
    let volumes = if wipes { host.volumes(project).await? } else { vec![] };
    let composed = if any(|kind| matches!(kind, StepKind::Up { .. } | StepKind::Down { .. })) {
        let compose = surroundings::compose(config, header, PATIENCE);
        match compose {
            Ok(mut compose) => {
                // A file may not be readable without what it is to be given.
                let given = procedure.steps.iter().flat_map(|step| &step.secrets).cloned().collect::<Vec<_>>();
                compose.environment.extend(secrets.map(|secrets| secrets.variables(&given)).unwrap_or_default());
                match host.compose_services(&compose).await {
                    Ok(services) => Some(Ok(services)),
                    Err(error @ HostError::Unreachable(_)) => return Err(error),
                    Err(error) => Some(Err(error.to_string())),
                }
            }
            // The step itself says what is missing.
            Err(_) => None,
        }
    } else {
        None
    };
    Ok(Seen { host: name, containers, networks, volumes, composed })
}

fn url_of(kind: &StepKind) -> Option<&str> {
    match kind {
        StepKind::Http { url, .. } => Some(url),
        StepKind::WaitUntil { probe: Probe::HttpNumber { url, .. }, .. } => Some(url),
        _ => None,
    }
}

/// Services that take the place of those the plan names: (the plan's, the chosen).
fn chosen(header: &RunHeader) -> Vec<(&str, &str)> {
    let parameters = header.procedure.parameters.iter().filter(|p| matches!(p.choices, Choices::Services { .. }));
    parameters.filter_map(|p| Some((p.default.as_str(), header.parameters.get(&p.name)?.as_str()))).collect()
}

/// One look at the host, through the eyes of one step.
struct View<'a> {
    config: &'a Config,
    header: &'a RunHeader,
    project: &'a str,
    seen: &'a Seen,
    chosen: &'a [(&'a str, &'a str)],
    approved: Option<&'a Resolution>,
    secrets: Option<&'a Secrets>,
    /// A step before may make containers anew: what is meant then is the service, whatever container it has.
    renewed: bool,
}

/// What a step means.
#[derive(Default)]
struct Meant {
    objects: Vec<ResolvedObject>,
    /// Where an archive goes.
    into: Option<PathBuf>,
}

impl From<Vec<ResolvedObject>> for Meant {
    fn from(objects: Vec<ResolvedObject>) -> Self {
        Self { objects, into: None }
    }
}

impl View<'_> {
    /// The error is a sentence that begins with the step.
    async fn step(&self, step: &Step) -> Result<ResolvedStep, String> {
        if let Some(why) = step.unavailable.clone().or_else(|| cannot_run(&step.kind)) {
            return Err(format!("Step {} cannot be run: {why}.", step.number));
        }
        let meant = self.meant(step).await.map_err(|why| format!("Step {} {why}.", step.number))?;
        let secrets = match self.secrets {
            Some(secrets) => secrets.resolve(step),
            None => Secrets::default().resolve(step),
        };
        let secrets = secrets.map_err(|why| format!("Step {} {why}.", step.number))?;
        Ok(ResolvedStep {
            number: step.number,
            secrets,
            effect: effect(self.config, step, &meant.objects, meant.into.as_deref()),
            has_effect: step.kind.has_effect(),
            destructive: step.cannot_be_undone(),
            objects: meant.objects,
            tables: vec![],
            by_hand: None,
        })
    }

    async fn meant(&self, step: &Step) -> Result<Meant, String> {
        Ok(match &step.kind {
            StepKind::Inspect { services }
            | StepKind::Logs { services, .. }
            | StepKind::Restart { services }
            | StepKind::Stop { services }
            | StepKind::Start { services } => self.services(services)?.into(),
            StepKind::Http { url, .. } | StepKind::WaitUntil { probe: Probe::HttpNumber { url, .. }, .. } => {
                vec![self.listener(step.number, url)?].into()
            }
            StepKind::Exec { service, .. } | StepKind::Sql { service, .. } => {
                let found = self.services(std::slice::from_ref(service))?;
                found.into_iter().take(1).collect::<Vec<_>>().into()
            }
            StepKind::NetworkConnect { network, container } | StepKind::NetworkDisconnect { network, container } => {
                vec![self.container_named(container)?, self.network(network)?].into()
            }
            StepKind::RemoveVolumes { volumes } => self.volumes(volumes)?.into(),
            StepKind::Up { services } => self.up(services).await?.into(),
            StepKind::Down { volumes } => self.down(*volumes).await?.into(),
            StepKind::Script { path, .. } => self.script(path).await?.into(),
            StepKind::Extract { archive, into } => self.extract(step.number, archive, into.as_deref()).await?,
            StepKind::Notify { .. } | StepKind::Manual {} => Meant::default(),
            StepKind::Shell {} => return Err("cannot be run".into()),
        })
    }

    /// In the order given; none given means all, as Compose has it.
    fn services(&self, names: &[String]) -> Result<Vec<ResolvedObject>, String> {
        if self.renewed {
            return self.late_services(names);
        }
        let containers = &self.seen.containers;
        if containers.is_empty() {
            return Err(format!(
                "needs containers, but the project {} has none on host {}",
                self.project, self.seen.host
            ));
        }
        if names.is_empty() {
            return Ok(containers.iter().map(|c| object(c, None)).collect());
        }
        let mut found: Vec<ResolvedObject> = vec![];
        for name in names {
            let mut any = false;
            for container in containers.iter().filter(|c| c.service.as_deref() == Some(name)) {
                any = true;
                if !found.iter().any(|o| o.id == container.id) {
                    found.push(object(container, None));
                }
            }
            if !any {
                return Err(self.no_such_service(name, &self.service_names()));
            }
        }
        Ok(found)
    }

    fn no_such_service(&self, name: &str, there: &[String]) -> String {
        let there = if there.is_empty() { "none".to_owned() } else { list(there) };
        format!(
            "names the service \"{name}\", which has no container in the project {} on host {}; there is {there}",
            self.project, self.seen.host,
        )
    }

    fn listener(&self, step: u32, url: &str) -> Result<ResolvedObject, String> {
        match address::target(url)? {
            Target::Published(port) => {
                let publishes = |c: &&Container| c.ports.iter().any(|p| p.host == port);
                let Some(container) = self.seen.containers.iter().find(publishes) else {
                    // A step before has taken its container away: which service publishes the port was agreed on.
                    if let Some(approved) = self.approved_service(step) {
                        return Ok(approved);
                    }
                    return Err(format!(
                        "asks {url}, but no container of the project {} publishes port {port} on host {}; {}",
                        self.project,
                        self.seen.host,
                        self.published()
                    ));
                };
                let own = container.ports.iter().find(|p| p.host == port).map(|p| p.container);
                // The plan's address means the plan's service; of another one it means the same port.
                let service = container.service.as_deref().unwrap_or_default();
                match self.chosen.iter().find(|(plans, _)| *plans == service) {
                    Some((_, instead)) if *instead != service => self.one_of(instead, url, own),
                    _ if self.renewed => self.one_of(service, url, own),
                    _ => Ok(object(container, own)),
                }
            }
            Target::Service { name, port } => {
                let instead = self.chosen.iter().find(|(plans, _)| *plans == name).map(|(_, instead)| *instead);
                self.one_of(instead.unwrap_or(&name), url, Some(port))
            }
        }
    }

    /// The one service that consent to the step is bound to, while its container may be gone.
    fn approved_service(&self, step: u32) -> Option<ResolvedObject> {
        let approved = self.approved.filter(|_| self.renewed)?.steps.iter().find(|s| s.number == step)?;
        let [object] = &approved.objects[..] else { return None };
        let service = late::service_of(object)?;
        let known = self.known_services().iter().any(|name| name == service);
        known.then(|| ResolvedObject { state: self.state_of(service), ..object.clone() })
    }

    fn one_of(&self, service: &str, url: &str, port: Option<u16>) -> Result<ResolvedObject, String> {
        let found = self.services(&[service.to_owned()])?;
        let [one] = &found[..] else {
            return Err(format!("asks {url}, which means {} containers", found.len()));
        };
        Ok(ResolvedObject { port, ..one.clone() })
    }

    fn service_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.seen.containers.iter().filter_map(|c| c.service.clone()).collect();
        names.dedup();
        names
    }

    fn published(&self) -> String {
        let ports = self.seen.containers.iter().flat_map(|c| {
            let name = c.service.as_deref().unwrap_or(&c.name);
            c.ports.iter().map(move |p| format!("{} ({name})", p.host))
        });
        match ports.collect::<Vec<_>>() {
            none if none.is_empty() => "it publishes none".into(),
            ports => format!("it publishes {}", list(&ports)),
        }
    }
}

fn object(container: &Container, port: Option<u16>) -> ResolvedObject {
    ResolvedObject {
        kind: ObjectKind::Container,
        id: container.id.clone(),
        name: container.name.clone(),
        service: container.service.clone(),
        image: Some(container.image.clone()),
        image_id: Some(container.image_id.clone()),
        state: Some(container.state.to_string()),
        port,
        bytes: None,
        image_digest: None,
    }
}

#[cfg(test)]
mod tests;
