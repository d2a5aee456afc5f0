//! What an audit of security asks of a host: what the project's containers may, reach and show. Only looks; judges nothing.

use std::{path::Path, time::Duration};

use shared::domain::inspection::hardening::{ContainerFacts, HostFacts, Looked};
use store::StoreError;

use crate::{
    Worker,
    host::{ContainerHost, Details, HostError, Mount},
};

/// Between looks for one that waits.
const IDLE: Duration = Duration::from_secs(1);
/// Where Docker listens: whoever has one of these, or a directory above it, can do everything on the host.
const SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/docker.sock"];

/// Until the worker stops.
pub(crate) async fn keep_inspecting(worker: &Worker) {
    let mut silent = false;
    while !worker.stopping.is_cancelled() {
        match one(worker).await {
            Ok(true) => {
                silent = false;
                continue;
            }
            Ok(false) => silent = false,
            Err(error) => {
                if !std::mem::replace(&mut silent, true) {
                    tracing::warn!(%error, "cannot ask for hosts to look at; trying on");
                }
            }
        }
        let _ = tokio::time::timeout(IDLE, worker.stopping.cancelled()).await;
    }
}

/// Takes one and looks. False if there was none.
async fn one(worker: &Worker) -> Result<bool, StoreError> {
    let stand = worker.stand().await?;
    let here = worker.config.host.as_deref().or(stand.name());
    let (name, lease) = (&worker.config.name, worker.timing.lease);
    let Some(due) = worker.store.inspection_claim(name, &worker.config.projects, here, lease).await? else {
        return Ok(false);
    };
    // What takes longer than the lease another worker may take up; the first answer counts.
    let found: Looked = match tokio::time::timeout(lease, look(&*worker.host, &due.project)).await {
        Ok(found) => found.map_err(|error| format!("The worker {name} could not look: {error}.")),
        Err(_) => Err(format!("Docker did not answer the worker {name} within {} s.", lease.as_secs())),
    };
    worker.store.inspection_looked(name, &due, &found).await?;
    Ok(true)
}

async fn look(host: &dyn ContainerHost, project: &str) -> Result<HostFacts, HostError> {
    let described = host.describe().await?;
    let mut containers = vec![];
    for container in host.containers(project).await? {
        let details = match host.container(&container.id).await {
            // It went while we looked.
            Err(HostError::Gone) => continue,
            details => details?,
        };
        // What was made here has no registry that could turn its name to something else.
        let floating = !details.container.image.contains("@sha256:")
            && host.image_digest(&details.container.image_id).await?.is_some();
        containers.push(facts(details, floating));
    }
    Ok(HostFacts { host: described.name, docker: described.version, containers })
}

fn facts(details: Details, floating: bool) -> ContainerFacts {
    let user = details.exposure.user.split(':').next().unwrap_or_default();
    ContainerFacts {
        socket: details.mounts.iter().find_map(socket),
        root: matches!(user, "" | "0" | "root"),
        open_ports: details.exposure.open_ports,
        shares: details.shares,
        name: details.container.name,
        image: details.container.image,
        floating,
    }
}

/// The path of the host by which Docker can be reached.
fn socket(mount: &Mount) -> Option<String> {
    match mount {
        Mount::Path(path) if SOCKETS.iter().any(|socket| Path::new(socket).starts_with(path)) => {
            Some(path.display().to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::simulated::SimulatedHost;

    #[tokio::test]
    async fn what_is_open_is_named_and_what_is_not_is_left_in_peace() {
        let host = SimulatedHost::new();
        let id = host.add("x", "db", &[]);
        host.change(&id, |details| details.exposure.user = "postgres".into());
        let odd = host.add("x", "odd", &[]);
        host.change(&odd, |details| {
            details.exposure.user = "0:1000".into();
            details.exposure.open_ports = vec!["80/tcp".into()];
            details.mounts = vec![Mount::Path("/data".into()), Mount::Path("/var/run".into())];
            details.shares = vec!["devices of the host".into()];
        });
        host.add("y", "other", &[]);
        let found = look(&host, "x").await.unwrap().containers;
        assert_eq!(found.len(), 2, "of this project only");
        let (db, odd) = (&found[0], &found[1]);
        assert!(!db.root && db.socket.is_none() && db.open_ports.is_empty() && db.shares.is_empty(), "{db:?}");
        assert!(odd.root && odd.shares == ["devices of the host"] && odd.open_ports == ["80/tcp"], "{odd:?}");
        assert_eq!(odd.socket.as_deref(), Some("/var/run"), "the directory above is as good as the socket");
    }
}
