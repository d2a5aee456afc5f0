//! How steps and what they touch are named on chips and buttons. Decides nothing about a run.

use shared::{
    domain::resolution::{ObjectKind, Resolution, ResolvedObject, ResolvedStep},
    plan::{Procedure, StepKind, VolumeSelection},
};

/// One or two words for a chip.
#[must_use]
pub(crate) fn kind_word(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Inspect { .. } => "Inspect",
        StepKind::Logs { .. } => "Logs",
        StepKind::Restart { .. } => "Restart",
        StepKind::Stop { .. } => "Stop",
        StepKind::Start { .. } => "Start",
        StepKind::Up { .. } => "Up",
        StepKind::Down { .. } => "Down",
        StepKind::Exec { .. } => "Command",
        StepKind::Sql { .. } => "SQL",
        StepKind::RemoveVolumes { .. } => "Remove volumes",
        StepKind::NetworkDisconnect { .. } => "Cut network",
        StepKind::NetworkConnect { .. } => "Join network",
        StepKind::Extract { .. } => "Unpack archive",
        StepKind::Http { .. } => "HTTP",
        StepKind::WaitUntil { .. } => "Wait until",
        StepKind::Script { .. } => "Script",
        StepKind::Notify { .. } => "Notify",
        StepKind::Manual {} => "By hand",
        StepKind::Shell {} => "Shell",
    }
}

/// As a noun with "of": "restart of validator1".
fn deed(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Restart { .. } => "restart of",
        StepKind::Stop { .. } => "stop of",
        StepKind::Start { .. } => "start of",
        StepKind::Up { .. } => "bringing up",
        StepKind::Down { .. } => "taking down",
        StepKind::Exec { .. } => "a command in",
        StepKind::Sql { .. } => "SQL in",
        StepKind::RemoveVolumes { .. } => "removal of",
        StepKind::NetworkDisconnect { .. } => "cutting off",
        StepKind::NetworkConnect { .. } => "reconnecting",
        StepKind::Extract { .. } => "unpacking an archive into",
        StepKind::Script { .. } => "a script on",
        StepKind::Http { .. } => "a request to",
        StepKind::Inspect { .. } | StepKind::Logs { .. } => "a look at",
        StepKind::WaitUntil { .. } => "waiting for",
        StepKind::Notify { .. } => "notifying people about",
        StepKind::Manual {} => "a step that a person does for",
        StepKind::Shell {} => "a shell line on",
    }
}

/// The services a step names, as its author wrote them.
#[must_use]
pub(crate) fn services(kind: &StepKind) -> Vec<String> {
    match kind {
        StepKind::Inspect { services }
        | StepKind::Logs { services, .. }
        | StepKind::Restart { services }
        | StepKind::Stop { services }
        | StepKind::Start { services }
        | StepKind::Up { services } => services.clone(),
        StepKind::Exec { service, .. } | StepKind::Sql { service, .. } => vec![service.clone()],
        StepKind::RemoveVolumes { volumes: VolumeSelection::Named { names } } => names.clone(),
        StepKind::NetworkDisconnect { container, .. } | StepKind::NetworkConnect { container, .. } => {
            vec![container.clone()]
        }
        _ => vec![],
    }
}

#[must_use]
pub(crate) fn object_word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Container => "Container",
        ObjectKind::Volume => "Volume",
        ObjectKind::Network => "Network",
        ObjectKind::File => "File",
    }
}

/// What the approve button says: "Approve restart of bt2c_validator1_1".
#[must_use]
pub(crate) fn approve_words(resolution: &Resolution, procedure: &Procedure) -> String {
    let effects: Vec<_> = resolution.steps.iter().filter(|s| s.has_effect).collect();
    match effects.as_slice() {
        [] => format!("Approve a look at {}", resolution.project),
        [one] => {
            let kind = procedure.steps.iter().find(|s| s.number == one.number).map(|s| &s.kind);
            format!("Approve {} {}", kind.map_or("a change of", deed), names(one, &resolution.project))
        }
        many => format!("Approve {} changes in {}", many.len(), resolution.project),
    }
}

fn names(step: &ResolvedStep, project: &str) -> String {
    match step.objects.as_slice() {
        [] => project.to_owned(),
        [one] => one.name.clone(),
        [one, two] => format!("{} and {}", one.name, two.name),
        [one, rest @ ..] => format!("{} and {} more", one.name, rest.len()),
    }
}

/// What cannot be undone first, then in the order of the plan.
#[must_use]
pub(crate) fn effects_first(resolution: &Resolution) -> (Vec<ResolvedStep>, Vec<ResolvedStep>) {
    let (mut effects, looks): (Vec<_>, Vec<_>) = resolution.steps.iter().cloned().partition(|s| s.has_effect);
    effects.sort_by_key(|s| (!s.destructive, s.number));
    (effects, looks)
}

/// Enough of a Docker id to compare by eye.
#[must_use]
pub(crate) fn short_id(object: &ResolvedObject) -> String {
    let id = object.id.strip_prefix("sha256:").unwrap_or(&object.id);
    id.chars().take(12).collect()
}

/// "1 step", "3 steps".
#[must_use]
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

#[cfg(test)]
mod tests {
    use shared::{digest::Digest, plan::Step, timestamp::Timestamp};

    use super::*;

    fn object(name: &str) -> ResolvedObject {
        ResolvedObject {
            kind: ObjectKind::Container,
            id: "sha256:0123456789abcdef".into(),
            name: name.into(),
            service: None,
            image: None,
            image_id: None,
            state: None,
            port: None,
        }
    }

    fn step(number: u32, destructive: bool, objects: &[&str]) -> ResolvedStep {
        let objects = objects.iter().map(|name| object(name)).collect();
        ResolvedStep { number, effect: "Restarts".into(), has_effect: true, destructive, objects }
    }

    fn words(steps: Vec<ResolvedStep>) -> String {
        let restart = Step {
            number: 1,
            title: "Restart".into(),
            kind: StepKind::Restart { services: vec![] },
            line: 1,
            source: String::new(),
            digest: Digest::of(b""),
            destructive: false,
            timeout_seconds: None,
            unavailable: None,
        };
        let procedure = Procedure {
            id: "p".into(),
            title: "P".into(),
            section: vec![],
            line: 1,
            digest: Digest::of(b""),
            steps: vec![restart],
            parameters: vec![],
            approvals: None,
            roles: vec![],
            unavailable: None,
        };
        let resolution =
            Resolution { taken_at: Timestamp::from_unix(0), host: "h".into(), project: "bt2c".into(), steps };
        approve_words(&resolution, &procedure)
    }

    #[test]
    fn the_approve_button_names_its_object() {
        assert_eq!(words(vec![step(1, false, &["bt2c_validator1_1"])]), "Approve restart of bt2c_validator1_1");
        assert_eq!(words(vec![step(1, false, &["a", "b", "c"])]), "Approve restart of a and 2 more");
        assert_eq!(words(vec![step(1, false, &["a"]), step(2, false, &["b"])]), "Approve 2 changes in bt2c");
        assert_eq!(words(vec![]), "Approve a look at bt2c");
    }

    #[test]
    fn what_cannot_be_undone_comes_first() {
        let steps = vec![step(1, false, &[]), step(2, true, &[])];
        let resolution = Resolution { taken_at: Timestamp::from_unix(0), host: "h".into(), project: "p".into(), steps };
        let order: Vec<_> = effects_first(&resolution).0.iter().map(|s| s.number).collect();
        assert_eq!(order, [2, 1]);
        assert_eq!(short_id(&object("x")), "0123456789ab");
    }
}
