//! Never the last one: a stop or restart does not take the last running service of a family, unless the step names every one
//! of the family or all services. Pure; looks at no host.

use std::collections::BTreeMap;

use shared::plan::{StepKind, family};

use crate::{
    host::{Container, ContainerState},
    steps::list,
};

/// The services of a project and whether each runs, for thinking ahead step by step.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    running: BTreeMap<String, bool>,
    /// A step that can do anything comes before: what will run then is only known then.
    unknown: bool,
}

impl Services {
    pub(crate) fn of(containers: &[Container]) -> Self {
        let mut running = BTreeMap::new();
        for container in containers {
            if let Some(service) = &container.service {
                // One that hangs (paused) or is about to end serves nobody.
                *running.entry(service.clone()).or_default() |= container.state == ContainerState::Running;
            }
        }
        Self { running, unknown: false }
    }

    /// The sentence completes "Step 2 …".
    pub(crate) fn judge(&self, kind: &StepKind) -> Result<(), String> {
        let (verb, named) = match kind {
            StepKind::Stop { services } => ("stop", services),
            StepKind::Restart { services } => ("restart", services),
            _ => return Ok(()),
        };
        // No names: all services, which the plan's author has seen.
        if self.unknown || named.is_empty() {
            return Ok(());
        }
        for service in named {
            let of_family = || self.running.iter().filter(|(other, _)| family(other) == family(service));
            let spared: Vec<_> = of_family().filter(|(other, _)| !named.contains(other)).collect();
            let takes = self.running.get(service) == Some(&true);
            if takes && !spared.is_empty() && spared.iter().all(|(_, runs)| !**runs) {
                let others: Vec<_> = spared.iter().map(|(other, _)| other.as_str()).collect();
                return Err(format!(
                    "would {verb} {service}, the last one of its kind that runs ({} {} not running): \
                     start another one first, or name all of them in the step",
                    list(&others),
                    if others.len() == 1 { "is" } else { "are" },
                ));
            }
        }
        Ok(())
    }

    /// How it will be after the step.
    pub(crate) fn after(&mut self, kind: &StepKind) {
        let (named, runs) = match kind {
            StepKind::Stop { services } => (&services[..], false),
            StepKind::Start { services } | StepKind::Restart { services } | StepKind::Up { services } => {
                (&services[..], true)
            }
            StepKind::Down { .. } => (&[][..], false),
            StepKind::Script { .. } | StepKind::Shell {} | StepKind::Manual {} => {
                self.unknown = true;
                return;
            }
            _ => return,
        };
        for (service, running) in &mut self.running {
            if named.is_empty() || named.contains(service) {
                *running = runs;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(running: &[(&str, bool)]) -> Services {
        let running = running.iter().map(|(name, runs)| ((*name).to_owned(), *runs)).collect();
        Services { running, unknown: false }
    }

    fn stop(names: &[&str]) -> StepKind {
        StepKind::Stop { services: names.iter().map(|n| (*n).to_owned()).collect() }
    }

    fn restart(names: &[&str]) -> StepKind {
        StepKind::Restart { services: names.iter().map(|n| (*n).to_owned()).collect() }
    }

    #[test]
    fn the_last_one_stays_unless_all_are_named() {
        let both = [("postgres", true), ("v1", true), ("v2", true)];
        let one = [("postgres", true), ("v1", true), ("v2", false)];
        let none = [("v1", false), ("v2", false)];
        for (running, kind, fine) in [
            (&both[..], stop(&["v1"]), true),
            (&both[..], stop(&["v1", "v2"]), true),
            (&both[..], stop(&["postgres"]), true),
            (&one[..], stop(&["v1"]), false),
            (&one[..], restart(&["v1"]), false),
            (&one[..], stop(&["postgres", "v1"]), false),
            (&one[..], restart(&["v2"]), true),
            (&one[..], stop(&["v1", "v2"]), true),
            (&one[..], stop(&[]), true),
            (&none[..], restart(&["v1"]), true),
            (&one[..], StepKind::Start { services: vec!["v1".into()] }, true),
        ] {
            assert_eq!(services(running).judge(&kind).is_ok(), fine, "{running:?} {kind:?}");
        }
        let why = services(&one).judge(&stop(&["v1"])).unwrap_err();
        assert!(why.starts_with("would stop v1, the last one of its kind that runs (v2 is not running)"), "{why}");
    }

    #[test]
    fn steps_before_it_count() {
        let mut now = services(&[("v1", true), ("v2", true)]);
        now.after(&stop(&["v2"]));
        assert!(now.judge(&stop(&["v1"])).is_err());
        now.after(&StepKind::Start { services: vec!["v2".into()] });
        assert!(now.judge(&stop(&["v1"])).is_ok());
        now.after(&StepKind::Down { volumes: false });
        now.after(&StepKind::Up { services: vec!["v1".into()] });
        assert!(now.judge(&stop(&["v1"])).is_err());
        now.after(&StepKind::Shell {});
        assert!(now.judge(&stop(&["v1"])).is_ok());
    }
}
