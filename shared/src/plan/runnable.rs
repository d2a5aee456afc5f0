//! Which kinds of step this version can run. The one list that worker and later versions extend.

use super::model::{Step, StepKind};
use super::words::list;

/// `Err` is a sentence for a person: what cannot run, and why.
pub fn runnable(kind: &StepKind) -> Result<(), String> {
    let why = match kind {
        StepKind::Inspect { .. }
        | StepKind::Logs { .. }
        | StepKind::Restart { .. }
        | StepKind::Stop { .. }
        | StepKind::Start { .. }
        | StepKind::WaitUntil { .. } => return Ok(()),
        StepKind::Http { method, .. } if method == "GET" => return Ok(()),
        StepKind::Http { .. } => "An HTTP request other than GET cannot run yet: this version only asks.",
        StepKind::Up { .. } => {
            "Bringing the project up cannot run yet: this version can only start services that exist."
        }
        StepKind::Down { .. } => "Taking the project down cannot run yet: this version can only stop services.",
        StepKind::Exec { .. } => {
            "A command inside a service cannot run yet: this version works on services from outside."
        }
        StepKind::Sql { .. } => "An SQL query cannot run yet: this version works on services from outside.",
        StepKind::RemoveVolumes { .. } => "Removing volumes cannot run yet: this version never deletes anything.",
        StepKind::NetworkConnect { .. } | StepKind::NetworkDisconnect { .. } => {
            "Joining or cutting a network cannot run yet in this version."
        }
        StepKind::Extract { .. } => "Unpacking an archive cannot run yet: this version writes no files on the host.",
        StepKind::Script { path, .. } => {
            return Err(format!("The script {path} cannot run yet: this version runs no scripts."));
        }
        StepKind::Manual {} => "A step that a person does cannot run yet in this version.",
        StepKind::Shell {} => "This shell line cannot run: Muster only runs lines it understands.",
    };
    Err(why.to_owned())
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
        Step { number, title, kind, line: 1, source, digest, destructive: false, timeout_seconds: None, unavailable }
    }

    #[test]
    fn a_procedure_names_what_is_missing() {
        let stop = || StepKind::Stop { services: vec![] };
        let script = || StepKind::Script { path: "./x.sh".into(), args: vec![] };
        assert_eq!(procedure_unavailable(&[step(1, stop())]), None);
        assert_eq!(
            procedure_unavailable(&[step(1, stop()), step(2, script())]).unwrap(),
            "Step 2 (script) cannot run yet in this version."
        );
        assert_eq!(
            procedure_unavailable(&[step(1, script()), step(2, StepKind::Shell {}), step(3, script())]).unwrap(),
            "Steps 1, 2 and 3 (script, shell) cannot run yet in this version."
        );
        assert!(procedure_unavailable(&[]).unwrap().contains("no steps"));
    }
}
