//! Paths the plan names for scripts, backups and logs. Opens none of them.

use super::document::{Block, BlockKind, Document, Prose};
use super::model::Location;
use super::words::strip_number;

const TOPICS: [&str; 3] = ["appendix", "location", "director"];

/// Paths written as code, in a section about locations.
pub(super) fn read(document: &Document<'_>) -> Vec<Location> {
    let mut locations = Vec::new();
    for block in &document.blocks {
        match &block.kind {
            BlockKind::Item { prose, .. } | BlockKind::Paragraph(prose) if document.is_under(block, &TOPICS) => {
                locations.extend(in_prose(document, block, prose));
            }
            _ => {}
        }
    }
    locations
}

fn in_prose<'d>(document: &'d Document<'_>, block: &'d Block, prose: &'d Prose) -> impl Iterator<Item = Location> {
    let section = document.path(block.heading).last().map_or_else(String::new, |text| strip_number(text).1.to_owned());
    let is_item = matches!(block.kind, BlockKind::Item { .. });
    let label = prose.text.split_once(':').filter(|_| is_item).map(|(label, _)| label.trim().to_owned());
    prose.codes.iter().filter(|code| is_path(code)).map(move |code| Location {
        label: label.clone().filter(|label| !label.is_empty()).unwrap_or_else(|| section.clone()),
        section: section.clone(),
        path: code.clone(),
        line: document.line(document.locate(prose, code)),
    })
}

fn is_path(text: &str) -> bool {
    (text.starts_with('/') || text.starts_with("./") || text.starts_with("~/")) && !text.contains(char::is_whitespace)
}
