//! The plan's text by its headings, so that what the compiler does not understand can be shown in its place. Judges nothing.

use super::document::Document;
use super::model::{Plan, Section};

/// Every heading with the lines that belong to it, in order; text before the first heading is a section without a title.
pub(super) fn read(document: &Document<'_>) -> Vec<Section> {
    let last = document.lines.last();
    let mut sections: Vec<Section> = Vec::new();
    let lines: Vec<u32> = document.headings.iter().map(|heading| document.line(heading.prose.span.start)).collect();
    let first = lines.first().copied().unwrap_or(last + 1);
    if first > 1 && (1..first).any(|line| !document.lines.text(line).trim().is_empty()) {
        sections.push(Section { title: String::new(), level: 0, line: 1, last_line: first - 1, compiled: false });
    }
    for (index, (heading, &line)) in document.headings.iter().zip(&lines).enumerate() {
        let next = lines.get(index + 1).copied().unwrap_or(last + 1);
        sections.push(Section {
            title: heading.prose.text.trim().to_owned(),
            level: heading.level,
            line,
            last_line: next.saturating_sub(1).max(line),
            compiled: false,
        });
    }
    sections
}

/// Marks the sections of which something has become a part of the plan.
pub(super) fn mark(plan: &mut Plan) {
    let lines = plan.contacts.iter().map(|part| part.line);
    let lines = lines.chain(plan.levels.iter().map(|part| part.line));
    let lines = lines.chain(plan.components.iter().map(|part| part.line));
    let lines = lines.chain(plan.procedures.iter().map(|part| part.line));
    let lines = lines.chain(plan.rto.iter().map(|part| part.line));
    let lines = lines.chain(plan.rpo.iter().map(|part| part.line));
    let lines = lines.chain(plan.checklists.iter().map(|part| part.line));
    let lines = lines.chain(plan.locations.iter().map(|part| part.line));
    for line in lines.collect::<Vec<_>>() {
        let at = plan.sections.partition_point(|section| section.line <= line);
        if let Some(section) = at.checked_sub(1).and_then(|at| plan.sections.get_mut(at)) {
            section.compiled = true;
        }
    }
}
