//! Names in steps → objects of the live host: the blast radius. Only looks, and finds nothing outside the Compose project.

mod address;

use std::time::Duration;

use shared::{
    domain::{
        resolution::{ObjectKind, Resolution, ResolvedObject, ResolvedStep},
        run::RunHeader,
    },
    plan::{Choices, Condition, Probe, Procedure, Step, StepKind},
    timestamp::{Timestamp, human_seconds},
};

use self::address::Target;
use crate::{
    host::{Container, ContainerHost, HostError},
    steps::{cannot_run, list},
};

/// How long a Docker that is being restarted is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(300);

/// The error is for the person who asked: what was looked for, what there is, what to do.
pub(crate) async fn resolve(
    host: &dyn ContainerHost,
    header: &RunHeader,
    now: Timestamp,
) -> Result<Resolution, String> {
    let (project, procedure) = (header.project.as_str(), &header.meant());
    let until = tokio::time::Instant::now() + PATIENCE;
    let (name, containers) = loop {
        match look(host, project, procedure).await {
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
    let view = View { host: &name, project, containers: &containers, chosen: &chosen(header) };
    let (steps, problems): (Vec<_>, Vec<_>) =
        procedure.steps.iter().map(|step| view.step(step)).partition(Result::is_ok);
    let problems: Vec<_> = problems.into_iter().filter_map(Result::err).collect();
    if !problems.is_empty() {
        return Err(format!("{} Nothing was done.", problems.join(" ")));
    }
    let steps = steps.into_iter().filter_map(Result::ok).collect();
    Ok(Resolution { taken_at: now, host: name, project: project.to_owned(), steps })
}

/// The host's name and the project's containers, with the ports that stopped ones will publish.
async fn look(
    host: &dyn ContainerHost,
    project: &str,
    procedure: &Procedure,
) -> Result<(String, Vec<Container>), HostError> {
    let (described, containers) = tokio::join!(host.describe(), host.containers(project));
    let (name, mut containers) = (described?.name, containers?);
    if procedure.steps.iter().any(|step| url_of(&step.kind).is_some()) {
        for stopped in containers.iter_mut().filter(|c| !c.state.running()) {
            match host.container(&stopped.id).await {
                Ok(details) => stopped.ports = details.container.ports,
                // Removed a moment ago: then nothing resolves to it, and the guard would notice.
                Err(HostError::Gone) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok((name, containers))
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

/// One look at the host.
struct View<'a> {
    chosen: &'a [(&'a str, &'a str)],
    host: &'a str,
    project: &'a str,
    containers: &'a [Container],
}

impl View<'_> {
    /// The error is a sentence that begins with the step.
    fn step(&self, step: &Step) -> Result<ResolvedStep, String> {
        let of_step = |why: String| format!("Step {} {why}.", step.number);
        if let Some(why) = step.unavailable.clone().or_else(|| cannot_run(&step.kind)) {
            return Err(format!("Step {} cannot be run: {why}.", step.number));
        }
        let objects = match &step.kind {
            StepKind::Inspect { services }
            | StepKind::Logs { services, .. }
            | StepKind::Restart { services }
            | StepKind::Stop { services }
            | StepKind::Start { services } => self.services(services).map_err(of_step)?,
            other => match url_of(other) {
                Some(url) => vec![self.listener(url).map_err(of_step)?],
                None => return Err(format!("Step {} cannot be run yet.", step.number)),
            },
        };
        Ok(ResolvedStep {
            number: step.number,
            effect: effect(&step.kind, &objects),
            has_effect: step.kind.has_effect(),
            destructive: step.destructive,
            objects,
        })
    }

    /// In the order given; none given means all, as Compose has it.
    fn services(&self, names: &[String]) -> Result<Vec<ResolvedObject>, String> {
        if self.containers.is_empty() {
            return Err(format!("needs containers, but the project {} has none on host {}", self.project, self.host));
        }
        if names.is_empty() {
            return Ok(self.containers.iter().map(|c| object(c, None)).collect());
        }
        let mut found: Vec<ResolvedObject> = vec![];
        for name in names {
            let mut any = false;
            for container in self.containers.iter().filter(|c| c.service.as_deref() == Some(name)) {
                any = true;
                if !found.iter().any(|o| o.id == container.id) {
                    found.push(object(container, None));
                }
            }
            if !any {
                return Err(format!(
                    "names the service \"{name}\", which has no container in the project {} on host {}; there is {}",
                    self.project,
                    self.host,
                    list(&self.service_names())
                ));
            }
        }
        Ok(found)
    }

    fn listener(&self, url: &str) -> Result<ResolvedObject, String> {
        match address::target(url)? {
            Target::Published(port) => {
                let publishes = |c: &&Container| c.ports.iter().any(|p| p.host == port);
                let Some(container) = self.containers.iter().find(publishes) else {
                    return Err(format!(
                        "asks {url}, but no container of the project {} publishes port {port} on host {}; {}",
                        self.project,
                        self.host,
                        self.published()
                    ));
                };
                let own = container.ports.iter().find(|p| p.host == port).map(|p| p.container);
                // The plan's address means the plan's service; of another one it means the same port.
                let service = container.service.as_deref().unwrap_or_default();
                match self.chosen.iter().find(|(plans, _)| *plans == service) {
                    Some((_, instead)) if *instead != service => self.one_of(instead, url, own),
                    _ => Ok(object(container, own)),
                }
            }
            Target::Service { name, port } => {
                let instead = self.chosen.iter().find(|(plans, _)| *plans == name).map(|(_, instead)| *instead);
                self.one_of(instead.unwrap_or(&name), url, Some(port))
            }
        }
    }

    fn one_of(&self, service: &str, url: &str, port: Option<u16>) -> Result<ResolvedObject, String> {
        let found = self.services(&[service.to_owned()])?;
        let [one] = &found[..] else {
            return Err(format!("asks {url}, which means {} containers", found.len()));
        };
        Ok(ResolvedObject { port, ..one.clone() })
    }

    fn service_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.containers.iter().filter_map(|c| c.service.clone()).collect();
        names.dedup();
        names
    }

    fn published(&self) -> String {
        let ports = self.containers.iter().flat_map(|c| {
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
    }
}

fn effect(kind: &StepKind, objects: &[ResolvedObject]) -> String {
    let names: Vec<_> = objects.iter().map(|o| o.name.as_str()).collect();
    let containers = format!("container{} {}", if names.len() == 1 { "" } else { "s" }, list(&names));
    let by = || format!("{}, port {}", list(&names), objects.first().and_then(|o| o.port).unwrap_or_default());
    match kind {
        StepKind::Inspect { .. } => format!("Looks at {containers}"),
        StepKind::Logs { tail: Some(tail), .. } => format!("Reads the last {tail} log lines of {containers}"),
        StepKind::Logs { tail: None, .. } => format!("Reads the log of {containers}"),
        StepKind::Restart { .. } => format!("Restarts {containers}"),
        StepKind::Stop { .. } => format!("Stops {containers}"),
        StepKind::Start { .. } => format!("Starts {containers}"),
        StepKind::Http { method, url } => format!("Sends {method} {url} to {}", by()),
        StepKind::WaitUntil { probe: Probe::HttpNumber { url, filter }, condition, timeout_seconds, .. } => {
            let limit = human_seconds(i64::try_from(*timeout_seconds).unwrap_or(i64::MAX));
            let what = match (condition, filter) {
                (Condition::Answers, _) => format!("{url} answers"),
                (Condition::Grows, Some(filter)) => format!("\"{filter}\" at {url} grows"),
                (Condition::Grows, None) => format!("the number at {url} grows"),
            };
            format!("Waits at most {limit} until {what}, asking {}", by())
        }
        other => format!("{} of {containers}", other.name()),
    }
}

#[cfg(test)]
mod tests;
