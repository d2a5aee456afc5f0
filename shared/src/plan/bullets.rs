//! Plans without tables: contacts and objectives as points of a list, `- Database: 30 minutes (restore)`. Reads only sections
//! without a table that could be meant instead.

use std::collections::HashSet;

use super::document::{Block, BlockKind, Document, Prose};
use super::words::strip_number;

/// `label: rest` of a point, with the place of the rest.
pub(super) struct Point<'d> {
    pub(super) label: &'d str,
    pub(super) rest: &'d str,
    pub(super) at: usize,
    pub(super) rest_at: usize,
}

/// The outer points right under headings that satisfy `test` (given in lower case), if no table stands there.
pub(super) fn points<'d>(document: &'d Document<'_>, test: impl Fn(&str) -> bool) -> Vec<Point<'d>> {
    let with_table: HashSet<Option<usize>> = document.tables().map(|(block, _)| block.heading).collect();
    let about = |block: &Block| {
        let heading = block.heading.filter(|&index| Some(index) != document.title);
        heading.and_then(|index| document.headings.get(index)).is_some_and(|heading| test(&heading.topic))
    };
    let outer = document.blocks.iter().filter(|block| block.item.is_none() && !with_table.contains(&block.heading));
    outer
        .filter_map(|block| match &block.kind {
            BlockKind::Item { prose, .. } if about(block) => point(document, prose),
            _ => None,
        })
        .collect()
}

fn point<'d>(document: &Document<'_>, prose: &'d Prose) -> Option<Point<'d>> {
    let text = prose.text.as_str();
    let (label, rest) = [": ", "：", " - ", " – ", " — "]
        .iter()
        .filter_map(|sign| text.find(sign).map(|at| (at, sign.len())))
        .min()
        .and_then(|(at, sign)| Some((text.get(..at)?, text.get(at + sign..)?)))?;
    let (label, rest) = (strip_number(label).1.trim(), rest.trim());
    if label.is_empty() || rest.is_empty() || label.chars().count() > 60 {
        return None;
    }
    Some(Point { label, rest, at: prose.span.start, rest_at: document.locate(prose, rest) })
}
