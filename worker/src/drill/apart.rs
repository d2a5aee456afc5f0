//! Is a drill's target apart from everything real? Asked of Docker itself before anything is started and before each effect. Only looks.

use std::path::Path;

use shared::domain::run::RunHeader;

use crate::{
    config::Config,
    host::{Container, ContainerHost, Details, HostError, Mount},
    steps::list,
};

/// What the judgement is about, as Docker says it.
struct Seen {
    /// Names of what belongs to the target by its label.
    networks: Vec<String>,
    volumes: Vec<String>,
    target: Vec<Details>,
    /// Containers of the real project.
    real: Vec<Details>,
}

/// Nothing to say about a run that is no drill. The error completes a sentence and names what is real.
pub(crate) async fn apart(host: &dyn ContainerHost, config: &Config, header: &RunHeader) -> Result<(), String> {
    let Some(of) = &header.drill_of else { return Ok(()) };
    let seen = look(host, &header.project, of)
        .await
        .map_err(|e| format!("it cannot be seen whether the drill is apart: {e}"))?;
    let found = foreign(&seen, &header.project, of, config);
    if found.is_empty() {
        return Ok(());
    }
    Err(format!("the drill target {} is not apart from what is real: {}", header.project, list(&found)))
}

async fn look(host: &dyn ContainerHost, target: &str, real: &str) -> Result<Seen, HostError> {
    Ok(Seen {
        networks: host.networks(target).await?.into_iter().map(|n| n.name).collect(),
        volumes: host.volumes(target).await?.into_iter().map(|v| v.name).collect(),
        target: closely(host, target).await?,
        real: closely(host, real).await?,
    })
}

async fn closely(host: &dyn ContainerHost, project: &str) -> Result<Vec<Details>, HostError> {
    let mut all = vec![];
    for container in host.containers(project).await? {
        match host.container(&container.id).await {
            Ok(details) => all.push(details),
            // It went in between: then it is not there.
            Err(HostError::Gone) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn foreign(seen: &Seen, target: &str, of: &str, config: &Config) -> Vec<String> {
    let mut found = vec![];
    for one in &seen.target {
        let name = &one.container.name;
        if one.container.project.as_deref() != Some(target) {
            found.push(format!("{name} is not of {target}"));
        }
        for network in one.networks.iter().filter(|network| !seen.networks.contains(network)) {
            found.push(format!("{name} is in the network {network}"));
        }
        for mount in &one.mounts {
            match mount {
                Mount::Volume(volume) if !seen.volumes.contains(volume) && !is_anonymous(volume) => {
                    found.push(format!("{name} has the volume {volume}"));
                }
                Mount::Path(path) if !is_given(path, config) => found.push(format!(
                    "{name} has the host's path {}, which MUSTER_WORKER_DRILL_PATHS does not name",
                    path.display()
                )),
                Mount::Volume(_) | Mount::Path(_) => {}
            }
        }
        found.extend(one.shares.iter().map(|what| format!("{name} has {what}")));
    }
    for one in &seen.real {
        let name = &one.container.name;
        for network in one.networks.iter().filter(|network| seen.networks.contains(network)) {
            found.push(format!("{name} of {of} is in the network {network}"));
        }
        for mount in &one.mounts {
            if let Mount::Volume(volume) = mount
                && seen.volumes.contains(volume)
            {
                found.push(format!("{name} of {of} has the volume {volume}"));
            }
        }
    }
    found
}

/// Docker calls a volume that nobody has named by a digest; it is the container's own.
fn is_anonymous(volume: &str) -> bool {
    volume.len() == 64 && volume.bytes().all(|b| b.is_ascii_hexdigit())
}

/// In a directory that the operator has named for drills, wherever links lead.
fn is_given(path: &Path, config: &Config) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let climbs = path.components().any(|part| matches!(part, std::path::Component::ParentDir));
    !climbs && config.paths.values().any(|given| real(path).starts_with(real(given)))
}

/// The plan names ports that the real system publishes; in a drill they mean the same service's own port, reached inside the target.
pub(crate) async fn doors(host: &dyn ContainerHost, real: &str, target: &mut [Container]) -> Result<(), HostError> {
    let published = closely(host, real).await?;
    for container in target {
        let same = |d: &&Details| d.container.service == container.service && d.container.service.is_some();
        if let Some(found) = published.iter().find(same) {
            container.ports.clone_from(&found.container.ports);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::host::ContainerState;

    fn details(project: &str, networks: &[&str], mounts: Vec<Mount>) -> Details {
        Details {
            container: Container {
                id: format!("{project}-db"),
                name: format!("{project}_db_1"),
                project: Some(project.into()),
                service: Some("db".into()),
                number: 1,
                image: "i".into(),
                image_id: "i".into(),
                state: ContainerState::Created,
                unhealthy: false,
                ports: vec![],
            },
            started_at: String::new(),
            finished_at: String::new(),
            stop_timeout: Duration::from_secs(1),
            networks: networks.iter().map(|n| (*n).to_owned()).collect(),
            mounts,
            shares: vec![],
            exposure: crate::host::Exposure::default(),
        }
    }

    #[test]
    fn whatever_is_real_is_named() {
        let config =
            Config { paths: [("/b".to_owned(), "/drill/b".into())].into(), ..Config::for_projects(&["x-drill"]) };
        let volume = |name: &str| Mount::Volume(name.into());
        let path = |name: &str| Mount::Path(name.into());
        let own = || details("x-drill", &["x-drill_default"], vec![volume("x-drill_data"), path("/drill/b/db")]);
        let real = || details("x", &["x_default"], vec![volume("x_data")]);
        let judge = |target: Details, real: Details| {
            let seen = Seen {
                networks: vec!["x-drill_default".into()],
                volumes: vec!["x-drill_data".into()],
                target: vec![target],
                real: vec![real],
            };
            foreign(&seen, "x-drill", "x", &config).join("; ")
        };
        assert_eq!(judge(own(), real()), "");
        assert_eq!(judge(Details { mounts: vec![volume(&"a".repeat(64))], ..own() }, real()), "");
        let shares = vec!["the host's network".to_owned()];
        let cases = [
            (Details { mounts: vec![volume("x_data")], ..own() }, real(), "has the volume x_data"),
            (Details { networks: vec!["x_default".into()], ..own() }, real(), "is in the network x_default"),
            (Details { mounts: vec![path("/var/run/docker.sock")], ..own() }, real(), "/var/run/docker.sock"),
            (Details { mounts: vec![path("/drill/b/../c")], ..own() }, real(), "/drill/b/../c"),
            (Details { mounts: vec![path("/drill/bb")], ..own() }, real(), "/drill/bb"),
            (Details { shares, ..own() }, real(), "has the host's network"),
            (own(), Details { networks: vec!["x-drill_default".into()], ..real() }, "x_db_1 of x is in the network"),
            (own(), Details { mounts: vec![volume("x-drill_data")], ..real() }, "x_db_1 of x has the volume"),
            (details("x", &[], vec![]), real(), "is not of x-drill"),
        ];
        for (target, real, part) in cases {
            let found = judge(target, real);
            assert!(found.contains(part), "{part}: {found}");
        }
    }
}
