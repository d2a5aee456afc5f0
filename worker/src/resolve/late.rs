//! Services whose containers an earlier step may make anew: consent binds to the service of the project, and which container
//! that is gets looked up right before the step.

use shared::{
    domain::resolution::{ObjectKind, ResolvedObject},
    plan::StepKind,
};

use super::{View, object};
use crate::host::{ContainerHost, HostError, Network};

const SERVICE: &str = "service:";
const NETWORK: &str = "network:";

/// True if containers may have other ids after the step.
pub(super) fn renews(kind: &StepKind) -> bool {
    matches!(kind, StepKind::Up { .. } | StepKind::Down { .. } | StepKind::Script { .. })
}

pub(crate) fn service(name: &str, port: Option<u16>, state: Option<String>) -> ResolvedObject {
    ResolvedObject {
        kind: ObjectKind::Container,
        id: format!("{SERVICE}{name}"),
        name: format!("service {name}"),
        service: Some(name.to_owned()),
        image: None,
        image_id: None,
        state,
        port,
        bytes: None,
        image_digest: None,
    }
}

pub(super) fn network(name: &str, key: &str) -> ResolvedObject {
    ResolvedObject {
        kind: ObjectKind::Network,
        id: format!("{NETWORK}{key}"),
        name: name.to_owned(),
        ..service(name, None, None)
    }
}

/// The service, if that is what consent is bound to.
pub(crate) fn service_of(object: &ResolvedObject) -> Option<&str> {
    object.id.strip_prefix(SERVICE)
}

impl View<'_> {
    pub(super) fn late_services(&self, names: &[String]) -> Result<Vec<ResolvedObject>, String> {
        let known = self.known_services();
        if let Some(name) = names.iter().find(|name| !known.contains(name)) {
            return Err(self.no_such_service(name, &known));
        }
        let named = if names.is_empty() { &known } else { names };
        if named.is_empty() {
            return Err(format!(
                "needs services, but the project {} has none on host {}",
                self.project, self.seen.host
            ));
        }
        Ok(named.iter().map(|name| service(name, None, self.state_of(name))).collect())
    }

    /// Of the Compose file, else those that have containers.
    pub(super) fn known_services(&self) -> Vec<String> {
        match &self.seen.composed {
            Some(Ok(services)) => {
                let mut services = services.clone();
                services.sort();
                services
            }
            _ => self.service_names(),
        }
    }

    pub(super) fn state_of(&self, name: &str) -> Option<String> {
        let container = self.seen.containers.iter().find(|c| c.service.as_deref() == Some(name));
        Some(container.map_or_else(|| "no container".to_owned(), |c| c.state.to_string()))
    }
}

/// What the approved objects are at this moment. The error is a sentence.
pub(crate) async fn bind(
    host: &dyn ContainerHost,
    project: &str,
    objects: &[ResolvedObject],
) -> Result<Vec<ResolvedObject>, String> {
    let mut bound = vec![];
    for approved in objects {
        if let Some(service) = service_of(approved) {
            let found = host.containers(project).await.map_err(|e| e.to_string())?;
            let found = found.iter().filter(|c| c.service.as_deref() == Some(service));
            let found: Vec<_> = found.map(|c| ResolvedObject { port: approved.port, ..object(c, None) }).collect();
            if found.is_empty() {
                return Err(format!("the service {service} has no container now; nothing was done"));
            }
            bound.extend(found);
        } else if let Some(key) = approved.id.strip_prefix(NETWORK) {
            let found = host.networks(project).await.map_err(|e: HostError| e.to_string())?;
            let is_meant = |n: &&Network| n.key.as_deref() == Some(key) || n.name == key;
            let Some(found) = found.iter().find(is_meant) else {
                return Err(format!("the network {} is not there now; nothing was done", approved.name));
            };
            bound.push(ResolvedObject { id: found.id.clone(), name: found.name.clone(), ..approved.clone() });
        } else {
            bound.push(approved.clone());
        }
    }
    Ok(bound)
}
