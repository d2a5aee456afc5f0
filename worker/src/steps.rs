//! Kind of step → how it is prepared, performed and probed. One kind per file below; nothing here writes to the database.

mod http;
mod inspect;
mod logs;
mod power;
mod reading;
mod wait_until;

use std::{collections::BTreeMap, time::Duration};

use shared::{
    domain::{resolution::ResolvedObject, run::StepOutcome},
    plan::StepKind,
};

use self::power::Power;
use crate::{
    host::{ContainerHost, Details, HostError},
    lease::{Lease, LeaseLost},
    output::Output,
};

/// Facts noted with the intent; they tell later whether the effect happened.
pub(crate) type Before = BTreeMap<String, String>;

/// How long a step waits for a Docker that went away in the middle of it.
const DOCKER_COMES_BACK: Duration = Duration::from_secs(30);

/// One attempt at one step, with everything it may use.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) host: &'a dyn ContainerHost,
    /// Nothing outside this Compose project is touched.
    pub(crate) project: &'a str,
    /// Those that were approved for this step, and no others.
    pub(crate) objects: &'a [ResolvedObject],
    pub(crate) before: &'a Before,
    pub(crate) output: &'a Output,
    pub(crate) lease: &'a Lease,
}

/// What a probe found about a step that was begun and has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Probed {
    /// It took effect.
    Done { evidence: String },
    /// It did not, or not wholly, or it only looks: perform (the rest of) it. The facts stay those of the first intent.
    Again,
    /// The host does not tell.
    Unknown { reason: String },
}

/// Why the object of a step may not be touched.
pub(crate) enum Untouchable {
    Lease,
    Host(HostError),
    /// A sentence.
    Foreign(String),
}

impl Step<'_> {
    /// To be called right before every effect: the lease still holds, and the container is still the approved one of this
    /// project (R4, R10).
    pub(crate) async fn touch(&self, object: &ResolvedObject) -> Result<Details, Untouchable> {
        let details = self.host.container(&object.id).await.map_err(Untouchable::Host)?;
        if let Some(why) = foreign(self.project, object, &details) {
            return Err(Untouchable::Foreign(why));
        }
        self.lease.check().map_err(|LeaseLost| Untouchable::Lease)?;
        Ok(details)
    }
}

/// Looks at a container, waiting for a Docker that is being restarted.
async fn look_patiently(host: &dyn ContainerHost, id: &str) -> Result<Details, HostError> {
    let until = tokio::time::Instant::now() + DOCKER_COMES_BACK;
    loop {
        match host.container(id).await {
            Err(HostError::Unreachable(_)) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            answer => return answer,
        }
    }
}

/// A sentence if the container is not the approved one of this project.
fn foreign(project: &str, object: &ResolvedObject, found: &Details) -> Option<String> {
    let container = &found.container;
    if container.id != object.id {
        return Some(format!("{} is not the container that was approved; it was not touched", object.name));
    }
    if container.project.as_deref() != Some(project) {
        return Some(format!("{} does not belong to the Compose project {project}; it was not touched", object.name));
    }
    None
}

/// Why a step cannot be run by this version; such procedures are not offered, and are refused if they arrive.
pub(crate) fn cannot_run(kind: &StepKind) -> Option<String> {
    match kind {
        StepKind::Inspect { .. }
        | StepKind::Logs { .. }
        | StepKind::Restart { .. }
        | StepKind::Stop { .. }
        | StepKind::Start { .. }
        | StepKind::WaitUntil { .. } => None,
        StepKind::Http { method, .. } if method == "GET" => None,
        StepKind::Http { method, .. } => Some(format!("an HTTP {method} cannot run yet")),
        StepKind::Up { .. }
        | StepKind::Down { .. }
        | StepKind::Exec { .. }
        | StepKind::Sql { .. }
        | StepKind::RemoveVolumes { .. }
        | StepKind::NetworkDisconnect { .. }
        | StepKind::NetworkConnect { .. }
        | StepKind::Extract { .. }
        | StepKind::Script { .. }
        | StepKind::Manual {}
        | StepKind::Shell {} => Some(format!("a step of kind {} cannot run yet", kind.name())),
    }
}

fn power(kind: &StepKind) -> Option<Power> {
    match kind {
        StepKind::Restart { .. } => Some(Power::Restart),
        StepKind::Stop { .. } => Some(Power::Stop),
        StepKind::Start { .. } => Some(Power::Start),
        _ => None,
    }
}

/// Collects the facts for the intent; only looks. The error is the reason why the step cannot be begun.
pub(crate) async fn prepare(
    kind: &StepKind,
    host: &dyn ContainerHost,
    project: &str,
    objects: &[ResolvedObject],
) -> Result<Before, String> {
    match power(kind) {
        Some(power) => power.prepare(host, project, objects).await,
        None => Ok(Before::new()),
    }
}

/// Does it. Every branch ends by itself: see the timeouts in each file (R8).
pub(crate) async fn perform(kind: &StepKind, step: Step<'_>) -> Result<StepOutcome, LeaseLost> {
    let outcome = match kind {
        StepKind::Inspect { .. } => inspect::perform(step).await,
        StepKind::Logs { tail, .. } => logs::perform(step, *tail).await,
        StepKind::Restart { .. } => return Power::Restart.perform(step).await,
        StepKind::Stop { .. } => return Power::Stop.perform(step).await,
        StepKind::Start { .. } => return Power::Start.perform(step).await,
        StepKind::Http { method, url } if method == "GET" => http::perform(step, url).await,
        StepKind::WaitUntil { probe, condition, interval_seconds, timeout_seconds } => {
            let wait = wait_until::Wait {
                condition: *condition,
                interval: Duration::from_secs(*interval_seconds),
                timeout: Duration::from_secs(*timeout_seconds),
            };
            wait_until::perform(step, probe, wait).await
        }
        StepKind::Http { .. }
        | StepKind::Up { .. }
        | StepKind::Down { .. }
        | StepKind::Exec { .. }
        | StepKind::Sql { .. }
        | StepKind::RemoveVolumes { .. }
        | StepKind::NetworkDisconnect { .. }
        | StepKind::NetworkConnect { .. }
        | StepKind::Extract { .. }
        | StepKind::Script { .. }
        | StepKind::Manual {}
        | StepKind::Shell {} => {
            let reason = cannot_run(kind).unwrap_or_else(|| "this step cannot run yet".into());
            Err(format!("{reason}; nothing was done"))
        }
    };
    Ok(match outcome {
        Ok(evidence) => StepOutcome::Succeeded { evidence },
        Err(reason) => StepOutcome::Failed { reason },
    })
}

/// After a crash: did it happen?
pub(crate) async fn probe(kind: &StepKind, step: Step<'_>) -> Probed {
    match power(kind) {
        Some(power) => power.probe(step).await,
        None => Probed::Again,
    }
}

/// "a", "a and b", "a, b and c".
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<_> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

/// Docker's instants without fractions: "2026-11-22 20:52:29 UTC".
fn instant(docker: &str) -> String {
    match docker.get(..19) {
        Some(seconds) => format!("{} UTC", seconds.replace('T', " ")),
        None => docker.to_owned(),
    }
}

#[cfg(test)]
mod tests;
