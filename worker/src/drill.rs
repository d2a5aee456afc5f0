//! A drill's target: made anew before anything is looked up, apart from everything real, removed when the run has ended. What is done in it
//! is the steps'; nothing here touches what has not the target's own project as its label.

mod apart;

use std::time::Duration;

use serde_json::json;
use shared::{
    api::live::Topic,
    domain::{
        drill,
        incident::{IncidentEvent, RunMoment},
        run::Run,
    },
};
use store::{Claimed, JobKind};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

pub(crate) use self::apart::{apart, doors};
use crate::{
    Worker,
    config::Config,
    host::{Compose, Container, ContainerHost, ContainerState, HostError, Verb},
    journal::Halt,
    lease::Lease,
    output::{self, Output},
    steps::{
        compose::trouble,
        list,
        relay::{WAITING, relay},
    },
    surroundings,
};

/// For pulling images and making everything.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// How long containers may take until they run and none says of itself that it is not well.
const SETTLES: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(300);
/// Between attempts to remove what Docker does not let go.
const AGAIN_SECONDS: f64 = 10.0;

/// Makes the target from nothing and starts it once it is known to be apart. What it prints stands in the run's output before the first
/// step. The inner error is for the person who asked.
pub(crate) async fn raise(
    worker: &Worker,
    run: &Run,
    of: &str,
    config: &Config,
    fence: i64,
    lease: &Lease,
) -> Result<Result<(), String>, Halt> {
    let (output, lines) = Output::new(0, 1);
    let header = &run.header;
    let raising = async {
        let output = output;
        let compose = match surroundings::compose(config, header, LIMIT) {
            Ok(compose) => compose,
            Err(why) => return Ok(Err(format!("The drill {why}. Nothing was done."))),
        };
        output.say(&format!("Making the drill target {}. {of} is not touched.", header.project)).await;
        let made = make(worker, config, run, &compose, lease, &output).await;
        lease.check()?;
        if worker.stopping.is_cancelled() {
            return Err(Halt::Stopping);
        }
        Ok(made.map_err(|why| {
            format!("The drill target could not be made: {}. Nothing of {of} was touched.", why.trim_end_matches('.'))
        }))
    };
    let writing = output::write(&worker.store, header.id, header.number, fence, lease, lines);
    tokio::join!(raising, writing).0
}

async fn make(
    worker: &Worker,
    config: &Config,
    run: &Run,
    compose: &Compose,
    lease: &Lease,
    output: &Output,
) -> Result<(), String> {
    let (host, project) = (&*worker.host, run.header.project.as_str());
    let left = remove(host, project).await.map_err(|e| e.to_string())?;
    if !left.is_empty() {
        return Err(format!("of an earlier drill {} could not be removed", list(&left)));
    }
    composed(worker, compose, &Verb::Create, lease, output).await?;
    // Made, and not started: what is not apart never runs.
    apart(host, config, &run.header).await?;
    composed(worker, compose, &Verb::Up { services: vec![] }, lease, output).await?;
    settled(host, project).await?;
    output.say("The drill target stands.").await;
    Ok(())
}

/// Ends early with the lease, or when the worker stops.
async fn composed(
    worker: &Worker,
    compose: &Compose,
    verb: &Verb,
    lease: &Lease,
    output: &Output,
) -> Result<(), String> {
    let (to, from) = mpsc::channel(WAITING);
    let cancelled = CancellationToken::new();
    let compose = Compose { cancelled: cancelled.clone(), ..compose.clone() };
    let running = async { tokio::join!(worker.host.compose(&compose, verb, to), relay(output, from)) };
    tokio::pin!(running);
    let (ended, said) = tokio::select! {
        done = &mut running => done,
        () = async { tokio::select! { () = lease.lost() => {}, () = worker.stopping.cancelled() => {} } } => {
            cancelled.cancel();
            running.await
        }
    };
    match trouble(ended, &said, compose.limit) {
        None => Ok(()),
        Some(why) => Err(why),
    }
}

async fn settled(host: &dyn ContainerHost, project: &str) -> Result<(), String> {
    let until = Instant::now() + SETTLES;
    let well = |c: &Container| match c.state {
        ContainerState::Running => !c.unhealthy,
        state => state == ContainerState::Exited(Some(0)),
    };
    loop {
        let all = host.containers(project).await.map_err(|e| e.to_string())?;
        let bad: Vec<_> = all.iter().filter(|c| !well(c)).map(|c| format!("{} ({})", c.name, c.state)).collect();
        match (all.is_empty(), bad.is_empty()) {
            (true, _) => return Err("its Compose file makes no container".into()),
            (false, true) => return Ok(()),
            (false, false) if Instant::now() > until => {
                return Err(format!("within {} s these did not come up: {}", SETTLES.as_secs(), list(&bad)));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Everything that has the project's label: containers, then networks and volumes. What could not be removed, by name.
async fn remove(host: &dyn ContainerHost, project: &str) -> Result<Vec<String>, HostError> {
    for container in host.containers(project).await? {
        no_more(host.container_remove(&container.id).await)?;
    }
    for network in host.networks(project).await? {
        no_more(host.network_remove(&network.id).await)?;
    }
    for volume in host.volumes(project).await? {
        no_more(host.volume_remove(&volume.name).await)?;
    }
    let mut left: Vec<_> = host.containers(project).await?.into_iter().map(|c| c.name).collect();
    left.extend(host.networks(project).await?.into_iter().map(|n| n.name));
    left.extend(host.volumes(project).await?.into_iter().map(|v| v.name));
    Ok(left)
}

/// What Docker does not let go is found by looking afterwards; only a Docker that does not answer ends this.
fn no_more(removed: Result<(), HostError>) -> Result<(), HostError> {
    match removed {
        Err(error @ HostError::Unreachable(_)) => Err(error),
        _ => Ok(()),
    }
}

/// The last job of a drill's run: its target is removed, and what is left is asked for by label and written down.
pub(crate) async fn clear(worker: &Worker, claimed: Claimed) -> Result<(), Halt> {
    let record = worker.store.run_fetch(claimed.run).await?;
    let header = &record.run.header;
    // The row names it; the worker knows by itself what a drill may be in.
    let ours = header.drill_of.as_ref().filter(|of| {
        drill::target(of) == header.project && worker.config.projects.contains(of) && record.run.ended_at.is_some()
    });
    let left = match ours {
        Some(_) => remove(&*worker.host, &header.project).await,
        None => Ok(vec![]),
    };
    let mut tx = worker.store.begin().await?;
    let left = match left {
        Ok(left) => left,
        Err(error) => {
            tracing::warn!(run = header.number, %error, "the drill target could not be removed yet");
            tx.job_add_later(claimed.run, JobKind::Clear, AGAIN_SECONDS).await?;
            return Ok(tx.commit().await?);
        }
    };
    if !tx.drill_cleared(claimed.run, claimed.fence, &left).await? {
        return Err(Halt::Lost);
    }
    let text = match left.as_slice() {
        [] => format!("The drill target {} was removed; nothing of it is left", header.project),
        some => format!("The drill target {} was removed, but this is left: {}", header.project, list(some)),
    };
    tracing::info!(run = header.number, left = left.len(), "drill target removed");
    tx.audit(&worker.actor, "drill.target-removed", format!("run {}", header.number), json!({ "left": left }));
    let (number, procedure) = (header.number, header.procedure.title.clone());
    let locked = tx.incident_lock_id(header.incident).await?;
    let event = IncidentEvent::Run { number, procedure, moment: RunMoment::Cleared, text };
    tx.incident_append(&locked, &locked.incident, &event, &worker.actor).await?;
    tx.live(Topic::Incident { number: record.incident_number });
    tx.live(Topic::Run { number, incident: record.incident_number });
    tx.live(Topic::Drills {});
    Ok(tx.commit().await?)
}
