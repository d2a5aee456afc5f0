//! The output of a run as it comes together from pages and live events: every line once, in order. Draws and fetches nothing.

use std::{collections::BTreeMap, ops::Range};

use shared::api::run::OutputLine;

use crate::components::ansi;

/// Live lines kept while earlier ones are still being fetched; beyond that they are fetched again.
const MOST_WAITING: usize = 5_000;

/// Lines 1 to n without a gap, and those that came too early.
#[derive(Debug, Default)]
pub(crate) struct LogLines {
    lines: Vec<OutputLine>,
    waiting: BTreeMap<i64, OutputLine>,
    dropped: bool,
    first_of_step: BTreeMap<u32, usize>,
}

impl LogLines {
    /// Takes lines from anywhere, in any order, any number of times.
    pub(crate) fn take(&mut self, lines: impl IntoIterator<Item = OutputLine>) {
        for line in lines {
            let next = self.last() + 1;
            if line.line == next {
                self.push(line);
            } else if line.line > next {
                if self.waiting.len() < MOST_WAITING {
                    self.waiting.insert(line.line, line);
                } else {
                    self.dropped = true;
                }
            }
        }
        while let Some(line) = self.waiting.remove(&(self.last() + 1)) {
            self.push(line);
        }
        let last = self.last();
        self.waiting.retain(|number, _| *number > last);
    }

    fn push(&mut self, line: OutputLine) {
        self.first_of_step.entry(line.step).or_insert(self.lines.len());
        self.lines.push(line);
    }

    /// True while a later line is known and an earlier one is not: something has to be fetched.
    #[must_use]
    pub(crate) fn has_gap(&self) -> bool {
        self.dropped || !self.waiting.is_empty()
    }

    /// A fetch has reached the end of what the server had: whatever was dropped before is in it.
    pub(crate) fn caught_up(&mut self) {
        self.dropped = false;
    }

    /// Number of the last line in order, 0 if there is none.
    #[must_use]
    pub(crate) fn last(&self) -> i64 {
        self.lines.last().map_or(0, |line| line.line)
    }

    #[must_use]
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    #[must_use]
    pub(crate) fn get(&self, range: Range<usize>) -> &[OutputLine] {
        self.lines.get(range.start.min(self.lines.len())..range.end.min(self.lines.len())).unwrap_or_default()
    }

    /// Index of the first line a step wrote.
    #[must_use]
    pub(crate) fn first_of(&self, step: u32) -> Option<usize> {
        self.first_of_step.get(&step).copied()
    }

    /// The last `most` lines of a step.
    #[must_use]
    pub(crate) fn tail_of(&self, step: u32, most: usize) -> Vec<OutputLine> {
        let mut tail: Vec<_> = self.lines.iter().rev().filter(|l| l.step == step).take(most).cloned().collect();
        tail.reverse();
        tail
    }
}

/// Lines that contain a text, found piece by piece so that a million lines do not hold up the page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub(crate) needle: String,
    pub(crate) hits: Vec<usize>,
    scanned: usize,
}

impl Search {
    #[must_use]
    pub(crate) fn new(needle: &str) -> Self {
        Self { needle: needle.to_owned(), ..Self::default() }
    }

    /// Looks through at most `most` further lines; true if there are more.
    pub(crate) fn scan(&mut self, lines: &LogLines, most: usize) -> bool {
        if self.needle.is_empty() {
            return false;
        }
        let end = (self.scanned + most).min(lines.count());
        for (i, line) in lines.get(self.scanned..end).iter().enumerate() {
            let found = if line.text.contains('\u{1b}') {
                !find_all(&ansi::plain(&line.text).text, &self.needle).is_empty()
            } else {
                !find_all(&line.text, &self.needle).is_empty()
            };
            if found {
                self.hits.push(self.scanned + i);
            }
        }
        self.scanned = end;
        end < lines.count()
    }
}

/// Where `needle` stands in `text`, letters A to Z in either case.
#[must_use]
pub(crate) fn find_all(text: &str, needle: &str) -> Vec<Range<usize>> {
    let (hay, pin) = (text.as_bytes(), needle.as_bytes());
    let mut found = vec![];
    if pin.is_empty() || pin.len() > hay.len() {
        return found;
    }
    let mut at = 0;
    while at + pin.len() <= hay.len() {
        if hay[at..at + pin.len()].eq_ignore_ascii_case(pin) {
            found.push(at..at + pin.len());
            at += pin.len();
        } else {
            at += 1;
        }
    }
    found
}

/// One piece of a line that looks the same throughout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) classes: String,
    pub(crate) hit: bool,
}

/// A line cut where its look or the search's hits change.
#[must_use]
pub(crate) fn pieces(line: &str, needle: &str) -> Vec<Piece> {
    let plain = ansi::plain(line);
    let hits = find_all(&plain.text, needle);
    let mut cuts: Vec<usize> = vec![0, plain.text.len()];
    cuts.extend(plain.marks.iter().flat_map(|(range, _)| [range.start, range.end]));
    cuts.extend(hits.iter().flat_map(|range| [range.start, range.end]));
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2)
        .filter_map(|pair| {
            let (from, to) = (pair[0], pair[1]);
            let look = plain.marks.iter().find(|(range, _)| range.contains(&from)).map(|(_, look)| look.classes());
            Some(Piece {
                text: plain.text.get(from..to)?.to_owned(),
                classes: look.unwrap_or_default(),
                hit: hits.iter().any(|range| range.contains(&from)),
            })
        })
        .collect()
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
    fn pages_and_live_lines_give_every_line_once_in_order() {
        let mut log = LogLines::default();
        log.take([line(5), line(4)]);
        assert!(log.has_gap());
        log.take((1..=4).map(line));
        log.take([line(3), line(6), line(6)]);
        assert_eq!((log.last(), log.count(), log.has_gap()), (6, 6, false));
        assert!(log.get(0..6).iter().zip(1..).all(|(l, n)| l.line == n));
    }

    #[test]
    fn too_many_early_lines_are_left_for_the_next_fetch() {
        let mut log = LogLines::default();
        log.take((2..20_000).map(line));
        log.take([line(1)]);
        assert!(log.has_gap() && log.last() < 20_000);
        log.take((log.last() + 1..20_000).map(line));
        log.caught_up();
        assert_eq!((log.last(), log.has_gap()), (19_999, false));
    }

    #[test]
    fn search_goes_on_where_it_stopped() {
        let mut log = LogLines::default();
        log.take((1..=30).map(line));
        let mut search = Search::new("line 1");
        assert!(search.scan(&log, 10));
        assert_eq!(search.hits, [0, 9]);
        while search.scan(&log, 10) {}
        assert_eq!(search.hits.len(), 11);
    }

    #[test]
    fn a_line_is_cut_at_colours_and_hits() {
        let cut = pieces("ab\u{1b}[31mcd\u{1b}[0mé", "BC");
        let texts: Vec<_> = cut.iter().map(|p| (p.text.as_str(), p.classes.as_str(), p.hit)).collect();
        assert_eq!(
            texts,
            [("a", "", false), ("b", "", true), ("c", "sgr-fg-1", true), ("d", "sgr-fg-1", false), ("é", "", false)]
        );
        assert_eq!(pieces("", "x"), vec![]);
    }
}
