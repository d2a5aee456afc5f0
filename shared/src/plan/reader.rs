//! Markdown events to the document's blocks. Knows nothing of what the blocks mean.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::document::{Block, BlockKind, Cell, CodeLine, Fence, Heading, Prose, Table};

/// Where inline text goes at the moment.
#[derive(Default, Clone, Copy)]
enum Sink {
    #[default]
    Nowhere,
    Heading(usize),
    Block(usize),
    Cell,
}

#[derive(Default)]
pub(super) struct Reader<'a> {
    source: &'a str,
    pub(super) headings: Vec<Heading>,
    pub(super) blocks: Vec<Block>,
    /// Open headings, outermost first.
    open: Vec<usize>,
    /// Open list items (index into `blocks`), outermost first.
    items: Vec<usize>,
    /// Open lists, outermost first: their number if their items are numbered.
    lists: Vec<Option<usize>>,
    lists_seen: usize,
    sink: Sink,
    cell: Cell,
    row: Vec<Cell>,
    in_fence: bool,
    /// The code line at hand has no end yet: with Windows line ends a line comes in two pieces.
    line_goes_on: bool,
    in_metadata: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, ..Self::default() }
    }

    pub(super) fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(_) if self.in_metadata => {}
            Event::Text(_) if self.in_fence => self.code_lines(range),
            Event::Text(text) => self.inline(&text, &range),
            Event::Code(code) => {
                self.inline(&code, &range);
                if let Some(prose) = self.prose() {
                    prose.codes.push(code.into_string());
                }
            }
            Event::SoftBreak | Event::HardBreak => self.inline(" ", &range),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => self.heading(level, &range),
            Tag::Paragraph => self.paragraph(&range),
            Tag::List(first) => {
                self.lists_seen += 1;
                self.lists.push(first.map(|_| self.lists_seen));
                self.sink = Sink::Nowhere;
            }
            Tag::Item => {
                let numbered = self.lists.last().copied().flatten();
                let index = self.push(range.start, BlockKind::Item { prose: empty_at(range.start), numbered });
                self.items.push(index);
                self.sink = Sink::Block(index);
            }
            Tag::Table(_) => {
                self.push(range.start, BlockKind::Table(Table::default()));
            }
            Tag::TableCell => {
                self.cell = Cell { text: String::new(), at: range.start };
                self.sink = Sink::Cell;
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                let block = self.source.get(range.clone()).unwrap_or_default();
                let first = block.lines().next().unwrap_or_default();
                let info_at = if info.is_empty() { 0 } else { first.find(&*info).unwrap_or(0) };
                let fence = Fence { closed: is_closed(block), info: info.into_string(), info_at, lines: Vec::new() };
                self.push(range.start, BlockKind::Fence(fence));
                self.in_fence = true;
                self.line_goes_on = false;
                self.sink = Sink::Nowhere;
            }
            Tag::CodeBlock(CodeBlockKind::Indented) | Tag::HtmlBlock => self.sink = Sink::Nowhere,
            Tag::MetadataBlock(_) => self.in_metadata = true,
            Tag::Strong => {
                if let Some(prose) = self.prose()
                    && prose.text.is_empty()
                {
                    prose.bold = Some(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::Table => self.sink = Sink::Nowhere,
            TagEnd::List(_) => {
                self.lists.pop();
                self.sink = Sink::Nowhere;
            }
            TagEnd::Item => {
                self.items.pop();
                self.sink = Sink::Nowhere;
            }
            TagEnd::TableCell => {
                self.sink = Sink::Nowhere;
                let mut cell = std::mem::take(&mut self.cell);
                cell.text = cell.text.trim().to_owned();
                self.row.push(cell);
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                let row = std::mem::take(&mut self.row);
                if let Some(BlockKind::Table(table)) = self.blocks.last_mut().map(|block| &mut block.kind) {
                    if tag == TagEnd::TableHead { table.columns = row } else { table.rows.push(row) }
                }
            }
            TagEnd::CodeBlock => self.in_fence = false,
            TagEnd::MetadataBlock(_) => self.in_metadata = false,
            TagEnd::Strong => {
                if let Some(prose) = self.prose()
                    && prose.bold.as_ref().is_some_and(String::is_empty)
                {
                    prose.bold = Some(prose.text.trim().to_owned());
                }
            }
            _ => {}
        }
    }

    fn heading(&mut self, level: HeadingLevel, range: &Range<usize>) {
        let level = level as u8;
        while self.open.last().and_then(|&index| self.headings.get(index)).is_some_and(|above| above.level >= level) {
            self.open.pop();
        }
        let parent = self.open.last().copied();
        let index = self.headings.len();
        self.headings.push(Heading { level, prose: empty_at(range.start), topic: String::new(), parent });
        self.open.push(index);
        self.push(range.start, BlockKind::Heading(index));
        self.sink = Sink::Heading(index);
    }

    /// A paragraph is the text of the list item it opens; else it stands for itself.
    fn paragraph(&mut self, range: &Range<usize>) {
        if let Some(&index) = self.items.last()
            && let Some(BlockKind::Item { prose, .. }) = self.blocks.get(index).map(|block| &block.kind)
            && prose.text.is_empty()
            && index + 1 == self.blocks.len()
        {
            self.sink = Sink::Block(index);
            return;
        }
        let index = self.push(range.start, BlockKind::Paragraph(empty_at(range.start)));
        self.sink = Sink::Block(index);
    }

    fn push(&mut self, at: usize, kind: BlockKind) -> usize {
        self.blocks.push(Block { heading: self.open.last().copied(), item: self.items.last().copied(), at, kind });
        self.blocks.len() - 1
    }

    fn prose(&mut self) -> Option<&mut Prose> {
        match self.sink {
            Sink::Heading(index) => self.headings.get_mut(index).map(|heading| &mut heading.prose),
            Sink::Block(index) => match self.blocks.get_mut(index).map(|block| &mut block.kind) {
                Some(BlockKind::Paragraph(prose) | BlockKind::Item { prose, .. }) => Some(prose),
                _ => None,
            },
            Sink::Cell | Sink::Nowhere => None,
        }
    }

    fn inline(&mut self, text: &str, range: &Range<usize>) {
        if let Sink::Cell = self.sink {
            if self.cell.text.is_empty() {
                self.cell.at = range.start;
            }
            self.cell.text.push_str(text);
        } else if let Some(prose) = self.prose() {
            if prose.text.is_empty() {
                prose.span.start = range.start;
            }
            prose.span.end = range.end;
            prose.text.push_str(text);
        }
    }

    fn code_lines(&mut self, range: Range<usize>) {
        let Some(text) = self.source.get(range.clone()) else { return };
        if let Some(BlockKind::Fence(fence)) = self.blocks.last_mut().map(|block| &mut block.kind) {
            let mut at = range.start;
            for line in text.split_inclusive('\n') {
                let piece = line.trim_end_matches(['\n', '\r']);
                match fence.lines.last_mut().filter(|_| self.line_goes_on) {
                    Some(last) => last.text.push_str(piece),
                    None => fence.lines.push(CodeLine { text: piece.to_owned(), at }),
                }
                self.line_goes_on = !line.ends_with('\n');
                at += line.len();
            }
        }
    }
}

fn empty_at(at: usize) -> Prose {
    Prose { span: at..at, ..Prose::default() }
}

/// True if the last line of a fenced block is its closing fence.
fn is_closed(block: &str) -> bool {
    let mut lines = block.lines();
    let Some(marker) = lines.next().and_then(|first| first.trim_start().chars().next()) else { return false };
    lines.next_back().is_some_and(|last| {
        let last = last.trim_start_matches([' ', '\t', '>']).trim_end();
        last.len() >= 3 && last.chars().all(|c| c == marker)
    })
}
