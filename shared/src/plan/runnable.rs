//! Which kinds of step this version can run. The one list that worker and later versions extend.

use super::model::{Step, StepKind};
use super::words::list;

/// `Err` is a sentence for a person: what cannot run, and why.
pub fn runnable(kind: &StepKind) -> Result<(), String> {
    match kind {
        StepKind::Shell {} => Err("This shell line cannot run: Muster only runs lines it understands.".to_owned()),
        // Whether the script, the service or the directory is there is said when the host is looked at.
        StepKind::Inspect { .. }
        | StepKind::Logs { .. }
        | StepKind::Restart { .. }
        | StepKind::Stop { .. }
        | StepKind::Start { .. }
        | StepKind::Up { .. }
        | StepKind::Down { .. }
        | StepKind::Exec { .. }
        | StepKind::Sql { .. }
        | StepKind::RemoveVolumes { .. }
        | StepKind::NetworkConnect { .. }
        | StepKind::NetworkDisconnect { .. }
        | StepKind::Extract { .. }
        | StepKind::Http { .. }
        | StepKind::WaitUntil { .. }
        | StepKind::Script { .. }
        | StepKind::Notify { .. }
        | StepKind::Manual {} => Ok(()),
    }
}

/// Why a procedure with these steps cannot run, as one sentence naming what is missing.
pub(super) fn procedure_unavailable(steps: &[Step]) -> Option<String> {
    if steps.is_empty() {
        return Some("It has no steps: its block contains no command.".to_owned());
    }
    let missing: Vec<&Step> = steps.iter().filter(|step| step.unavailable.is_some()).collect();
    let numbers: Vec<String> = missing.iter().map(|step| step.number.to_string()).collect();
    let mut kinds: Vec<&str> = Vec::new();
    for step in &missing {
        if !kinds.contains(&step.kind.name()) {
            kinds.push(step.kind.name());
        }
    }
    match numbers.as_slice() {
        [] => None,
        [number] => Some(format!("Step {number} ({}) cannot run yet in this version.", list(&kinds))),
        numbers => Some(format!("Steps {} ({}) cannot run yet in this version.", list(numbers), kinds.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn step(number: u32, kind: StepKind) -> Step {
        let unavailable = runnable(&kind).err();
        let (title, source, digest) = (String::new(), String::new(), Digest::of(b""));
        Step {
            number,
            title,
            kind,
            line: 1,
            source,
            digest,
            destructive: false,
            timeout_seconds: None,
            unavailable,
            secrets: vec![],
            check: false,
        }
    }

    #[test]
    fn a_procedure_names_what_is_missing() {
        let stop = || StepKind::Stop { services: vec![] };
        let shell = || StepKind::Shell {};
        assert_eq!(procedure_unavailable(&[step(1, stop())]), None);
        assert_eq!(
            procedure_unavailable(&[step(1, stop()), step(2, shell())]).unwrap(),
            "Step 2 (shell) cannot run yet in this version."
        );
        assert_eq!(
            procedure_unavailable(&[step(1, shell()), step(2, stop()), step(3, shell())]).unwrap(),
            "Steps 1 and 3 (shell) cannot run yet in this version."
        );
        assert!(procedure_unavailable(&[]).unwrap().contains("no steps"));
    }
}
