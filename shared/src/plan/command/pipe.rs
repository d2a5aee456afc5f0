//! Lines that pipe a look into something that narrows it down: `curl … | grep height`. Runs no filter.

use super::{Around, Meaning, alone};
use crate::plan::danger::is_destructive;
use crate::plan::model::StepKind;
use crate::plan::shell::{Simple, Word};

/// Programs that only choose and arrange what is shown.
const FILTERS: [&str; 18] = [
    "awk", "cat", "column", "cut", "egrep", "fgrep", "grep", "head", "jq", "less", "more", "sed", "sort", "tail", "tr",
    "uniq", "wc", "yq",
];

/// A look stays a look when its output is narrowed down; the whole is shown instead. Everything else is not guessed at.
pub(super) fn read(parts: &[Simple], around: Around<'_>) -> Meaning {
    const PIPES: &str = "it pipes one command into another";
    let [first, filters @ ..] = parts else { return Meaning::shell(PIPES) };
    let names: Option<Vec<&str>> = filters.iter().map(filter).collect();
    let Some(names) = names else { return Meaning::shell(PIPES) };
    let meaning = alone(first, around);
    let looks = match &meaning.kind {
        StepKind::Inspect { .. }
        | StepKind::Logs { .. }
        | StepKind::Http { .. }
        | StepKind::Sql { .. }
        | StepKind::Exec { .. } => !is_destructive(&meaning.kind),
        _ => false,
    };
    match meaning.kind {
        StepKind::Shell {} => meaning,
        _ if !looks => Meaning::shell(PIPES),
        _ if filters.iter().any(is_a_test) => meaning.and(
            "test-left-out",
            "grep -q decides here whether the line succeeds, and Muster leaves the pipe out: the step shows all there is and \
             succeeds if that can be read. To wait for a number to grow, write watch '… | grep WORD'.",
        ),
        _ => {
            let message = format!("| {} is left out: the step shows all there is, and succeeds if that can be read.", names.join(" | "));
            meaning.note("filter-left-out", message)
        }
    }
}

fn filter(simple: &Simple) -> Option<&str> {
    match simple.words.as_slice() {
        [Word::Literal(program), ..] if simple.beside.is_none() && FILTERS.contains(&program.as_str()) => Some(program),
        [Word::Literal(python), Word::Literal(m), Word::Literal(tool), ..]
            if python.starts_with("python") && m == "-m" && tool == "json.tool" =>
        {
            Some(tool)
        }
        _ => None,
    }
}

fn is_a_test(simple: &Simple) -> bool {
    matches!(simple.words.first(), Some(Word::Literal(program)) if program.ends_with("grep"))
        && simple.words.iter().any(|word| {
            matches!(word, Word::Literal(text) if text == "--quiet"
                || (text.starts_with('-') && !text.starts_with("--") && text.contains('q')))
        })
}
