//! Byte offsets to lines and columns for people. Knows nothing of Markdown.

/// Where each line of a text begins.
pub(super) struct LineIndex<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let after_breaks = source.match_indices('\n').map(|(at, _)| at + 1);
        Self { source, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// Counted from 1. A lone carriage return does not end a line.
    pub(super) fn line(&self, at: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|&start| start <= at)).unwrap_or(u32::MAX)
    }

    /// The number of the last line that has text or an end of its own.
    pub(super) fn last(&self) -> u32 {
        let ends_open = self.starts.last().is_some_and(|&start| start < self.source.len());
        u32::try_from(self.starts.len() - usize::from(!ends_open && self.starts.len() > 1)).unwrap_or(u32::MAX)
    }

    /// Offset of a line's first character that is no blank.
    pub(super) fn start(&self, line: u32) -> usize {
        let index = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        let start = index.and_then(|index| self.starts.get(index)).copied().unwrap_or(0);
        start + self.text(line).bytes().take_while(|b| matches!(b, b' ' | b'\t')).count()
    }

    /// The text of a line, without its end.
    pub(super) fn text(&self, line: u32) -> &'a str {
        let start = usize::try_from(line).ok().and_then(|line| self.starts.get(line.checked_sub(1)?));
        start.and_then(|&start| self.source.get(start..)).and_then(|text| text.lines().next()).unwrap_or_default()
    }

    /// Counted from 1, in characters; never behind the line's end.
    pub(super) fn column(&self, at: usize) -> u32 {
        let before = self.starts.partition_point(|&start| start <= at);
        let start = before.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or(0);
        let characters = self.source.get(start..at).map_or(0, |text| text.chars().count());
        // What stands in the end of a line stands at its end.
        let length = self.text(self.line(at)).trim_end_matches('\r').chars().count();
        u32::try_from(characters.min(length) + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::LineIndex;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let index = LineIndex::new("äb\r\ncd\n\nx");
        let places: Vec<_> = [0, 2, 5, 6, 8, 9].map(|at| (index.line(at), index.column(at))).into();
        assert_eq!(places, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1)]);
        assert_eq!((LineIndex::new("").line(7), LineIndex::new("").column(7)), (1, 1));
    }
}
