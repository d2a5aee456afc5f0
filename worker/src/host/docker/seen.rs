//! What Docker says of containers, in our own words. Asks nothing.

use std::{collections::HashMap, time::Duration};

use bollard::models::{ContainerInspectResponse, ContainerSummary, HostConfig, MountPoint, PortBinding, PortMap};

use super::{PROJECT, SERVICE};
use crate::host::{Container, ContainerState, Details, Exposure, Mount, Port};

const NUMBER: &str = "com.docker.compose.container-number";
/// What Docker gives a container that asks for nothing else.
const DEFAULT_STOP_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn container(seen: ContainerSummary) -> Container {
    let labels = seen.labels.unwrap_or_default();
    // A linked container has further names with a slash inside.
    let names = seen.names.unwrap_or_default();
    let name = names.iter().map(|n| n.trim_start_matches('/')).find(|n| !n.contains('/')).unwrap_or_default();
    let status = seen.status.unwrap_or_default();
    let ports = seen.ports.unwrap_or_default();
    let mut ports: Vec<_> =
        ports.iter().filter_map(|p| Some(Port { host: p.public_port?, container: p.private_port })).collect();
    // One line per address family.
    ports.sort_by_key(|p| (p.host, p.container));
    ports.dedup();
    Container {
        id: seen.id.unwrap_or_default(),
        name: name.to_owned(),
        project: labels.get(PROJECT).cloned(),
        service: labels.get(SERVICE).cloned(),
        number: number(&labels),
        image: seen.image.unwrap_or_default(),
        image_id: seen.image_id.unwrap_or_default(),
        state: state(seen.state.map(|s| s.to_string()).as_deref(), exit_code(&status)),
        unhealthy: status.ends_with("(unhealthy)"),
        ports,
    }
}

pub(super) fn details(seen: ContainerInspectResponse) -> Details {
    let config = seen.config.unwrap_or_default();
    let labels = config.labels.unwrap_or_default();
    let lived = seen.state.unwrap_or_default();
    let state = state(lived.status.map(|s| s.to_string()).as_deref(), lived.exit_code);
    let health = lived.health.and_then(|health| health.status).map(|status| status.to_string());
    let networks = seen.network_settings.as_ref().and_then(|n| n.networks.as_ref());
    let mut networks: Vec<_> = networks.into_iter().flat_map(HashMap::keys).cloned().collect();
    networks.sort();
    let mounts = seen.mounts.unwrap_or_default().into_iter().filter_map(mount).collect();
    let shares = seen.host_config.as_ref().map(shares).unwrap_or_default();
    let ports = if state.running() {
        seen.network_settings.and_then(|n| n.ports).unwrap_or_default()
    } else {
        seen.host_config.and_then(|h| h.port_bindings).unwrap_or_default()
    };
    let stop_timeout = config.stop_timeout.and_then(|s| u64::try_from(s).ok());
    Details {
        container: Container {
            id: seen.id.unwrap_or_default(),
            name: seen.name.unwrap_or_default().trim_start_matches('/').to_owned(),
            project: labels.get(PROJECT).cloned(),
            service: labels.get(SERVICE).cloned(),
            number: number(&labels),
            image: config.image.unwrap_or_default(),
            image_id: seen.image.unwrap_or_default(),
            state,
            unhealthy: state.running() && health.as_deref() == Some("unhealthy"),
            ports: published(&ports),
        },
        started_at: lived.started_at.unwrap_or_default(),
        finished_at: lived.finished_at.unwrap_or_default(),
        stop_timeout: stop_timeout.map_or(DEFAULT_STOP_TIMEOUT, Duration::from_secs),
        networks,
        mounts,
        shares,
        exposure: Exposure { user: config.user.unwrap_or_default(), open_ports: open(&ports) },
    }
}

fn mount(seen: MountPoint) -> Option<Mount> {
    match seen.typ.map(|kind| kind.to_string()).as_deref() {
        Some("volume") => seen.name.map(Mount::Volume),
        // Memory of its own.
        Some("tmpfs") => None,
        _ => seen.source.map(|path| Mount::Path(path.into())),
    }
}

/// What keeps a container from being apart from everything else on its host.
fn shares(seen: &HostConfig) -> Vec<String> {
    let mut found = vec![];
    for (what, mode) in [("network", &seen.network_mode), ("processes", &seen.pid_mode), ("memory", &seen.ipc_mode)] {
        match mode.as_deref() {
            Some("host") => found.push(format!("the host's {what}")),
            Some(other) if other.starts_with("container:") => found.push(format!("the {what} of another container")),
            _ => {}
        }
    }
    if seen.privileged == Some(true) {
        found.push("all rights on the host (privileged)".into());
    }
    if seen.devices.as_ref().is_some_and(|devices| !devices.is_empty()) {
        found.push("devices of the host".into());
    }
    if seen.volumes_from.as_ref().is_some_and(|from| !from.is_empty()) {
        found.push("the volumes of another container".into());
    }
    if seen.links.as_ref().is_some_and(|links| !links.is_empty()) {
        found.push("links to other containers".into());
    }
    found
}

fn published(map: &PortMap) -> Vec<Port> {
    let mut found = vec![];
    for (key, bindings) in map {
        let Some(container) = key.strip_suffix("/tcp").and_then(|p| p.parse().ok()) else { continue };
        let hosts = bindings.iter().flatten().filter_map(|b| b.host_port.as_deref()?.parse().ok());
        found.extend(hosts.filter(|host| *host != 0).map(|host| Port { host, container }));
    }
    found.sort_by_key(|p| (p.host, p.container));
    found.dedup();
    found
}

/// As Docker writes what is bound to no address in particular.
fn open(map: &PortMap) -> Vec<String> {
    let everywhere = |b: &PortBinding| b.host_ip.as_deref().is_none_or(|ip| matches!(ip, "" | "0.0.0.0" | "::"));
    let open = |bound: &Option<Vec<PortBinding>>| bound.iter().flatten().any(everywhere);
    let mut found: Vec<_> = map.iter().filter(|(_, bound)| open(bound)).map(|(port, _)| port.clone()).collect();
    found.sort();
    found
}

pub(super) fn bindings(seen: &ContainerInspectResponse, port: u16) -> &[PortBinding] {
    let ports = seen.network_settings.as_ref().and_then(|n| n.ports.as_ref());
    ports.and_then(|p| p.get(&format!("{port}/tcp"))?.as_deref()).unwrap_or_default()
}

/// The container's own addresses, one per network it is in.
pub(super) fn addresses(seen: &ContainerInspectResponse) -> Vec<String> {
    let networks = seen.network_settings.as_ref().and_then(|n| n.networks.as_ref());
    let mut found: Vec<_> = networks
        .into_iter()
        .flat_map(HashMap::values)
        .filter_map(|n| n.ip_address.clone())
        .filter(|ip| !ip.is_empty())
        .collect();
    found.sort();
    found
}

fn number(labels: &HashMap<String, String>) -> u32 {
    labels.get(NUMBER).and_then(|n| n.parse().ok()).unwrap_or(1)
}

fn state(name: Option<&str>, exit_code: Option<i64>) -> ContainerState {
    match name {
        Some("running") => ContainerState::Running,
        Some("paused") => ContainerState::Paused,
        Some("restarting") => ContainerState::Restarting,
        Some("removing") => ContainerState::Removing,
        Some("created") => ContainerState::Created,
        Some("exited") => ContainerState::Exited(exit_code),
        _ => ContainerState::Dead,
    }
}

/// "Exited (137) 3 minutes ago" → 137: the list has the code nowhere else.
fn exit_code(status: &str) -> Option<i64> {
    status.strip_prefix("Exited (")?.split(')').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_status_tells_the_exit_code() {
        let cases = [
            ("Exited (137) 3 minutes ago", Some(137)),
            ("Exited (0) About an hour ago", Some(0)),
            ("Up 5 minutes", None),
        ];
        for (status, code) in cases {
            assert_eq!(exit_code(status), code, "{status}");
        }
    }
}
