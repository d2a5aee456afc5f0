//! Incident levels: headings or a table. Starts no clock.

use super::document::{BlockKind, Document, Prose, Table};
use super::duration::{self, NotATime};
use super::model::Level;
use super::notes::Notes;

pub(super) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    // The level the blocks at hand belong to: its heading, and its place in `levels`.
    let mut open: Option<(usize, usize)> = None;
    for block in &document.blocks {
        match &block.kind {
            BlockKind::Heading(index) => {
                let prose = document.headings.get(*index).map(|heading| &heading.prose);
                open =
                    prose.and_then(|prose| heading(document, prose, &mut levels, notes)).map(|level| (*index, level));
            }
            BlockKind::Item { prose, .. } | BlockKind::Paragraph(prose) => {
                let Some((heading, level)) = open.filter(|(heading, _)| block.heading == Some(*heading)) else {
                    continue;
                };
                let Some(level) = levels.get_mut(level) else { continue };
                let is_point = matches!(block.kind, BlockKind::Item { .. });
                line(document, prose, is_point, level, notes);
                open = Some((heading, levels.len() - 1));
            }
            BlockKind::Table(table) => rows(document, table, &mut levels, notes),
            BlockKind::Fence(_) => {}
        }
    }
    check(document, &levels, notes);
    levels.sort_by_key(|level| level.level);
    levels
}

/// `Level 1 - Minor Incident`.
fn heading(document: &Document<'_>, prose: &Prose, levels: &mut Vec<Level>, notes: &mut Notes<'_>) -> Option<usize> {
    let text = prose.text.trim();
    let rest = text.get(..5).filter(|word| word.eq_ignore_ascii_case("level")).and_then(|_| text.get(5..))?;
    let (number, name) = numbered(rest.trim_start())?;
    add(document, number, name, prose.span.start, levels, notes)
}

fn numbered(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits).filter(|(number, _)| !number.is_empty())?;
    let name =
        rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | ':' | '.' | '(' | ')' | ','));
    (!rest.starts_with(char::is_alphanumeric)).then_some((number, name))
}

fn add(
    document: &Document<'_>,
    number: &str,
    name: &str,
    at: usize,
    levels: &mut Vec<Level>,
    notes: &mut Notes<'_>,
) -> Option<usize> {
    let Some(level) = number.parse().ok().filter(|level| (1..=9_u8).contains(level)) else {
        notes.warning(at, "level-number", format!("Level {number} is left out: levels go from 1 (mildest) to 9."));
        return None;
    };
    if let Some(first) = levels.iter().find(|known| known.level == level) {
        let message = format!("Level {level} is described in line {} already; this one is left out.", first.line);
        notes.warning(at, "duplicate-level", message);
        return None;
    }
    let name = if name.is_empty() { format!("Level {level}") } else { name.to_owned() };
    levels.push(Level { level, name, criteria: Vec::new(), response_seconds: None, line: document.line(at) });
    Some(levels.len() - 1)
}

/// A point under a level's heading: a criterion, or the response time.
fn line(document: &Document<'_>, prose: &Prose, is_point: bool, level: &mut Level, notes: &mut Notes<'_>) {
    let text = prose.text.trim();
    let Some(value) = response(text) else {
        if is_point && !text.is_empty() {
            level.criteria.push(text.to_owned());
        }
        return;
    };
    let at = document.locate(prose, value);
    level.response_seconds = response_seconds(value, level.level, at, notes);
}

/// What stands behind `Response Time:`.
fn response(text: &str) -> Option<&str> {
    let (label, value) = text.split_once(':')?;
    let label = label.trim().to_lowercase();
    let is_response = ["respon", "acknowledge", "reaction"].iter().any(|word| label.contains(word));
    (is_response && label.split_whitespace().count() <= 4).then(|| value.trim())
}

fn response_seconds(value: &str, level: u8, at: usize, notes: &mut Notes<'_>) -> Option<u64> {
    match duration::seconds(value) {
        Ok(seconds) => return Some(seconds),
        Err(NotATime::Open) => {}
        // Words without any number are prose; that the level says no time is said once, below.
        Err(_) if !value.contains(|c: char| c.is_ascii_digit()) => {}
        Err(why) => notes.error(
            at,
            "not-a-time",
            format!("The response time of level {level} is not a span of time: {}", why.explain(value)),
        ),
    }
    None
}

/// `| Level | Criteria | Response time |`.
fn rows(document: &Document<'_>, table: &Table, levels: &mut Vec<Level>, notes: &mut Notes<'_>) {
    let (Some(level), Some(response)) = (
        table.column(|text| text.contains("level") || text.contains("severity")),
        table.column(|text| text.contains("respon") || text.contains("acknowledge")),
    ) else {
        return;
    };
    let name = table.column(|text| ["name", "title", "type"].contains(&text));
    let criteria =
        table.column(|text| ["criteri", "descri", "example", "definition"].iter().any(|word| text.contains(word)));
    for row in &table.rows {
        let Some(cell) = row.get(level) else { continue };
        let text = cell.text.trim_start_matches(|c: char| !c.is_ascii_digit());
        let Some((number, behind)) = numbered(text) else {
            notes.warning(cell.at, "level-number", format!("\"{}\" has no number and is left out.", cell.text));
            continue;
        };
        let named = name.and_then(|column| row.get(column)).map_or(behind, |cell| cell.text.as_str());
        let Some(index) = add(document, number, named, cell.at, levels, notes) else { continue };
        let Some(level) = levels.get_mut(index) else { continue };
        level.criteria.extend(
            criteria
                .and_then(|column| row.get(column))
                .filter(|cell| !cell.text.is_empty())
                .map(|cell| cell.text.clone()),
        );
        if let Some(cell) = row.get(response) {
            level.response_seconds = response_seconds(&cell.text, level.level, cell.at, notes);
        }
    }
}

fn check(document: &Document<'_>, levels: &[Level], notes: &mut Notes<'_>) {
    for level in levels {
        let at = document.lines.start(level.line);
        if level.response_seconds.is_none() {
            let message = format!(
                "Level {} does not say how fast somebody must respond. Add \"- Response Time: 30 minutes\".",
                level.level
            );
            notes.warning(at, "level-without-response", message);
        }
        let milder_but_faster = levels.iter().find(|other| {
            other.level < level.level
                && matches!((other.response_seconds, level.response_seconds), (Some(mild), Some(here)) if mild < here)
        });
        if let Some(other) = milder_but_faster {
            let message = format!(
                "Level {} answers later than level {}. Level 1 is read as the mildest; is the order the other way round?",
                level.level, other.level
            );
            notes.warning(at, "level-order", message);
        }
    }
}
