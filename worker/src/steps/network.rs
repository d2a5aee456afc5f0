//! A container joined to or cut off a network of its project; left as it is if it is already so.

use std::time::Duration;

use shared::domain::{
    resolution::{ObjectKind, ResolvedObject},
    run::StepOutcome,
};
use tokio::time::timeout;

use super::{Probed, Step, Untouchable, look_patiently};
use crate::{host::HostError, lease::LeaseLost};

pub(super) const LIMIT: Duration = Duration::from_secs(60);

fn parts(objects: &[ResolvedObject]) -> Option<(&ResolvedObject, &ResolvedObject)> {
    let of = |kind| objects.iter().find(|o| o.kind == kind);
    Some((of(ObjectKind::Container)?, of(ObjectKind::Network)?))
}

pub(super) async fn perform(step: Step<'_>, join: bool) -> Result<StepOutcome, LeaseLost> {
    let failed = |reason: String| Ok(StepOutcome::Failed { reason });
    let Some((container, network)) = parts(step.objects) else {
        return failed("this means no container and network; nothing was done".into());
    };
    let (name, to) = (&container.name, &network.name);
    match step.host.network(&network.id).await {
        Ok(Some(seen)) if seen.project.as_deref() == Some(step.project) => {}
        Ok(Some(_)) => {
            let project = step.project;
            return failed(format!("{to} does not belong to the Compose project {project}; it was not touched"));
        }
        Ok(None) => return failed(format!("the network {to} is no longer there; nothing was done")),
        Err(error) => return failed(format!("{to}: {error}; nothing was done")),
    }
    let found = match step.touch(container).await {
        Ok(found) => found,
        Err(Untouchable::Lease) => return Err(LeaseLost),
        Err(Untouchable::Foreign(why)) => return failed(why),
        Err(Untouchable::Host(error)) => return failed(format!("{name}: {error}; it was not touched")),
    };
    let done = if join { format!("{name} is in network {to}") } else { format!("{name} is cut off network {to}") };
    if found.networks.contains(to) == join {
        return Ok(StepOutcome::Succeeded { evidence: format!("{done}, as it already was") });
    }
    let doing = if join { "Joining" } else { "Cutting" };
    step.output.say(&format!("{doing} {name} {} network {to}", if join { "to" } else { "off" })).await;
    let aliases = found.container.service.clone().into_iter().collect();
    let asked = async {
        if join {
            step.host.network_connect(&network.id, &container.id, aliases).await
        } else {
            step.host.network_disconnect(&network.id, &container.id).await
        }
    };
    let why = match timeout(LIMIT, asked).await {
        Ok(Ok(())) => return Ok(StepOutcome::Succeeded { evidence: done }),
        Ok(Err(HostError::Refused(why))) => return failed(format!("Docker says: {why}")),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("Docker was not done within {} s", LIMIT.as_secs()),
    };
    Ok(match look_patiently(step.host, &container.id).await {
        Ok(now) if now.networks.contains(to) == join => {
            StepOutcome::Succeeded { evidence: format!("{done}, although Docker did not answer meanwhile") }
        }
        Ok(_) => StepOutcome::Failed { reason: why },
        Err(error) => StepOutcome::Unknown { reason: format!("{why}; {name} could not be looked at again: {error}") },
    })
}

pub(super) async fn probe(step: Step<'_>, join: bool) -> Probed {
    let Some((container, network)) = parts(step.objects) else { return Probed::Again };
    match look_patiently(step.host, &container.id).await {
        Ok(now) if now.networks.contains(&network.name) == join => {
            let how = if join { "in" } else { "cut off" };
            Probed::Done {
                evidence: format!("found {} {how} network {} after the worker came back", container.name, network.name),
            }
        }
        Ok(_) | Err(HostError::Gone) => Probed::Again,
        Err(error) => Probed::Unknown { reason: error.to_string() },
    }
}
