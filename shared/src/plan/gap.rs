//! What the plan promises and cannot show. Judges the plan only, never a run.

use std::collections::HashSet;

use super::model::{Gap, Plan, Procedure, Step, StepKind};
use super::words::{has_word, list, span};

/// Every gap, by line.
pub(super) fn find(plan: &Plan) -> Vec<Gap> {
    let mut gaps = Vec::new();
    contacts(plan, &mut gaps);
    levels(plan, &mut gaps);
    objectives(plan, &mut gaps);
    components(plan, &mut gaps);
    scripts(plan, &mut gaps);
    wipes(plan, &mut gaps);
    gaps.sort_by_key(|gap| gap.line);
    gaps
}

fn gap(code: &str, line: u32, message: String) -> Gap {
    Gap { code: code.to_owned(), message, line: Some(line) }
}

fn contacts(plan: &Plan, gaps: &mut Vec<Gap>) {
    for contact in &plan.contacts {
        let role = &contact.role;
        if is_placeholder(&contact.primary) || contact.backup.as_deref().is_some_and(is_placeholder) {
            let message =
                format!("{role} has a placeholder instead of a way to be reached; nobody can be called there.");
            gaps.push(gap("contact-placeholder", contact.line, message));
        } else if contact.backup.as_deref() == Some(contact.primary.as_str()) {
            let message = format!("{role} has the same contact as backup: if it does not answer, nobody does.");
            gaps.push(gap("contact-without-backup", contact.line, message));
        }
        if contact.backup.is_none() {
            gaps.push(gap("contact-without-backup", contact.line, format!("{role} has no backup contact.")));
        }
    }
}

/// `+1-XXX-XXX-XXXX`, `TBD`, `<phone>` and the like.
fn is_placeholder(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["xxx", "???", "fill in"].iter().any(|sign| lower.contains(sign))
        || ["tbd", "todo", "tba", "placeholder"].iter().any(|word| has_word(&lower, word))
        || (lower.starts_with('<') && lower.ends_with('>'))
}

fn levels(plan: &Plan, gaps: &mut Vec<Gap>) {
    for level in plan.levels.iter().filter(|level| level.response_seconds.is_none()) {
        let message =
            format!("Level {} ({}) promises no response time; no clock can run for it.", level.level, level.name);
        gaps.push(gap("level-without-response", level.line, message));
    }
}

fn objectives(plan: &Plan, gaps: &mut Vec<Gap>) {
    for row in &plan.rto {
        let wanted = telling_words(&row.component);
        let served = plan.procedures.iter().any(|procedure| {
            let text = procedure.section.iter().map(String::as_str).chain([procedure.title.as_str()]);
            let words: HashSet<String> = text.flat_map(telling_words).collect();
            wanted.iter().any(|word| words.contains(word))
        });
        if !served {
            let message = format!("\"{}\" has a recovery time, and no procedure names it in its title.", row.component);
            gaps.push(gap("rto-without-procedure", row.line, message));
        }
    }
    for row in &plan.rpo {
        let promise = if row.unit == "seconds" { span(row.amount) } else { format!("{} {}", row.amount, row.unit) };
        let message = format!(
            "The recovery point of \"{}\" ({promise}) is promised and not measured: this version has no probes for it.",
            row.data
        );
        gaps.push(gap("rpo-without-probe", row.line, message));
    }
}

/// Words that say what a title is about, in the singular.
fn telling_words(text: &str) -> Vec<String> {
    const EMPTY: [&str; 14] = [
        "the",
        "of",
        "and",
        "a",
        "an",
        "single",
        "full",
        "complete",
        "entire",
        "recovery",
        "recover",
        "procedure",
        "failure",
        "incident",
    ];
    let text = text.to_lowercase();
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !EMPTY.contains(word))
        .map(|word| word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word).to_owned())
        .collect()
}

fn components(plan: &Plan, gaps: &mut Vec<Gap>) {
    for part in plan.components.iter().filter(|part| part.rto_seconds.is_none()) {
        let message = format!("{} has no recovery time; no clock can run for it.", part.name);
        gaps.push(gap("component-without-rto", part.line, message));
    }
}

fn steps(plan: &Plan) -> impl Iterator<Item = (&Procedure, &Step)> {
    plan.procedures.iter().flat_map(|procedure| procedure.steps.iter().map(move |step| (procedure, step)))
}

fn scripts(plan: &Plan, gaps: &mut Vec<Gap>) {
    let mut seen = HashSet::new();
    for (procedure, step) in steps(plan) {
        if let StepKind::Script { path, .. } = &step.kind
            && seen.insert(path)
        {
            let message = format!(
                "The script {path} (\"{}\") cannot run yet: this version runs no scripts and has not looked whether it exists.",
                procedure.title
            );
            gaps.push(gap("script-missing", step.line, message));
        }
    }
}

/// Steps that wipe or overwrite, without a look at the backup before them in the same procedure.
fn wipes(plan: &Plan, gaps: &mut Vec<Gap>) {
    for procedure in &plan.procedures {
        let mut unguarded = Vec::new();
        for step in &procedure.steps {
            if verifies_backup(step) {
                break;
            }
            if step.destructive && overwrites(step) {
                unguarded.push(step);
            }
        }
        let Some(first) = unguarded.first() else { continue };
        let numbers: Vec<String> = unguarded.iter().map(|step| step.number.to_string()).collect();
        let which = if numbers.len() == 1 { "Step" } else { "Steps" };
        let message = format!(
            "\"{}\": {} {} can destroy data, and no step before verifies a backup.",
            procedure.title,
            which,
            list(&numbers)
        );
        gaps.push(gap("destructive-without-backup-check", first.line, message));
    }
}

fn verifies_backup(step: &Step) -> bool {
    let text = format!("{} {}", step.title, step.source).to_lowercase();
    let verifies =
        |word: &str| word == "test" || ["verif", "check", "validat"].iter().any(|stem| word.starts_with(stem));
    text.contains("backup") && !overwrites(step) && text.split(|c: char| !c.is_alphanumeric()).any(verifies)
}

/// Kinds that always do; of what Muster cannot look into, those whose words say so.
fn overwrites(step: &Step) -> bool {
    const WORDS: [&str; 14] = [
        "restore",
        "recover",
        "wipe",
        "clean",
        "delete",
        "drop",
        "purge",
        "reset",
        "resync",
        "resolve",
        "rm",
        "remove",
        "overwrite",
        "truncate",
    ];
    match &step.kind {
        StepKind::Down { .. } | StepKind::RemoveVolumes { .. } | StepKind::Extract { .. } | StepKind::Sql { .. } => {
            true
        }
        StepKind::Script { path, .. } => {
            let path = path.to_lowercase();
            let file = path.rsplit('/').next().unwrap_or_default();
            WORDS.iter().any(|word| file.split(|c: char| !c.is_alphanumeric()).any(|part| part == *word))
        }
        StepKind::Exec { .. } | StepKind::Shell {} => {
            let source = step.source.to_lowercase();
            WORDS.iter().any(|word| has_word(&source, word))
        }
        _ => false,
    }
}
