//! A program inside a service's container: no shell, no terminal, output streamed, an end. Reads no environment.

use std::time::Duration;

use shared::domain::run::StepOutcome;
use tokio::{sync::mpsc, time::timeout};

use super::{
    Step, Untouchable,
    relay::{Said, WAITING, relay, span},
};
use crate::{host::HostError, lease::LeaseLost};

pub(super) const LIMIT: Duration = Duration::from_secs(10 * 60);

pub(super) async fn perform(step: Step<'_>, argv: &[String]) -> Result<StepOutcome, LeaseLost> {
    run(step, argv, |said| said.last().unwrap_or("ended with exit code 0").to_owned()).await
}

pub(super) async fn run(
    step: Step<'_>,
    argv: &[String],
    evidence: impl FnOnce(&Said) -> String,
) -> Result<StepOutcome, LeaseLost> {
    let failed = |reason: String| Ok(StepOutcome::Failed { reason });
    // A scaled service has several containers; as with Compose, the first is meant.
    let Some(object) = step.objects.first() else { return failed("this means no container; nothing was done".into()) };
    let name = &object.name;
    let found = match step.touch(object).await {
        Ok(found) => found,
        Err(Untouchable::Lease) => return Err(LeaseLost),
        Err(Untouchable::Foreign(why)) => return failed(why),
        Err(Untouchable::Host(error)) => return failed(format!("{name}: {error}; nothing was done")),
    };
    if !found.container.state.running() {
        return failed(format!("{name} is {}: start it first; nothing was done", found.container.state));
    }
    let limit = step.limit(LIMIT);
    let (to, from) = mpsc::channel(WAITING);
    let (ended, said) = tokio::join!(timeout(limit, step.host.exec(&object.id, argv, to)), relay(step.output, from));
    Ok(match ended {
        Ok(Ok(0)) => StepOutcome::Succeeded { evidence: evidence(&said) },
        Ok(Ok(code)) => StepOutcome::Failed { reason: format!("it ended with exit code {code}; {}", said.tail()) },
        Ok(Err(error @ (HostError::Unreachable(_) | HostError::Unanswered(_)))) => {
            step.lost(format!("nobody heard how it ended: {error}"))
        }
        Ok(Err(error)) => StepOutcome::Failed { reason: format!("it could not be run in {name}: {error}") },
        Err(_) => step.lost(format!("it was not done within {}, and may still be running in {name}", span(limit))),
    })
}
