//! How steps and what they touch are named on chips and buttons. Decides nothing about a run.

use shared::{
    bytes::human_bytes,
    domain::resolution::{ObjectKind, Resolution, ResolvedObject, ResolvedStep, ResolvedTable},
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
    let effects = weigh(resolution, procedure).effects;
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

/// What a run means, as people weigh it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weighed {
    /// What cannot be undone first, then in the order of the plan.
    pub(crate) effects: Vec<ResolvedStep>,
    pub(crate) looks: Vec<ResolvedStep>,
    /// The plan's final checks, whatever they run.
    pub(crate) checks: Vec<ResolvedStep>,
}

#[must_use]
pub(crate) fn weigh(resolution: &Resolution, procedure: &Procedure) -> Weighed {
    let is_check = |number| procedure.steps.iter().any(|s| s.number == number && s.check);
    let (checks, steps): (Vec<_>, Vec<_>) = resolution.steps.iter().cloned().partition(|s| is_check(s.number));
    let (mut effects, looks): (Vec<_>, Vec<_>) = steps.into_iter().partition(|s| s.has_effect);
    effects.sort_by_key(|s| (!s.destructive, s.number));
    Weighed { effects, looks, checks }
}

/// Enough of a Docker id to compare by eye.
#[must_use]
pub(crate) fn short_id(object: &ResolvedObject) -> String {
    let id = object.id.strip_prefix("sha256:").unwrap_or(&object.id);
    id.chars().take(12).collect()
}

/// Of what can hold something.
#[must_use]
pub(crate) fn size_words(object: &ResolvedObject) -> Option<String> {
    match object.kind {
        ObjectKind::Volume | ObjectKind::File => Some(object.bytes.map_or_else(|| "not known".into(), human_bytes)),
        ObjectKind::Container | ObjectKind::Network => None,
    }
}

/// As the registry names the image, else by its own digest: it was made on that host.
#[must_use]
pub(crate) fn image_words(object: &ResolvedObject) -> Option<String> {
    let own = || object.image_id.clone().filter(|id| !id.is_empty());
    let whole = object.image_digest.clone().or_else(own)?;
    // Enough of it to compare by eye, as of ids.
    let end = whole.find("sha256:").map_or(whole.len(), |at| (at + "sha256:".len() + 12).min(whole.len()));
    Some(whole.get(..end).unwrap_or(&whole).to_owned())
}

/// "block 1,204" or "peer: not known".
#[must_use]
pub(crate) fn table_words(table: &ResolvedTable) -> String {
    match table.rows {
        Some(rows) => format!("{} {}", table.name, thousands(rows)),
        None => format!("{}: not known", table.name),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// "1 step", "3 steps".
#[must_use]
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// `None` if nobody has to check anything.
pub(crate) fn open_checks_words(n: u32) -> Option<String> {
    (n > 0).then(|| format!("{} open", count(n as usize, "final check", "final checks")))
}

#[cfg(test)]
mod tests {
    use shared::fixtures;

    use super::*;

    fn step(number: u32, destructive: bool, objects: &[&str]) -> ResolvedStep {
        let objects = objects.iter().map(|name| fixtures::container("sha256:0123456789abcdef", name)).collect();
        ResolvedStep { destructive, ..fixtures::resolved_step(number, objects) }
    }

    /// The third step is a final check.
    fn procedure() -> Procedure {
        let restart = || StepKind::Restart { services: vec![] };
        let mut procedure = fixtures::procedure("p", [restart(), restart(), restart()]);
        procedure.steps[2].check = true;
        procedure
    }

    fn words(steps: Vec<ResolvedStep>) -> String {
        approve_words(&fixtures::resolution(steps), &procedure())
    }

    #[test]
    fn the_approve_button_names_its_object() {
        assert_eq!(words(vec![step(1, false, &["bt2c_validator1_1"])]), "Approve restart of bt2c_validator1_1");
        assert_eq!(words(vec![step(1, false, &["a", "b", "c"])]), "Approve restart of a and 2 more");
        assert_eq!(words(vec![step(1, false, &["a"]), step(2, false, &["b"])]), "Approve 2 changes in bt2c");
        assert_eq!(words(vec![]), "Approve a look at bt2c");
    }

    #[test]
    fn what_is_not_known_is_said_to_be_so() {
        let volume = |bytes| ResolvedObject { kind: ObjectKind::Volume, bytes, ..fixtures::container("v", "v") };
        assert_eq!(size_words(&volume(Some(12_345_678))).as_deref(), Some("12 MB"));
        assert_eq!(size_words(&volume(None)).as_deref(), Some("not known"));
        assert_eq!(size_words(&fixtures::container("c", "c")), None);
        let digest = Some("postgres@sha256:0123456789abcdef".to_owned());
        let made = ResolvedObject { image_id: Some("sha256:fedcba9876543210".into()), ..fixtures::container("c", "c") };
        assert_eq!(image_words(&made).as_deref(), Some("sha256:fedcba987654"), "made there");
        let pulled = ResolvedObject { image_digest: digest, ..made };
        assert_eq!(image_words(&pulled).as_deref(), Some("postgres@sha256:0123456789ab"));
        let table = |rows| table_words(&ResolvedTable { name: "block".into(), rows });
        assert_eq!((table(Some(1_204_567)), table(Some(42))), ("block 1,204,567".into(), "block 42".into()));
        assert_eq!(table(None), "block: not known");
    }

    #[test]
    fn what_cannot_be_undone_comes_first() {
        let weighed = weigh(
            &fixtures::resolution(vec![step(1, false, &[]), step(2, true, &[]), step(3, false, &[])]),
            &procedure(),
        );
        let numbers = |steps: &[ResolvedStep]| steps.iter().map(|s| s.number).collect::<Vec<_>>();
        assert_eq!((numbers(&weighed.effects), numbers(&weighed.checks)), (vec![2, 1], vec![3]));
        assert_eq!(short_id(&fixtures::container("sha256:0123456789abcdef", "x")), "0123456789ab");
    }
}
