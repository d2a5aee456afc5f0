//! Restart, stop and start of containers: one after the other, each left as it is if it is already so. Never removes or makes
//! a container.

use std::time::Duration;

use shared::domain::{resolution::ResolvedObject, run::StepOutcome};
use tokio::time::{Instant, timeout};

use super::{Before, Probed, Step, Untouchable, foreign, instant, list, look_patiently};
use crate::{
    host::{Answer, ContainerHost, Details, HostError},
    lease::LeaseLost,
};

/// Beyond what the container itself asks to be given for stopping.
const GRACE: Duration = Duration::from_secs(60);
/// No container makes a step wait longer, whatever it asks for.
const LONGEST_STOP: Duration = Duration::from_secs(600);
/// What one container is waited for.
pub(super) const LONGEST: Duration = Duration::from_secs(600 + 60 + 60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    Restart,
    Stop,
    Start,
}

/// After losing Docker in the middle of a command: beyond the stop, how long the rest of it may take.
const SETTLES: Duration = Duration::from_secs(5);

/// What became of one container.
enum Fate {
    Done(String),
    Failed(String),
    Unknown(String),
}

impl Power {
    pub(super) async fn prepare(
        self,
        host: &dyn ContainerHost,
        project: &str,
        objects: &[ResolvedObject],
    ) -> Result<Before, String> {
        let mut before = Before::new();
        for object in objects {
            let found = look_patiently(host, &object.id).await;
            let found = found.map_err(|e| format!("{}: {e}; nothing was done", object.name))?;
            if let Some(why) = foreign(project, object, &found) {
                return Err(why);
            }
            before.insert(started_key(object), found.started_at.clone());
            before.insert(state_key(object), found.container.state.to_string());
        }
        Ok(before)
    }

    pub(super) async fn perform(self, step: Step<'_>) -> Result<StepOutcome, LeaseLost> {
        let mut done = vec![];
        for (i, object) in step.objects.iter().enumerate() {
            // One container is never left half way; the next one is not begun.
            if i > 0 && step.lease.cancelled().is_cancelled() {
                return Ok(StepOutcome::Failed {
                    reason: with_rest("cancelled in the middle", &done, &step.objects[i..]),
                });
            }
            let untouched = &step.objects[i + 1..];
            match self.one(step, object).await? {
                Fate::Done(what) => {
                    if step.objects.len() > 1 {
                        step.output.say(&what).await;
                    }
                    done.push(what);
                }
                Fate::Failed(why) => return Ok(StepOutcome::Failed { reason: with_rest(&why, &done, untouched) }),
                Fate::Unknown(why) => return Ok(StepOutcome::Unknown { reason: with_rest(&why, &done, untouched) }),
            }
        }
        Ok(StepOutcome::Succeeded { evidence: list(&done) })
    }

    async fn one(self, step: Step<'_>, object: &ResolvedObject) -> Result<Fate, LeaseLost> {
        let name = &object.name;
        let found = match step.touch(object).await {
            Ok(found) => found,
            Err(Untouchable::Lease) => return Err(LeaseLost),
            Err(Untouchable::Foreign(why)) => return Ok(Fate::Failed(why)),
            Err(Untouchable::Host(error)) => return Ok(Fate::Failed(format!("{name}: {error}; it was not touched"))),
        };
        if self.already(&found, object, step.before) {
            return Ok(Fate::Done(self.already_words(name, &found)));
        }
        step.output.say(&format!("{} {name} ({})", self.doing(), found.container.state)).await;
        let limit = found.stop_timeout.min(LONGEST_STOP) + GRACE;
        let begun = Instant::now();
        let told = timeout(limit, self.command(step.host, &object.id)).await;
        let took = begun.elapsed();
        let (why, silent) = match told {
            Ok(Ok(())) => return Ok(Fate::Done(format!("{} {name} in {}", self.done(), short(took)))),
            Ok(Err(HostError::Gone)) => return Ok(Fate::Failed(format!("{name} is no longer there"))),
            Ok(Err(error @ HostError::Unreachable(_))) => (error.to_string(), true),
            Ok(Err(error)) => (error.to_string(), false),
            Err(_) => (format!("Docker was not done within {} s", limit.as_secs()), true),
        };
        if silent {
            // Docker may still be at it, although nobody listens any more.
            let until = begun + limit.min(found.stop_timeout + SETTLES);
            while Instant::now() < until {
                if look_patiently(step.host, &object.id).await.is_ok_and(|now| self.already(&now, object, step.before))
                {
                    return Ok(Fate::Done(format!("{} {name}, although Docker did not answer meanwhile", self.done())));
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }
        // Docker said no, or nothing: what counts is how the container is.
        Ok(match look_patiently(step.host, &object.id).await {
            Ok(now) => {
                Fate::Failed(format!("could not {} {name}: {why}. It is now {}", self.verb(), now.container.state))
            }
            Err(HostError::Gone) => Fate::Failed(format!("{name} is no longer there")),
            Err(error) => Fate::Unknown(format!("{error}; {name} could not be looked at again")),
        })
    }

    pub(super) async fn probe(self, step: Step<'_>) -> Probed {
        let mut done = vec![];
        for object in step.objects {
            match look_patiently(step.host, &object.id).await {
                Ok(found) if self.already(&found, object, step.before) => done.push(object.name.as_str()),
                Ok(_) | Err(HostError::Gone) => return Probed::Again,
                Err(error) => return Probed::Unknown { reason: error.to_string() },
            }
        }
        let names = list(&done);
        Probed::Done { evidence: format!("found {names} {} after the worker came back", self.participle()) }
    }

    /// Whether it has happened since the intent was written.
    fn already(self, found: &Details, object: &ResolvedObject, before: &Before) -> bool {
        let running = found.container.state.running();
        match self {
            Self::Restart => before.get(&started_key(object)).is_some_and(|then| *then != found.started_at),
            Self::Stop => !running,
            Self::Start => running,
        }
    }

    fn already_words(self, name: &str, found: &Details) -> String {
        match self {
            Self::Restart => format!("{name} had already been restarted at {}", instant(&found.started_at)),
            Self::Stop => format!("{name} was already stopped"),
            Self::Start => format!("{name} was already running"),
        }
    }

    fn command<'a>(self, host: &'a dyn ContainerHost, id: &'a str) -> Answer<'a, ()> {
        match self {
            Self::Restart => host.restart(id),
            Self::Stop => host.stop(id),
            Self::Start => host.start(id),
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Start => "start",
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Restart => "Restarting",
            Self::Stop => "Stopping",
            Self::Start => "Starting",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Restart => "restarted",
            Self::Stop => "stopped",
            Self::Start => "started",
        }
    }

    fn participle(self) -> &'static str {
        match self {
            Self::Restart => "restarted",
            Self::Stop => "stopped",
            Self::Start => "running",
        }
    }
}

fn started_key(object: &ResolvedObject) -> String {
    format!("{} started at", object.name)
}

fn state_key(object: &ResolvedObject) -> String {
    format!("{} was", object.name)
}

fn short(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

/// A failure in the middle also says what happened before it and what did not happen after it.
fn with_rest(why: &str, done: &[String], untouched: &[ResolvedObject]) -> String {
    let mut text = why.to_owned();
    if !done.is_empty() {
        text += &format!(". Before that: {}", list(done));
    }
    if !untouched.is_empty() {
        let names: Vec<_> = untouched.iter().map(|o| o.name.as_str()).collect();
        text += &format!(". Not touched: {}", list(&names));
    }
    text
}
