//! From what somebody sees to the level and the procedures that the plan has for it, each with the reason. Decides nothing for anybody:
//! people may choose otherwise.

use serde::{Deserialize, Serialize};

use crate::plan::{Level, Plan, Procedure, StepKind};

/// One criterion of the plan that somebody has ticked, in the plan's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "SeenCriterion"))]
#[serde(deny_unknown_fields)]
pub struct Seen {
    pub level: u8,
    pub text: String,
}

/// A procedure that may help, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub id: String,
    pub title: String,
    pub why: String,
}

/// Whether the plan has this criterion.
#[must_use]
pub fn known(levels: &[Level], seen: &Seen) -> bool {
    levels.iter().any(|level| level.level == seen.level && level.criteria.contains(&seen.text))
}

/// The worst level of which something is seen, and the first thing that says so.
#[must_use]
pub fn level(seen: &[Seen]) -> Option<&Seen> {
    let worst = seen.iter().map(|seen| seen.level).max()?;
    seen.iter().find(|seen| seen.level == worst)
}

/// More suggestions are none.
const MOST_HINTS: usize = 4;

/// Procedures that act on what is affected, or whose headings speak of what is seen; the likeliest first. `affected` are ids of
/// components.
#[must_use]
pub fn procedures(plan: &Plan, seen: &[Seen], affected: &[String]) -> Vec<Hint> {
    let mut found: Vec<(usize, Hint)> = plan
        .procedures
        .iter()
        .filter_map(|procedure| {
            let on = acts_on(plan, procedure, affected);
            let heard = speaks_of(procedure, seen);
            let why = match (&heard, &on) {
                (Some((_, text)), _) => format!("You see: {text}"),
                (None, Some(name)) => format!("It acts on {name}"),
                (None, None) => return None,
            };
            let weight = heard.map_or(0, |(words, _)| words * 2) + usize::from(on.is_some());
            Some((weight, Hint { id: procedure.id.clone(), title: procedure.title.clone(), why }))
        })
        .collect();
    // Stable: of equals the plan's order stays.
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    found.into_iter().take(MOST_HINTS).map(|(_, hint)| hint).collect()
}

/// The name of the first affected component that one of its steps with an effect names.
fn acts_on(plan: &Plan, procedure: &Procedure, affected: &[String]) -> Option<String> {
    let services = services(procedure);
    let parts = plan.components.iter().filter(|part| affected.contains(&part.id));
    let fits = |service: &&String, id: &str, own: Option<&str>| service.as_str() == id || own == Some(service.as_str());
    parts
        .filter(|part| services.iter().any(|service| fits(&service, &part.id, part.service.as_deref())))
        .map(|part| part.name.clone())
        .next()
}

/// Services that steps with an effect name, in the order of the steps.
#[must_use]
pub fn services(procedure: &Procedure) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    for step in procedure.steps.iter().filter(|step| step.kind.has_effect()) {
        let named = match &step.kind {
            StepKind::Restart { services }
            | StepKind::Stop { services }
            | StepKind::Start { services }
            | StepKind::Up { services } => services.as_slice(),
            StepKind::Exec { service, .. } | StepKind::Sql { service, .. } => std::slice::from_ref(service),
            _ => &[],
        };
        for service in named {
            if !found.contains(service) {
                found.push(service.clone());
            }
        }
    }
    found
}

/// How many words of a criterion the headings have too, and which criterion has most.
fn speaks_of(procedure: &Procedure, seen: &[Seen]) -> Option<(usize, String)> {
    // Of the headings above it the last is nearest.
    let headings = procedure.section.last().into_iter().chain([&procedure.title]);
    let own: Vec<String> = headings.flat_map(|heading| words(heading)).collect();
    let shared = |seen: &Seen| words(&seen.text).into_iter().filter(|word| own.contains(word)).count();
    let most = seen.iter().map(|seen| (shared(seen), seen)).filter(|(n, _)| *n > 0).max_by_key(|(n, _)| *n);
    most.map(|(n, seen)| (n, seen.text.clone()))
}

/// In every plan, so they say nothing.
const EVERYWHERE: [&str; 14] = [
    "all",
    "and",
    "any",
    "complete",
    "failure",
    "for",
    "from",
    "one",
    "procedure",
    "recovery",
    "single",
    "system",
    "the",
    "with",
];

/// Words that say something, as one of them: "validators" is "validator".
fn words(text: &str) -> Vec<String> {
    let cut = |word: &str| {
        let word = word.to_lowercase();
        let one = word.strip_suffix('s').filter(|one| one.chars().count() > 3 && !one.ends_with('s'));
        one.map_or(word.clone(), str::to_owned)
    };
    let mut words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .map(cut)
        .filter(|word| word.chars().count() > 2 && !EVERYWHERE.contains(&word.as_str()))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::compile;

    const PLAN: &str = "# Plan\n\n## Levels\n\n### Level 1 (Minor)\n- Single node failure\n- Response Time: Within 1 hour\n\n\
        ### Level 3 (Critical)\n- Database corruption\n- Response Time: Immediate\n\n\
        ## Recovery Procedures\n\n### Database Corruption\n\n```bash\ndocker-compose restart postgres\n```\n\n\
        ### Node Failure Recovery\n\n```bash\ndocker-compose restart validator1\n```\n";

    fn seen(level: u8, text: &str) -> Seen {
        Seen { level, text: text.into() }
    }

    #[test]
    fn the_worst_that_is_seen_decides() {
        let (small, bad) = (seen(1, "Single node failure"), seen(3, "Database corruption"));
        assert_eq!(level(&[]), None);
        assert_eq!(level(&[small.clone(), bad.clone()]), Some(&bad));
        let plan = compile(PLAN).plan;
        assert!(known(&plan.levels, &small) && known(&plan.levels, &bad), "{:?}", plan.levels);
        assert!(!known(&plan.levels, &seen(1, "Database corruption")) && !known(&plan.levels, &seen(1, "x")));
    }

    #[test]
    fn procedures_are_suggested_with_their_reason() {
        let plan = compile(PLAN).plan;
        let told = |given: &[Seen], affected: &[&str]| {
            let affected: Vec<String> = affected.iter().map(|id| (*id).to_owned()).collect();
            let hints = procedures(&plan, given, &affected);
            hints.into_iter().map(|hint| format!("{}: {}", hint.title, hint.why)).collect::<Vec<_>>()
        };
        assert!(told(&[], &[]).is_empty());
        assert_eq!(told(&[seen(3, "Database corruption")], &[]), ["Database Corruption: You see: Database corruption"]);
        assert_eq!(
            told(&[seen(1, "Single node failure")], &[]),
            ["Node Failure Recovery: You see: Single node failure"]
        );
    }

    #[test]
    fn words_that_say_something() {
        assert_eq!(words("All the Validators of one process"), ["process", "validator"]);
    }
}
