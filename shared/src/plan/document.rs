//! The plan's Markdown as a flat list of blocks, each with its place in the source. Knows nothing of what the blocks mean.

use std::ops::Range;

use pulldown_cmark::{Options, Parser};

use super::lines::LineIndex;
use super::reader::Reader;

/// Headings and blocks in the order of the text.
pub(super) struct Document<'a> {
    pub(super) source: &'a str,
    pub(super) lines: LineIndex<'a>,
    pub(super) headings: Vec<Heading>,
    pub(super) blocks: Vec<Block>,
    /// The heading that names the whole document.
    pub(super) title: Option<usize>,
}

pub(super) struct Heading {
    pub(super) level: u8,
    pub(super) prose: Prose,
    /// Its text in lower case, without blanks around it.
    pub(super) topic: String,
    pub(super) parent: Option<usize>,
}

pub(super) struct Block {
    /// The nearest heading above.
    pub(super) heading: Option<usize>,
    /// The list item it stands in (index into `blocks`).
    pub(super) item: Option<usize>,
    pub(super) at: usize,
    pub(super) kind: BlockKind,
}

pub(super) enum BlockKind {
    Heading(usize),
    Paragraph(Prose),
    Item {
        prose: Prose,
        /// Which numbered list it is an item of; `None` for a bullet.
        numbered: Option<usize>,
    },
    Table(Table),
    Fence(Fence),
}

/// Running text without its markup.
#[derive(Default)]
pub(super) struct Prose {
    pub(super) text: String,
    /// Bold text at the very start: the title of a list item.
    pub(super) bold: Option<String>,
    pub(super) codes: Vec<String>,
    /// Where it stands in the source.
    pub(super) span: Range<usize>,
}

#[derive(Default)]
pub(super) struct Table {
    pub(super) columns: Vec<Cell>,
    pub(super) rows: Vec<Vec<Cell>>,
}

#[derive(Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) at: usize,
}

pub(super) struct Fence {
    /// What stands behind the opening back-ticks.
    pub(super) info: String,
    /// Where that begins, counted from the fence's own beginning.
    pub(super) info_at: usize,
    pub(super) lines: Vec<CodeLine>,
    pub(super) closed: bool,
}

pub(super) struct CodeLine {
    pub(super) text: String,
    pub(super) at: usize,
}

impl<'a> Document<'a> {
    pub(super) fn parse(source: &'a str) -> Self {
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut reader = Reader::new(source);
        for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
            reader.take(event, range);
        }
        let title = reader.headings.iter().position(|heading| heading.level == 1);
        for heading in &mut reader.headings {
            heading.topic = heading.prose.text.trim().to_lowercase();
        }
        Self { source, lines: LineIndex::new(source), headings: reader.headings, blocks: reader.blocks, title }
    }

    /// Headings above and including `heading`, outermost first, without the document's title.
    pub(super) fn path(&self, heading: Option<usize>) -> Vec<&str> {
        let mut path = Vec::new();
        let mut next = heading;
        while let Some((index, heading)) = next.and_then(|index| Some((index, self.headings.get(index)?))) {
            if Some(index) != self.title {
                path.push(heading.prose.text.as_str());
            }
            next = heading.parent;
        }
        path.reverse();
        path
    }

    /// True if a heading above the block contains one of the words (lower case).
    pub(super) fn is_under(&self, block: &Block, words: &[&str]) -> bool {
        let mut next = block.heading;
        while let Some((index, heading)) = next.and_then(|index| Some((index, self.headings.get(index)?))) {
            if Some(index) != self.title && words.iter().any(|word| heading.topic.contains(word)) {
                return true;
            }
            next = heading.parent;
        }
        false
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = (&Block, &Table)> {
        self.blocks.iter().filter_map(|block| match &block.kind {
            BlockKind::Table(table) => Some((block, table)),
            _ => None,
        })
    }

    pub(super) fn line(&self, at: usize) -> u32 {
        self.lines.line(at)
    }

    /// Where `needle` stands within the prose, else where the prose begins.
    pub(super) fn locate(&self, prose: &Prose, needle: &str) -> usize {
        let within = self.source.get(prose.span.clone()).and_then(|text| text.find(needle));
        prose.span.start + within.unwrap_or(0)
    }
}

impl Table {
    /// The first column whose heading satisfies `test` (given in lower case).
    pub(super) fn column(&self, test: impl Fn(&str) -> bool) -> Option<usize> {
        self.columns.iter().position(|cell| test(&cell.text.to_lowercase()))
    }
}
