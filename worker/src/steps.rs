//! Kind of step → how it is prepared, performed and probed. One kind per file below; nothing here speaks SQL.

pub(crate) mod compose;
mod exec;
pub(crate) mod extract;
mod http;
mod inspect;
mod logs;
mod network;
mod notify;
mod power;
pub(crate) mod reading;
pub(crate) mod relay;
mod script;
mod sql;
mod volumes;
mod wait_until;

pub(crate) use volumes::made_key;

use std::{collections::BTreeMap, time::Duration};

use futures::TryFutureExt as _;
use shared::{
    domain::{resolution::ResolvedObject, run::StepOutcome},
    plan::StepKind,
};
use tokio::time::timeout;

use self::{power::Power, relay::span};
use crate::{
    board::Board,
    host::{Answer, ContainerHost, Details, HostError},
    lease::{Lease, LeaseLost},
    output::Output,
    process::leftovers,
    safety::{
        backup::{self, Trials},
        family::Services,
    },
    surroundings::Site,
};

/// Facts noted with the intent; they tell later whether the effect happened.
pub(crate) type Before = BTreeMap<String, String>;

/// How long a step waits for a Docker that went away in the middle of it.
const DOCKER_COMES_BACK: Duration = Duration::from_secs(30);
/// What is asked around an effect, with a Docker that comes back meanwhile. A host that answers nothing at all ends nothing else.
const QUESTIONS: Duration = Duration::from_secs(180);

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
    pub(crate) board: &'a dyn Board,
    pub(crate) lease: &'a Lease,
    pub(crate) site: Site<'a>,
    /// The step as it is meant, parameters in place.
    pub(crate) planned: &'a shared::plan::Step,
    pub(crate) attempt: u32,
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
    pub(crate) fn destructive(&self) -> bool {
        self.planned.cannot_be_undone()
    }

    /// As the plan says, else `otherwise`.
    fn limit(&self, otherwise: Duration) -> Duration {
        self.planned.timeout_seconds.map_or(otherwise, Duration::from_secs)
    }

    /// It was begun, and nobody heard how it ended: what only looks has failed, everything else may have happened (R8).
    fn lost(&self, reason: String) -> StepOutcome {
        if self.destructive() { StepOutcome::Unknown { reason } } else { StepOutcome::Failed { reason } }
    }

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
    patiently(|| host.container(id)).await
}

async fn patiently<'a, T>(ask: impl Fn() -> Answer<'a, T>) -> Result<T, HostError> {
    let until = tokio::time::Instant::now() + DOCKER_COMES_BACK;
    loop {
        match ask().await {
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
        StepKind::Shell {} => {
            Some("this shell line is not understood, and Muster runs nothing that it does not understand".into())
        }
        _ => None,
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

/// True for steps that name services for Compose to act on, rather than containers for us.
pub(crate) fn by_service(kind: &StepKind) -> bool {
    matches!(kind, StepKind::Up { .. } | StepKind::Down { .. })
}

/// Collects the facts for the intent; only looks. The error is the reason why the step cannot be begun.
pub(crate) async fn prepare(
    kind: &StepKind,
    host: &dyn ContainerHost,
    project: &str,
    objects: &[ResolvedObject],
) -> Result<Before, String> {
    let asked = async {
        match (power(kind), kind) {
            (Some(power), _) => power.prepare(host, project, objects).await,
            (None, StepKind::RemoveVolumes { .. }) => volumes::prepare(host, objects).await,
            (None, StepKind::Down { volumes: true }) => volumes::prepare(host, objects).await,
            _ => Ok(Before::new()),
        }
    };
    answered(asked).await
}

/// A question that is not answered is no reason to wait for ever; nothing was done.
async fn answered<T>(asked: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let silent = |_| Err(format!("Docker did not answer within {}; nothing was done", span(QUESTIONS)));
    timeout(QUESTIONS, asked).await.unwrap_or_else(silent)
}

/// When a step is over at the latest, whatever its host does (R8). By itself it ends before, and says more.
fn end(kind: &StepKind, step: Step<'_>) -> Duration {
    let each = |one: Duration| one * u32::try_from(step.objects.len().max(1)).unwrap_or(u32::MAX);
    let own = match kind {
        StepKind::Inspect { .. } => inspect::LIMIT,
        StepKind::Logs { .. } => logs::LIMIT,
        StepKind::WaitUntil { timeout_seconds, .. } => Duration::from_secs(*timeout_seconds),
        StepKind::Restart { .. } | StepKind::Stop { .. } | StepKind::Start { .. } => each(power::LONGEST),
        StepKind::Http { .. } => step.limit(http::LIMIT),
        StepKind::Up { .. } | StepKind::Down { .. } => step.limit(compose::LIMIT),
        StepKind::Exec { .. } | StepKind::Sql { .. } => step.limit(exec::LIMIT),
        StepKind::RemoveVolumes { .. } => each(volumes::LIMIT),
        StepKind::NetworkConnect { .. } | StepKind::NetworkDisconnect { .. } => network::LIMIT,
        StepKind::Extract { .. } => step.limit(extract::LIMIT) * 2,
        StepKind::Script { .. } => step.limit(script::LIMIT),
        // Asks the database, which a lost lease ends.
        StepKind::Notify { .. } | StepKind::Manual {} | StepKind::Shell {} => Duration::ZERO,
    };
    own + QUESTIONS
}

/// Does it. Every branch ends by itself, see the timeouts in each file; and if it does not, [`end`] ends it.
pub(crate) async fn perform(
    kind: &StepKind,
    allowed: Result<Vec<String>, String>,
    step: Step<'_>,
) -> Result<StepOutcome, LeaseLost> {
    let facts = match allowed {
        Ok(facts) => facts,
        Err(reason) => return Ok(StepOutcome::Failed { reason: format!("{reason}; nothing was done") }),
    };
    for fact in &facts {
        step.output.say(&sentence(fact)).await;
    }
    let end = end(kind, step);
    let mut outcome = match timeout(end, do_it(kind, step)).await {
        Ok(done) => done?,
        Err(_) => step.lost(format!("it was not done within {}: what it had asked for was not answered", span(end))),
    };
    if let StepOutcome::Succeeded { evidence } = &mut outcome {
        for fact in facts {
            *evidence += &format!("; {fact}");
        }
    }
    Ok(outcome)
}

/// The rules of `safety`, asked while the intent is written. Facts that allowed it are part of the evidence.
pub(crate) async fn allowed(
    kind: &StepKind,
    host: &dyn ContainerHost,
    project: &str,
    site: Site<'_>,
    trials: Option<Trials<'_>>,
) -> Result<Vec<String>, String> {
    if matches!(kind, StepKind::Stop { .. } | StepKind::Restart { .. }) {
        let asked = host.containers(project).map_err(|e| e.to_string());
        let containers = answered(asked).await.map_err(|why| why.trim_end_matches("; nothing was done").to_owned())?;
        Services::of(&containers).judge(kind).map_err(|why| format!("this {why}"))?;
    }
    if backup::needed(kind) {
        return backup::whole(site.config, site.plan, site.declared_at, trials).await;
    }
    Ok(vec![])
}

async fn do_it(kind: &StepKind, step: Step<'_>) -> Result<StepOutcome, LeaseLost> {
    let looked = match kind {
        StepKind::Inspect { .. } => inspect::perform(step).await,
        StepKind::Logs { tail, .. } => logs::perform(step, *tail).await,
        StepKind::WaitUntil { probe, condition, interval_seconds, timeout_seconds } => {
            let wait = wait_until::Wait {
                condition: *condition,
                interval: Duration::from_secs(*interval_seconds),
                timeout: Duration::from_secs(*timeout_seconds),
            };
            wait_until::perform(step, probe, wait).await
        }
        StepKind::Restart { .. } => return Power::Restart.perform(step).await,
        StepKind::Stop { .. } => return Power::Stop.perform(step).await,
        StepKind::Start { .. } => return Power::Start.perform(step).await,
        StepKind::Http { method, url } => return http::perform(step, method, url).await,
        StepKind::Up { services } => return compose::up(step, services).await,
        StepKind::Down { volumes } => return compose::down(step, *volumes).await,
        StepKind::Exec { argv, .. } => return exec::perform(step, argv).await,
        StepKind::Sql { user, database, query, .. } => {
            return sql::perform(step, user.as_deref(), database.as_deref(), query).await;
        }
        StepKind::RemoveVolumes { .. } => return volumes::perform(step).await,
        StepKind::NetworkConnect { .. } => return network::perform(step, true).await,
        StepKind::NetworkDisconnect { .. } => return network::perform(step, false).await,
        StepKind::Extract { into, .. } => return extract::perform(step, into.as_deref()).await,
        StepKind::Script { path, args } => return script::perform(step, path, args).await,
        StepKind::Notify { audience, text } => return notify::perform(step, *audience, text).await,
        // `next` never starts it.
        StepKind::Manual {} => Err("only a person can do this step; nothing was done".into()),
        StepKind::Shell {} => {
            let reason = cannot_run(kind).unwrap_or_else(|| "this step cannot run".into());
            Err(format!("{reason}; nothing was done"))
        }
    };
    Ok(match looked {
        Ok(evidence) => StepOutcome::Succeeded { evidence },
        Err(reason) => StepOutcome::Failed { reason },
    })
}

/// After a crash: did it happen? What cannot be taken back is never begun again by itself (R2).
pub(crate) async fn probe(kind: &StepKind, step: Step<'_>) -> Probed {
    if let Some(power) = power(kind) {
        return power.probe(step).await;
    }
    let unknown = |reason: &str| Probed::Unknown { reason: reason.into() };
    match kind {
        StepKind::Inspect { .. } | StepKind::Logs { .. } | StepKind::WaitUntil { .. } => Probed::Again,
        StepKind::Up { .. } => {
            end_leftovers(step).await;
            Probed::Again
        }
        StepKind::Down { volumes } => {
            end_leftovers(step).await;
            compose::probe_down(step, *volumes).await
        }
        StepKind::RemoveVolumes { .. } => volumes::probe(step).await,
        StepKind::NetworkConnect { .. } => network::probe(step, true).await,
        StepKind::NetworkDisconnect { .. } => network::probe(step, false).await,
        StepKind::Extract { into, .. } => extract::probe(step, into.as_deref()).await,
        StepKind::Script { .. } => {
            let ended = end_leftovers(step).await;
            if step.planned.check {
                return Probed::Again;
            }
            unknown(&format!("the worker was interrupted while the script ran{ended}"))
        }
        StepKind::Notify { audience, .. } => notify::probe(step, *audience).await,
        _ if !step.destructive() => Probed::Again,
        StepKind::Exec { .. } | StepKind::Sql { .. } => unknown(
            "the worker was interrupted while it ran; what it does inside the container may have happened, or still go on",
        ),
        StepKind::Http { method, .. } => unknown(&format!(
            "the worker was interrupted after it had decided to send the {method}, which may have arrived"
        )),
        StepKind::Manual {} | StepKind::Shell {} => unknown("only a person can tell"),
        StepKind::Restart { .. } | StepKind::Stop { .. } | StepKind::Start { .. } => Probed::Again,
    }
}

/// Processes of the interrupted attempt go on without their worker: they are ended before anything else happens.
async fn end_leftovers(step: Step<'_>) -> String {
    let marks = step.site.marked(step.planned.number, step.attempt);
    let (found, gone) = leftovers::end(&marks).await;
    if found.is_empty() {
        return String::new();
    }
    let names: Vec<_> = found.iter().map(|left| format!("{} ({})", left.name, left.pid)).collect();
    let text = if gone {
        format!("; what was left of it was ended: {}", list(&names))
    } else {
        format!("; these processes of it could not be ended: {}", list(&names))
    };
    step.output.say(&sentence(text.trim_start_matches("; "))).await;
    text
}

fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
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
