//! Where in a plan's text something can be written without tearing a table, a list or a fenced block apart. Knows no incident.

use super::{Edit, Proposal};

/// The last line (from 1) of the fenced block, table or paragraph that this line stands in.
pub(super) fn end_of_block(source: &str, line: u32) -> u32 {
    let lines: Vec<&str> = source.lines().collect();
    let at = usize::try_from(line).unwrap_or(usize::MAX).clamp(1, lines.len().max(1)) - 1;
    let last = match fence_around(&lines, at) {
        Some((_, end)) => end,
        None => (at..lines.len()).take_while(|i| !lines[*i].trim().is_empty()).last().unwrap_or(at),
    };
    u32::try_from(last + 1).unwrap_or(u32::MAX)
}

/// Opening and closing line (from 0) of the fence that a line stands in.
fn fence_around(lines: &[&str], at: usize) -> Option<(usize, usize)> {
    let mut open = None;
    for (i, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with("```") {
            open = match open {
                None => Some(i),
                Some(begin) if (begin..=i).contains(&at) => return Some((begin, i)),
                Some(_) => None,
            };
        }
    }
    None
}

/// The fence's opening line around a step, with another time limit. `None` if it has none: then the limit comes from elsewhere.
pub(super) fn with_timeout(source: &str, step: u32, minutes: u64) -> Option<(u32, String)> {
    let lines: Vec<&str> = source.lines().collect();
    let (open, _) = fence_around(&lines, usize::try_from(step).ok()?.checked_sub(1)?)?;
    let line = lines.get(open)?;
    let from = line.find("timeout=")?;
    let value = from + "timeout=".len();
    let length = line.get(value..)?.find([' ', '}', '\t']).unwrap_or(line.len() - value);
    let (before, after) = (line.get(..value)?, line.get(value + length..)?);
    Some((u32::try_from(open + 1).ok()?, format!("{before}{minutes}m{after}")))
}

/// The source with these in it, its own line ends kept. A note is a quotation with an empty line on each side.
pub(super) fn applied(source: &str, proposals: &[&Proposal]) -> String {
    let end = if source.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = String::with_capacity(source.len() + 200 * proposals.len());
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    for (i, line) in lines.iter().enumerate() {
        let here = || proposals.iter().filter(move |proposal| usize::try_from(proposal.line) == Ok(i + 1));
        let replaced = here().find_map(|proposal| match &proposal.edit {
            Edit::Replace { with } => Some(with),
            Edit::Note { .. } => None,
        });
        match replaced {
            Some(with) => {
                out.push_str(with);
                out.push_str(line.trim_start_matches(|c| c != '\r' && c != '\n'));
            }
            None => out.push_str(line),
        }
        let notes: Vec<&str> = here()
            .filter_map(|proposal| match &proposal.edit {
                Edit::Note { text } => Some(text.as_str()),
                Edit::Replace { .. } => None,
            })
            .collect();
        if notes.is_empty() {
            continue;
        }
        if !line.ends_with('\n') {
            out.push_str(end);
        }
        for note in notes {
            out.push_str(&format!("{end}> {note}{end}"));
        }
        if lines.get(i + 1).is_some_and(|next| !next.trim().is_empty()) {
            out.push_str(end);
        }
    }
    out
}
