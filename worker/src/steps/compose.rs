//! The project brought up and taken down by the Compose command, with the Compose file that was approved.

use std::time::Duration;

use shared::domain::{
    resolution::{ObjectKind, ResolvedObject},
    run::StepOutcome,
};
use tokio::sync::mpsc;

use super::{
    Probed, Step, list,
    relay::{Said, WAITING, relay, span},
    volumes,
};
use crate::{
    files,
    host::{Compose, Container, ContainerState, Ended, HostError, Verb},
    lease::LeaseLost,
    resolve::late,
    surroundings,
};

pub(super) const LIMIT: Duration = Duration::from_secs(10 * 60);

fn refused(reason: String) -> Result<StepOutcome, LeaseLost> {
    Ok(StepOutcome::Failed { reason: format!("{reason}; nothing was done") })
}

/// How Compose is called, if its file is still the approved one.
async fn ready(step: Step<'_>) -> Result<Compose, String> {
    let compose = surroundings::compose(step.site.config, step.site.header, step.limit(LIMIT))
        .map_err(|why| format!("this step {why}"))?;
    let digest = files::digest(&compose.file).await?;
    let approved = step.objects.iter().find(|o| o.kind == ObjectKind::File);
    if approved.is_none_or(|o| o.id != digest || o.name != compose.file.display().to_string()) {
        return Err(format!("{} is not the file that was approved", compose.file.display()));
    }
    let mut environment = step.site.environment(step.planned.number, step.attempt);
    step.site.give(&step.planned.secrets, &mut environment)?;
    Ok(Compose { environment, cancelled: step.lease.cancelled().clone(), ..compose })
}

async fn run(step: Step<'_>, compose: &Compose, verb: &Verb) -> (Result<Ended, HostError>, Said) {
    let (to, from) = mpsc::channel(WAITING);
    tokio::join!(step.host.compose(compose, verb, to), relay(step.output, from))
}

/// `None`: it ended well.
pub(crate) fn trouble(ended: Result<Ended, HostError>, said: &Said, limit: Duration) -> Option<String> {
    match ended {
        Ok(Ended::Code(0)) => None,
        Ok(Ended::Code(code)) => Some(format!("Compose ended with exit code {code}; {}", said.tail())),
        Ok(Ended::Signal(signal)) => Some(format!("Compose was ended from outside by signal {signal}")),
        Ok(Ended::Cancelled { .. }) => Some("Compose was cancelled in the middle and was ended".into()),
        Ok(Ended::TimedOut { .. }) => Some(format!("Compose was not done within {} and was ended", span(limit))),
        Err(error) => Some(error.to_string()),
    }
}

pub(super) async fn up(step: Step<'_>, services: &[String]) -> Result<StepOutcome, LeaseLost> {
    let compose = match ready(step).await {
        Ok(compose) => compose,
        Err(why) => return refused(why),
    };
    let before = match step.host.containers(step.project).await {
        Ok(before) => before,
        Err(error) => return refused(error.to_string()),
    };
    step.lease.check()?;
    let (ended, said) = run(step, &compose, &Verb::Up { services: services.to_vec() }).await;
    if let Some(why) = trouble(ended, &said, compose.limit) {
        return Ok(StepOutcome::Failed { reason: why });
    }
    let after = match super::patiently(|| step.host.containers(step.project)).await {
        Ok(after) => after,
        Err(error) => return Ok(StepOutcome::Failed { reason: format!("it cannot be seen what runs now: {error}") }),
    };
    let named: Vec<_> = step.objects.iter().filter_map(|o| o.service.as_deref()).collect();
    let well = |c: &Container| matches!(c.state, ContainerState::Running | ContainerState::Exited(Some(0)));
    let of = |all: &[Container], service: &str| {
        let mut found = all.iter().filter(|c| c.service.as_deref() == Some(service));
        found.next().is_some_and(well) && found.all(well)
    };
    let (fine, not): (Vec<&str>, Vec<&str>) = named.iter().partition(|service| of(&after, service));
    if !not.is_empty() {
        return Ok(StepOutcome::Failed { reason: format!("{} did not come up", list(&not)) });
    }
    let ids = |all: &[Container]| all.iter().map(|c| (c.id.clone(), c.state)).collect::<Vec<_>>();
    let already = if ids(&before) == ids(&after) { ", as before" } else { "" };
    let verb = if fine.len() == 1 { "is" } else { "are" };
    Ok(StepOutcome::Succeeded { evidence: format!("{} {verb} up{already}", list(&fine)) })
}

/// Containers of the project that nobody has consented to.
fn strangers<'a>(objects: &[ResolvedObject], containers: &'a [Container]) -> Vec<&'a str> {
    let approved = |c: &Container| {
        objects.iter().any(|o| match late::service_of(o) {
            Some(service) => c.service.as_deref() == Some(service),
            None => o.id == c.id,
        })
    };
    containers.iter().filter(|c| !approved(c)).map(|c| c.name.as_str()).collect()
}

pub(super) async fn down(step: Step<'_>, with_volumes: bool) -> Result<StepOutcome, LeaseLost> {
    let (compose, before) = match (ready(step).await, step.host.containers(step.project).await) {
        (Ok(compose), Ok(before)) => (compose, before),
        (Err(why), _) => return refused(why),
        (_, Err(error)) => return refused(error.to_string()),
    };
    let strangers = strangers(step.objects, &before);
    if !strangers.is_empty() {
        return refused(format!("{} came after the approval", list(&strangers)));
    }
    let mut there = vec![];
    if with_volumes {
        there = match volumes::check(step).await {
            Ok(there) => there,
            Err(why) => return refused(why),
        };
        match step.host.volumes(step.project).await {
            Ok(now) if now.iter().all(|v| step.objects.iter().any(|o| o.id == v.name)) => {}
            Ok(_) => return refused("a volume of the project came after the approval".into()),
            Err(error) => return refused(error.to_string()),
        }
    }
    if before.is_empty() && there.is_empty() && step.host.networks(step.project).await.is_ok_and(|n| n.is_empty()) {
        return Ok(StepOutcome::Succeeded { evidence: "the project was already down".into() });
    }
    step.lease.check()?;
    let (ended, said) = run(step, &compose, &Verb::Down { volumes: with_volumes }).await;
    let trouble = trouble(ended, &said, compose.limit);
    let names: Vec<_> = before.iter().map(|c| c.name.as_str()).collect();
    Ok(match (left(step, with_volumes).await, trouble) {
        (Ok(left), None) if left.is_empty() => {
            let gone = if names.is_empty() { "what was left".into() } else { list(&names) };
            let wiped = if there.is_empty() { "" } else { ", with its volumes" };
            StepOutcome::Succeeded { evidence: format!("took down {gone}{wiped}") }
        }
        (Ok(left), None) => {
            StepOutcome::Failed { reason: format!("Compose left {}: its file does not name them", list(&left)) }
        }
        (Ok(left), Some(why)) if left.is_empty() => {
            step.output.say(&super::sentence(&why)).await;
            StepOutcome::Succeeded { evidence: format!("the project is down, although {why}") }
        }
        (Ok(left), Some(why)) => step.lost(format!("{why}; still there: {}", list(&left))),
        (Err(error), _) => step.lost(format!("it cannot be seen what is left: {error}")),
    })
}

/// What should be gone and is not.
async fn left(step: Step<'_>, with_volumes: bool) -> Result<Vec<String>, HostError> {
    let containers = super::patiently(|| step.host.containers(step.project)).await?;
    let mut left: Vec<_> = containers.into_iter().map(|c| c.name).collect();
    if with_volumes {
        left.extend(step.host.volumes(step.project).await?.into_iter().map(|v| v.name));
    }
    Ok(left)
}

pub(super) async fn probe_down(step: Step<'_>, with_volumes: bool) -> Probed {
    match left(step, with_volumes).await {
        Ok(left) if left.is_empty() => {
            Probed::Done { evidence: "found the project down after the worker came back".into() }
        }
        Ok(left) if with_volumes => {
            Probed::Unknown { reason: format!("the worker was interrupted; still there: {}", list(&left)) }
        }
        Ok(_) => Probed::Again,
        Err(error) => Probed::Unknown { reason: error.to_string() },
    }
}
