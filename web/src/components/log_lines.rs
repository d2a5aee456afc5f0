//! What the browser holds of a run's output: pages around what was looked at last, every line in its place. Draws and fetches
//! nothing.

use std::{collections::HashMap, ops::Range};

use shared::api::run::OutputLine;

/// Lines of a page: one fetch brings one.
pub(crate) const PAGE: usize = 200;
/// Pages kept; a million lines would be half a gigabyte.
const MOST_PAGES: usize = 60;

#[derive(Debug)]
struct Page {
    lines: Vec<Option<OutputLine>>,
    used: u64,
}

#[derive(Debug, Default)]
pub(crate) struct LogLines {
    count: usize,
    pages: HashMap<usize, Page>,
    turn: u64,
}

impl LogLines {
    /// Takes lines from anywhere, in any order, any number of times.
    pub(crate) fn take(&mut self, lines: impl IntoIterator<Item = OutputLine>) {
        for line in lines {
            let Some(index) = usize::try_from(line.line - 1).ok() else { continue };
            self.count = self.count.max(index + 1);
            self.turn += 1;
            let empty = || Page { lines: vec![None; PAGE], used: 0 };
            let page = self.pages.entry(index / PAGE).or_insert_with(empty);
            page.used = self.turn;
            page.lines[index % PAGE] = Some(line);
        }
        while self.pages.len() > MOST_PAGES {
            let Some(oldest) = self.pages.iter().min_by_key(|(_, page)| page.used).map(|(n, _)| *n) else { return };
            self.pages.remove(&oldest);
        }
    }

    /// Learns that there are lines up to this number.
    pub(crate) fn reach(&mut self, last: i64) {
        self.count = self.count.max(usize::try_from(last).unwrap_or(0));
    }

    /// How many lines there are, held or not.
    #[must_use]
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Numbers from `range` (counted from 0) and their lines, as far as they are held.
    #[must_use]
    pub(crate) fn get(&self, range: Range<usize>) -> Vec<(i64, Option<OutputLine>)> {
        let held = |index: usize| self.pages.get(&(index / PAGE)).and_then(|page| page.lines[index % PAGE].clone());
        let numbered = |index: usize| Some((i64::try_from(index).ok()? + 1, held(index)));
        (range.start..range.end.min(self.count)).filter_map(numbered).collect()
    }

    /// The first page of which lines in `range` are missing. What is looked at is kept longest.
    pub(crate) fn missing(&mut self, range: Range<usize>) -> Option<usize> {
        let range = range.start..range.end.min(self.count);
        if range.is_empty() {
            return None;
        }
        self.turn += 1;
        (range.start / PAGE..=(range.end - 1) / PAGE).find(|n| {
            let Some(page) = self.pages.get_mut(n) else { return true };
            page.used = self.turn;
            let wanted = range.start.max(n * PAGE)..range.end.min((n + 1) * PAGE);
            page.lines[wanted.start - n * PAGE..wanted.end - n * PAGE].iter().any(Option::is_none)
        })
    }
}

#[cfg(test)]
mod tests {
    use shared::{api::run::Stream, timestamp::Timestamp};

    use super::*;

    fn line(number: i64) -> OutputLine {
        let at = Timestamp::from_unix(number);
        OutputLine { step: 1, attempt: 1, line: number, at, stream: Stream::Out, text: format!("Line {number}") }
    }

    #[test]
    fn pages_and_live_lines_give_every_line_once_in_its_place() {
        let mut log = LogLines::default();
        log.take([line(5), line(4)]);
        assert_eq!((log.count(), log.missing(0..10)), (5, Some(0)));
        log.take((1..=4).map(line));
        log.take([line(3), line(6), line(6)]);
        assert_eq!((log.count(), log.missing(0..10)), (6, None));
        let numbers: Vec<_> = log.get(0..10).into_iter().map(|(n, line)| (n, line.map(|l| l.line))).collect();
        assert_eq!(numbers, (1..=6).map(|n| (n, Some(n))).collect::<Vec<_>>());
    }

    #[test]
    fn of_a_million_lines_only_what_is_looked_at_is_held() {
        let mut log = LogLines::default();
        log.reach(1_000_000);
        assert_eq!(log.get(999_999..1_000_010), [(1_000_000, None)]);
        assert_eq!(log.missing(999_990..1_000_050), Some(4_999));
        for page in (0..5000).map(|n| n * 200) {
            log.take((page + 1..=page + 200).map(line));
            assert_eq!(log.missing(0..200).is_some(), page == 0 && log.count() == 0, "looked at again and again");
        }
        assert_eq!((log.pages.len(), log.count()), (MOST_PAGES, 1_000_000));
        assert_eq!(log.missing(100_000..100_100), Some(500), "forgotten, and fetched again when wanted");
        assert_eq!(log.missing(999_800..2_000_000), None);
    }
}
