//! The table of people to call. Knows nothing of who may do what.

use super::bullets::{self, Point};
use super::document::{Block, Cell, Document, Table};
use super::model::Contact;
use super::notes::Notes;

pub(super) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Vec<Contact> {
    let mut contacts = Vec::new();
    for (block, table) in document.tables() {
        if let Some(columns) = Columns::of(table) {
            rows(document, block, table, &columns, &mut contacts, notes);
        }
    }
    if contacts.is_empty() {
        contacts.extend(bullets::points(document, is_about).into_iter().filter_map(|point| listed(document, &point)));
    }
    contacts
}

fn is_about(topic: &str) -> bool {
    ["contact", "who to call", "who is called", "on call", "on-call", "duty roster"]
        .iter()
        .any(|words| topic.contains(words))
}

/// `- Keeper: Ann, +49 30 1, deputy +49 30 2`: who it is, and what looks like a number or an address.
fn listed(document: &Document<'_>, point: &Point<'_>) -> Option<Contact> {
    const BACKUP: [&str; 5] = ["backup", "secondary", "alternate", "deputy", "fallback"];
    let mut name = String::new();
    let mut ways: Vec<&str> = Vec::new();
    let mut backup = None;
    for part in point.rest.split([',', ';', '、']).map(str::trim).filter(|part| !part.is_empty()) {
        let word = part.split([' ', ':']).next().unwrap_or_default().to_lowercase();
        if BACKUP.contains(&word.as_str()) {
            backup = part.get(word.len()..).map(|rest| rest.trim_matches([' ', ':']).to_owned());
        } else if is_way(part) {
            ways.push(part);
        } else if name.is_empty() {
            part.clone_into(&mut name);
        }
    }
    let mut ways = ways.into_iter();
    let primary = ways.next()?.to_owned();
    let backup = backup.or_else(|| ways.next().map(str::to_owned)).filter(|backup| !backup.is_empty());
    Some(Contact { role: point.label.to_owned(), name, primary, backup, line: document.line(point.at) })
}

/// A telephone number or an address.
fn is_way(text: &str) -> bool {
    text.contains('@') || text.chars().filter(|c| c.is_numeric() || matches!(c, 'X' | 'x')).count() > 4
}

struct Columns {
    role: usize,
    name: Option<usize>,
    primary: usize,
    backup: Option<usize>,
}

impl Columns {
    fn of(table: &Table) -> Option<Self> {
        let says = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
        let is_backup = |text: &str| says(text, &["backup", "secondary", "alternate", "deputy", "fallback"]);
        let is_way = |text: &str| says(text, &["contact", "phone", "primary", "mobile", "e-mail", "email", "pager"]);
        Some(Self {
            role: table.column(|text| says(text, &["role", "position", "responsib", "function", "duty"]))?,
            name: table.column(|text| !is_backup(text) && says(text, &["name", "person", "who"])),
            primary: table.column(|text| is_way(text) && !is_backup(text) && !text.contains("name"))?,
            backup: table.column(is_backup),
        })
    }
}

fn rows(
    document: &Document<'_>,
    block: &Block,
    table: &Table,
    columns: &Columns,
    contacts: &mut Vec<Contact>,
    notes: &mut Notes<'_>,
) {
    if table.rows.is_empty() {
        notes.warning(block.at, "empty-table", "The table of contacts has no rows: nobody can be called.");
    }
    for row in &table.rows {
        let text = |column: usize| row.get(column).map_or("", |cell| cell.text.as_str());
        let at = row.first().map_or(block.at, |cell: &Cell| cell.at);
        let (role, primary) = (text(columns.role), text(columns.primary));
        if role.is_empty() {
            notes.warning(at, "contact-without-role", "This contact has no role and is left out.");
            continue;
        }
        if primary.is_empty() {
            notes.warning(at, "contact-without-way", format!("{role} has no way to be reached."));
        }
        let backup = columns.backup.map_or("", text);
        let has_backup = !matches!(backup.to_lowercase().as_str(), "" | "-" | "–" | "—" | "none" | "n/a");
        contacts.push(Contact {
            role: role.to_owned(),
            name: columns.name.map_or("", text).to_owned(),
            primary: primary.to_owned(),
            backup: has_backup.then(|| backup.to_owned()),
            line: document.line(at),
        });
    }
}
