//! Volumes of the project removed, once. Never while a container has one, never one that is not the approved one.

use std::time::Duration;

use shared::domain::{
    resolution::{ObjectKind, ResolvedObject},
    run::StepOutcome,
};
use tokio::time::timeout;

use super::{Before, Probed, Step, list};
use crate::{
    host::{ContainerHost, HostError},
    lease::LeaseLost,
};

/// For one of them; a big one takes its time.
pub(super) const LIMIT: Duration = Duration::from_secs(10 * 60);

fn only(objects: &[ResolvedObject]) -> impl Iterator<Item = &ResolvedObject> {
    objects.iter().filter(|object| object.kind == ObjectKind::Volume)
}

/// When each was made: one made anew under the same name is another.
pub(super) async fn prepare(host: &dyn ContainerHost, objects: &[ResolvedObject]) -> Result<Before, String> {
    let mut before = Before::new();
    for object in only(objects) {
        let seen = host.volume(&object.id).await.map_err(|e| format!("{}: {e}; nothing was done", object.name))?;
        if let Some(seen) = seen {
            before.insert(made_key(object), seen.created_at);
        }
    }
    Ok(before)
}

/// Under which the instant that a volume was made at is noted.
pub(crate) fn made_key(object: &ResolvedObject) -> String {
    format!("{} made at", object.name)
}

/// Everything is looked at before the first one is removed. The error is a sentence.
pub(super) async fn check(step: Step<'_>) -> Result<Vec<&ResolvedObject>, String> {
    let mut there = vec![];
    for object in only(step.objects) {
        let name = &object.name;
        let seen = step.host.volume(&object.id).await.map_err(|e| format!("{name}: {e}"))?;
        let Some(seen) = seen else { continue };
        if seen.project.as_deref() != Some(step.project) {
            return Err(format!("{name} does not belong to the Compose project {}", step.project));
        }
        there.push(object);
    }
    Ok(there)
}

pub(super) async fn perform(step: Step<'_>) -> Result<StepOutcome, LeaseLost> {
    let failed = |reason: String| Ok(StepOutcome::Failed { reason });
    let there = match check(step).await {
        Ok(there) => there,
        Err(why) => return failed(format!("{why}; nothing was removed")),
    };
    for object in &there {
        match step.host.volume_users(&object.id).await {
            Ok(users) if users.is_empty() => {}
            Ok(users) => {
                return failed(format!(
                    "{} is in use by {}, whose containers must be gone first (docker compose down); nothing was removed",
                    object.name,
                    list(&users)
                ));
            }
            Err(error) => return failed(format!("{}: {error}; nothing was removed", object.name)),
        }
    }
    let mut removed: Vec<&str> = vec![];
    for object in &there {
        step.lease.check()?;
        step.output.say(&format!("Removing volume {}", object.name)).await;
        let after = |why: String| {
            if removed.is_empty() { why } else { format!("{why}. Before that {} had been removed", list(&removed)) }
        };
        let late = |_| Err(HostError::Unanswered(format!("Docker was not done within {} s", LIMIT.as_secs())));
        match timeout(LIMIT, step.host.volume_remove(&object.id)).await.unwrap_or_else(late) {
            Ok(()) => removed.push(&object.name),
            // Docker may still be at it, although nobody waits any more.
            Err(HostError::Unanswered(why)) => match step.host.volume(&object.id).await {
                Ok(None) => removed.push(&object.name),
                _ => {
                    let reason = after(format!("{} is not gone yet: {why}", object.name));
                    return Ok(StepOutcome::Unknown { reason });
                }
            },
            Err(error @ HostError::Unreachable(_)) => {
                // What counts is whether it is there when Docker is back.
                match super::patiently(|| step.host.volume(&object.id)).await {
                    Ok(None) => removed.push(&object.name),
                    Ok(Some(_)) => {
                        let why = format!("{} could not be removed: {error}. It is still there", object.name);
                        return failed(after(why));
                    }
                    Err(_) => {
                        let reason = after(format!("{}: {error}", object.name));
                        return Ok(StepOutcome::Unknown { reason });
                    }
                }
            }
            Err(error) => return failed(after(format!("{} could not be removed: {error}", object.name))),
        }
    }
    let gone = only(step.objects).count() - removed.len();
    let evidence = match (removed.is_empty(), gone) {
        (true, 0) => "the project had no volumes to remove".into(),
        (true, _) => "all of them had already been removed".into(),
        (false, 0) => format!("removed {}", list(&removed)),
        (false, n) => format!("removed {}; {n} had already been removed", list(&removed)),
    };
    Ok(StepOutcome::Succeeded { evidence })
}

/// Proven only if every one is gone, or was made anew since.
pub(super) async fn probe(step: Step<'_>) -> Probed {
    let mut left = vec![];
    for object in only(step.objects) {
        match super::patiently(|| step.host.volume(&object.id)).await {
            Ok(Some(seen)) if step.before.get(&made_key(object)) == Some(&seen.created_at) => {
                left.push(object.name.as_str());
            }
            Ok(_) => {}
            Err(error) => return Probed::Unknown { reason: error.to_string() },
        }
    }
    if left.is_empty() {
        let names: Vec<_> = only(step.objects).map(|o| o.name.as_str()).collect();
        return Probed::Done { evidence: format!("found {} removed after the worker came back", list(&names)) };
    }
    Probed::Unknown { reason: format!("the worker was interrupted; still there: {}", list(&left)) }
}
