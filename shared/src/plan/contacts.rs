//! The table of people to call. Knows nothing of who may do what.

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
    contacts
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
