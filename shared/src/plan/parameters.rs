//! Values put in the place of those the plan's text names. Looks at no live system; which values there are is not decided here.

use std::collections::BTreeMap;

use super::model::{Choices, Parameter, Procedure, StepKind, VolumeSelection};

/// The service's name without the digits at its end: `validator1` is one of the family `validator`.
#[must_use]
pub fn family(service: &str) -> &str {
    service.trim_end_matches(|c: char| c.is_ascii_digit())
}

impl Parameter {
    /// Whether a value can stand there at all: a name of a service of the family, or of a file right in the directory.
    #[must_use]
    pub fn allows(&self, value: &str) -> bool {
        let is_name = |text: &str| {
            !text.is_empty()
                && !text.starts_with(['-', '.'])
                && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
        };
        match &self.choices {
            Choices::Services { family: None } => is_name(value),
            Choices::Services { family: Some(wanted) } => is_name(value) && family(value) == wanted,
            Choices::Files { directory } => {
                let file = value.strip_prefix(directory.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
                file.is_some_and(is_name)
            }
        }
    }
}

impl Procedure {
    /// The steps as they are meant with these values, by parameter's name; what is not named stays as the plan has it. Numbers,
    /// lines, sources and digests stay: they say where a step comes from.
    #[must_use]
    pub fn with(&self, values: &BTreeMap<String, String>) -> Self {
        let mut procedure = self.clone();
        for parameter in &self.parameters {
            if let Some(value) = values.get(&parameter.name).filter(|value| **value != parameter.default) {
                for step in &mut procedure.steps {
                    put(&mut step.kind, parameter, value);
                }
            }
        }
        procedure
    }
}

fn put(kind: &mut StepKind, parameter: &Parameter, value: &str) {
    let replace = |text: &mut String| {
        if *text == parameter.default {
            value.clone_into(text);
        }
    };
    match kind {
        StepKind::Inspect { services }
        | StepKind::Logs { services, .. }
        | StepKind::Restart { services }
        | StepKind::Stop { services }
        | StepKind::Start { services }
        | StepKind::Up { services } => {
            // A step that names several of the family means those.
            if let (Choices::Services { .. }, [one]) = (&parameter.choices, services.as_mut_slice()) {
                replace(one);
            }
        }
        StepKind::Exec { service, argv } => {
            replace(service);
            argv.iter_mut().for_each(replace);
        }
        StepKind::Sql { service, .. } => replace(service),
        StepKind::NetworkConnect { container, .. } | StepKind::NetworkDisconnect { container, .. } => {
            replace(container)
        }
        StepKind::Script { args, .. } => args.iter_mut().for_each(replace),
        StepKind::Extract { archive, .. } => replace(archive),
        StepKind::RemoveVolumes { volumes: VolumeSelection::Named { names } } => names.iter_mut().for_each(replace),
        // Whoever reads it must read of the chosen one.
        StepKind::Notify { text, .. } => *text = replaced(text, &parameter.default, value),
        // An address is followed on the live host: which container it means is not known here.
        StepKind::Http { .. }
        | StepKind::WaitUntil { .. }
        | StepKind::Down { .. }
        | StepKind::RemoveVolumes { volumes: VolumeSelection::AllOfProject }
        | StepKind::Manual {}
        | StepKind::Shell {} => {}
    }
}

/// `text` with `value` wherever `word` stands as a word of its own.
fn replaced(text: &str, word: &str, value: &str) -> String {
    let continues = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let (mut new, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(word).filter(|_| !word.is_empty()) {
        new.push_str(before);
        let stands_alone = !new.ends_with(continues) && !after.starts_with(continues);
        new.push_str(if stands_alone { value } else { word });
        rest = after;
    }
    new + rest
}

#[cfg(test)]
mod tests {
    use super::replaced;
    use crate::plan::{Choices, Parameter, compile};

    #[test]
    fn in_a_sentence_only_whole_words_are_replaced() {
        for (text, expected) in [
            ("v1 is down.", "v2 is down."),
            ("Look at v1, v10 and old-v1: v1.", "Look at v2, v10 and old-v1: v2."),
            ("v1v1 v1", "v1v1 v2"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(replaced(text, "v1", "v2"), expected);
        }
    }

    #[test]
    fn only_names_of_the_kind_are_allowed() {
        let parameter =
            |choices| Parameter { name: "n".into(), label: "?".into(), default: "v1".into(), choices, line: 1 };
        let family = parameter(Choices::Services { family: Some("v".into()) });
        let any = parameter(Choices::Services { family: None });
        let files = parameter(Choices::Files { directory: "/b/".into() });
        for (parameter, value, allowed) in [
            (&family, "v2", true),
            (&family, "w2", false),
            (&any, "w2", true),
            (&any, "--force", false),
            (&any, "a b", false),
            (&any, "", false),
            (&files, "/b/x.sql", true),
            (&files, "/b/../x.sql", false),
            (&files, "/b/..", false),
            (&files, "/c/x.sql", false),
            (&files, "x.sql", false),
        ] {
            assert_eq!(parameter.allows(value), allowed, "{value}");
        }
    }

    #[test]
    fn a_value_takes_the_place_of_the_plans_own() {
        let text = "# P\n\n## R\n```bash\ndocker compose ps v1 v2\ndocker compose restart v1\n./s.sh v1 x\n```\n\n| Component | RTO |\n|---|---|\n| A | 1h |\n";
        let mut procedure = compile(text).plan.procedures.remove(0);
        let parameter = Parameter {
            name: "node".into(),
            label: "Which node?".into(),
            default: "v1".into(),
            choices: Choices::Services { family: Some("v".into()) },
            line: 1,
        };
        procedure.parameters = vec![parameter];
        let with = |value: &str| procedure.with(&[("node".to_owned(), value.to_owned())].into());
        assert_eq!(with("v1"), procedure);
        let json = serde_json::to_value(with("v2")).unwrap();
        assert_eq!(json["steps"][0]["services"], serde_json::json!(["v1", "v2"]));
        assert_eq!(json["steps"][1]["services"], serde_json::json!(["v2"]));
        assert_eq!(json["steps"][2]["args"], serde_json::json!(["v2", "x"]));
        assert_eq!(json["steps"][1]["source"], "docker compose restart v1");
    }
}
