//! What the plan promises and cannot show. Judges the plan only, never a run.

use std::collections::HashSet;

use super::model::{Choices, Gap, Plan, Procedure, Step, StepKind};
use super::notes::bounded;
use super::wipe;
use super::words::{has_word, list, slug, span};
use crate::domain::audience::Audience;

/// Every gap, by line.
pub(super) fn find(plan: &Plan) -> Vec<Gap> {
    let mut gaps = Vec::new();
    contacts(plan, &mut gaps);
    levels(plan, &mut gaps);
    objectives(plan, &mut gaps);
    components(plan, &mut gaps);
    approvers(plan, &mut gaps);
    told(plan, &mut gaps);
    scripts(plan, &mut gaps);
    wipes(plan, &mut gaps);
    strays(plan, &mut gaps);
    checks(plan, &mut gaps);
    gaps.sort_by_key(|gap| gap.line);
    gaps
}

fn gap(code: &str, line: u32, message: String) -> Gap {
    Gap { code: code.to_owned(), message: bounded(message), line: Some(line) }
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

/// Each check once, whatever number of procedures it stands behind.
fn checks(plan: &Plan, gaps: &mut Vec<Gap>) {
    let steps = plan.procedures.iter().flat_map(|procedure| &procedure.steps);
    let by_hand = steps.filter(|step| step.check && step.kind == StepKind::Manual {});
    let mut seen = HashSet::new();
    for check in by_hand.filter(|check| seen.insert(check.line)) {
        let message = format!(
            "\"{}\" has no command that would prove it; after each recovery a person has to look. Write one in back-ticks behind it.",
            check.title
        );
        gaps.push(gap("check-by-hand", check.line, message));
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
            text.flat_map(telling_words).any(|word| wanted.iter().any(|wanted| are_alike(wanted, &word)))
        });
        if !served {
            let message = format!("\"{}\" has a recovery time, and no procedure names it in its title.", row.component);
            gaps.push(gap("rto-without-procedure", row.line, message));
        }
    }
    for row in &plan.rpo {
        let promise = if row.unit == "seconds" { span(row.amount) } else { format!("{} {}", row.amount, row.unit) };
        let message = format!(
            "The recovery point of \"{}\" ({promise}) is promised; a plan cannot say what would really be lost, so let a monitor measure it.",
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

/// The same word, or the same one with another ending, as many languages have them.
fn are_alike(a: &str, b: &str) -> bool {
    let same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let longest = a.chars().count().max(b.chars().count());
    same == longest || (same > 4 && longest - same <= 2) || (same == longest - 1 && same > 3)
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

/// The compiler sees the text, not the directory of scripts.
fn scripts(plan: &Plan, gaps: &mut Vec<Gap>) {
    let mut paths: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    let mut line = None;
    for (_, step) in steps(plan) {
        if let StepKind::Script { path, .. } = &step.kind
            && seen.insert(path)
        {
            line.get_or_insert(step.line);
            paths.push(path.rsplit('/').next().unwrap_or(path));
        }
    }
    let Some(line) = line else { return };
    let many = if paths.len() == 1 { "1 script".to_owned() } else { format!("{} scripts", paths.len()) };
    let message = format!(
        "The plan relies on {many} that the plan's text cannot show: {}. When a run is prepared, the worker looks for those it \
         needs in its directory of scripts and names what is missing.",
        list(&paths)
    );
    gaps.push(gap("script-not-seen", line, message));
}

/// Who must consent has to be somebody the plan can call.
fn approvers(plan: &Plan, gaps: &mut Vec<Gap>) {
    let called: HashSet<String> = plan.contacts.iter().map(|contact| slug(&contact.role)).collect();
    let mut seen = HashSet::new();
    for procedure in &plan.procedures {
        for role in procedure.roles.iter().filter(|role| !called.contains(*role)) {
            if seen.insert(role) {
                let message = format!(
                    "\"{}\" needs the consent of a {}, and the table of contacts names nobody in that role.",
                    procedure.title,
                    role.replace('-', " ")
                );
                gaps.push(gap("approver-without-contact", procedure.line, message));
            }
        }
    }
}

/// Who is told by role has to be somebody the plan can call.
fn told(plan: &Plan, gaps: &mut Vec<Gap>) {
    let called: HashSet<String> = plan.contacts.iter().map(|contact| slug(&contact.role)).collect();
    for (procedure, step) in steps(plan) {
        if let StepKind::Notify { audience: Audience::Contact(role), .. } = &step.kind
            && !called.contains(role.name())
        {
            let message = format!(
                "Step {} of \"{}\" notifies {}, and the table of contacts names nobody in that role.",
                step.number,
                procedure.title,
                Audience::Contact(*role).words()
            );
            gaps.push(gap("notice-without-contact", step.line, message));
        }
    }
}

/// Steps that wipe or overwrite, without a look at the backup before them in the same procedure. Muster itself looks before
/// kinds it knows to wipe, if the plan says where backups are; what a script does it cannot know.
fn wipes(plan: &Plan, gaps: &mut Vec<Gap>) {
    let has_backups = !wipe::backups(&plan.locations).is_empty();
    for procedure in &plan.procedures {
        let mut unguarded = Vec::new();
        for step in &procedure.steps {
            if verifies_backup(step) || (has_backups && wipe::is_wipe(&step.kind)) {
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
            "\"{}\": {} {} may destroy or overwrite data, and no step before verifies a backup. Add one, such \
             as ./scripts/verify_backup.sh.",
            procedure.title,
            which,
            list(&numbers)
        );
        gaps.push(gap("destructive-without-backup-check", first.line, message));
    }
}

/// What is restored should be what is kept and verified.
fn strays(plan: &Plan, gaps: &mut Vec<Gap>) {
    let backups = wipe::backups(&plan.locations);
    if backups.is_empty() {
        return;
    }
    let is_kept = |path: &str| {
        backups.iter().any(|location| {
            path.strip_prefix(location.path.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let mut strays: Vec<&str> = Vec::new();
    let mut line = None;
    for parameter in plan.procedures.iter().flat_map(|procedure| &procedure.parameters) {
        let path = parameter.default.as_str();
        if matches!(parameter.choices, Choices::Files { .. }) && !is_kept(path) && !strays.contains(&path) {
            line.get_or_insert(parameter.line);
            strays.push(path);
        }
    }
    let Some(line) = line else { return };
    let places: Vec<&str> = backups.iter().map(|location| location.path.as_str()).collect();
    let message = format!(
        "The procedures restore from {}, and the plan keeps its backups in {}: what is verified there may not be what is restored.",
        list(&strays),
        list(&places)
    );
    gaps.push(gap("backup-elsewhere", line, message));
}

fn verifies_backup(step: &Step) -> bool {
    let text = format!("{} {}", step.title, step.source).to_lowercase();
    let verifies =
        |word: &str| word == "test" || ["verif", "check", "validat"].iter().any(|stem| word.starts_with(stem));
    text.contains("backup") && !overwrites(step) && text.split(|c: char| !c.is_alphanumeric()).any(verifies)
}

/// Kinds that always do; of what Muster cannot look into, those whose words say so.
fn overwrites(step: &Step) -> bool {
    const WORDS: [&str; 13] = [
        "restore",
        "recover",
        "wipe",
        "clean",
        "delete",
        "drop",
        "purge",
        "reset",
        "resync",
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
