//! Lists of things to do or to keep: after recovery, prevention, communication. Ticks nothing off.

use super::document::{Block, BlockKind, Document, Prose};
use super::listed::Listed;
use super::model::Checklist;
use super::words::strip_number;

const TOPICS: [&str; 6] = ["post-recovery", "after recovery", "prevent", "communicat", "validation", "checklist"];
/// Lists in these sections mean something else.
const OTHERS: [&str; 4] = ["level ", "location", "appendix", "contact"];

/// A list, and the blocks that are its points.
pub(super) struct Found {
    pub(super) list: Checklist,
    pub(super) points: Vec<usize>,
}

/// Outer list items with points below them; in a section about such lists also plain lists.
pub(super) fn read(document: &Document<'_>, procedures: &Listed) -> Vec<Found> {
    let mut lists: Vec<Found> = Vec::new();
    // The outer item at hand and its list; the heading whose plain points are collected and their list.
    let mut open: Option<(usize, Option<usize>)> = None;
    let mut plain: Option<(Option<usize>, usize)> = None;
    let followed = nested(document);
    for (index, block) in document.blocks.iter().enumerate() {
        let BlockKind::Item { prose, .. } = &block.kind else { continue };
        if procedures.contains(index) || document.is_under(block, &OTHERS) || prose.text.trim().is_empty() {
            continue;
        }
        match block.item {
            None if followed.get(index) == Some(&Below::Points) => {
                lists.push(list(document, block, &title(prose)));
                open = Some((index, Some(lists.len() - 1)));
                plain = None;
            }
            None if followed.get(index) == Some(&Below::Nothing) && document.is_under(block, &TOPICS) => {
                let at = match plain {
                    Some((heading, at)) if heading == block.heading => at,
                    _ => {
                        let section =
                            document.path(block.heading).last().map_or_else(String::new, |text| (*text).to_owned());
                        lists.push(list(document, block, strip_number(&section).1));
                        plain = Some((block.heading, lists.len() - 1));
                        lists.len() - 1
                    }
                };
                point(&mut lists, at, index, prose);
            }
            None => open = None,
            Some(parent) => {
                if let Some((item, Some(at))) = open
                    && item == parent
                {
                    point(&mut lists, at, index, prose);
                }
            }
        }
    }
    lists
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Nothing,
    Points,
    /// A shell block or something else that is no point.
    Other,
}

/// What each block has directly in it.
fn nested(document: &Document<'_>) -> Vec<Below> {
    let mut below = vec![Below::Nothing; document.blocks.len()];
    for block in &document.blocks {
        let Some(parent) = block.item.and_then(|index| below.get_mut(index)) else { continue };
        *parent = match (*parent, &block.kind) {
            (_, BlockKind::Fence(_)) | (Below::Other, _) => Below::Other,
            (_, BlockKind::Item { .. }) => Below::Points,
            (before, _) => before,
        };
    }
    below
}

fn title(prose: &Prose) -> String {
    let title = prose.bold.as_deref().filter(|bold| !bold.is_empty()).unwrap_or(&prose.text);
    strip_number(title).1.trim_end_matches(':').trim().to_owned()
}

fn list(document: &Document<'_>, block: &Block, title: &str) -> Found {
    let section = document.path(block.heading).last().map_or_else(String::new, |text| strip_number(text).1.to_owned());
    let list = Checklist { section, title: title.to_owned(), points: Vec::new(), line: document.line(block.at) };
    Found { list, points: Vec::new() }
}

fn point(lists: &mut [Found], at: usize, index: usize, prose: &Prose) {
    if let Some(found) = lists.get_mut(at) {
        found.list.points.push(prose.text.trim().to_owned());
        found.points.push(index);
    }
}
