//! Two texts line by line: what went, what came, a few lines around. Knows nothing of plans or reports.

use std::hash::Hash;

use imara_diff::{Algorithm, Diff, InternedInput, Interner};
use serde::{Deserialize, Serialize};

/// Unchanged lines shown before and after a change.
const CONTEXT: u32 = 3;
/// Lines above which the shortest answer is not looked for: texts can be made for which that takes minutes.
const LONG: usize = 20_000;

/// A change with the lines around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Hunk {
    pub lines: Vec<DiffLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DiffLine {
    pub kind: LineKind,
    /// Line number in the first text, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old: Option<u32>,
    /// Line number in the second text, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub new: Option<u32>,
    /// Without the line feed; a carriage return before it stays, because it can be the only difference.
    pub text: String,
    /// The text ends here without a line feed.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    Same,
    Removed,
    Added,
}

/// No hunk: the texts are the same, byte for byte. Of very long texts everything between the first and the last difference counts
/// as changed: any two texts are answered for in time.
#[must_use]
pub fn diff_lines(before: &str, after: &str) -> Vec<Hunk> {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let changes = if old.len().max(new.len()) > LONG {
        middle(&old, &new)
    } else {
        let input = InternedInput::new(before, after);
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        diff.hunks().collect()
    };
    // Changes whose contexts touch are one hunk.
    let mut groups: Vec<Vec<imara_diff::Hunk>> = vec![];
    for change in changes {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| change.before.start - last.before.end <= 2 * CONTEXT) => {
                group.push(change);
            }
            _ => groups.push(vec![change]),
        }
    }
    groups.iter().map(|group| hunk(group, &old, &new)).collect()
}

/// From the first difference to the last.
fn middle(old: &[&str], new: &[&str]) -> Vec<imara_diff::Hunk> {
    let alike = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let start = alike(&mut old.iter().zip(new));
    let (rest_old, rest_new) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let end = alike(&mut rest_old.iter().rev().zip(rest_new.iter().rev()));
    let range = |texts: &[&str]| {
        let index = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        index(start)..index(texts.len() - end)
    };
    let (before, after) = (range(old), range(new));
    if before.is_empty() && after.is_empty() { vec![] } else { vec![imara_diff::Hunk { before, after }] }
}

fn hunk(changes: &[imara_diff::Hunk], old: &[&str], new: &[&str]) -> Hunk {
    let mut lines = vec![];
    let same = |from: u32, to: u32, shift: i64, lines: &mut Vec<DiffLine>| {
        for index in from..to {
            let other = u32::try_from(i64::from(index) + shift).ok();
            lines.extend(line(LineKind::Same, Some(index), other, old));
        }
    };
    let n_old = u32::try_from(old.len()).unwrap_or(u32::MAX);
    for (i, change) in changes.iter().enumerate() {
        let shift = i64::from(change.after.start) - i64::from(change.before.start);
        let from = match i.checked_sub(1).and_then(|i| changes.get(i)) {
            Some(last) => last.before.end,
            None => change.before.start.saturating_sub(CONTEXT),
        };
        same(from, change.before.start, shift, &mut lines);
        lines.extend(change.before.clone().filter_map(|index| line(LineKind::Removed, Some(index), None, old)));
        lines.extend(change.after.clone().filter_map(|index| line(LineKind::Added, None, Some(index), new)));
    }
    if let Some(last) = changes.last() {
        let shift = i64::from(last.after.end) - i64::from(last.before.end);
        same(last.before.end, (last.before.end + CONTEXT).min(n_old), shift, &mut lines);
    }
    Hunk { lines }
}

/// `texts` holds the line at `old`, or at `new` if there is no old one.
fn line(kind: LineKind, old: Option<u32>, new: Option<u32>, texts: &[&str]) -> Option<DiffLine> {
    let index = usize::try_from(old.or(new)?).ok()?;
    let whole = *texts.get(index)?;
    let text = whole.strip_suffix('\n').unwrap_or(whole);
    Some(DiffLine {
        kind,
        old: old.map(|n| n + 1),
        new: new.map(|n| n + 1),
        text: text.to_owned(),
        unended: text.len() == whole.len() && kind != LineKind::Same,
    })
}

/// Where two sequences differ: ranges of the first and of the second, in order; what lies between is the same.
#[must_use]
pub fn differing<T: Eq + Hash + Clone>(
    before: &[T],
    after: &[T],
) -> Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let interner = Interner::new(before.len() + after.len());
    let mut input = InternedInput { before: vec![], after: vec![], interner };
    input.update_before(before.iter().cloned());
    input.update_after(after.iter().cloned());
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_no_heuristic(&input);
    let wide = |range: std::ops::Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| (wide(hunk.before), wide(hunk.after))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(before: &str, after: &str) -> String {
        let number = |n: Option<u32>| n.map_or("-".to_owned(), |n| n.to_string());
        let mut text = String::new();
        for hunk in diff_lines(before, after) {
            text += "@@\n";
            for line in hunk.lines {
                let sign = match line.kind {
                    LineKind::Same => ' ',
                    LineKind::Removed => '-',
                    LineKind::Added => '+',
                };
                let end = if line.unended { "$" } else { "" };
                text += &format!("{sign}{}/{} {}{end}\n", number(line.old), number(line.new), line.text.escape_debug());
            }
        }
        text
    }

    #[test]
    fn a_change_stands_among_its_neighbours_with_both_numbers() {
        assert_eq!(
            picture("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nX\nY\nf\n"),
            "@@\n 2/2 b\n 3/3 c\n 4/4 d\n-5/- e\n+-/5 X\n+-/6 Y\n 6/7 f\n"
        );
        assert_eq!(picture("", "a\n"), "@@\n+-/1 a\n");
        assert_eq!(picture("a\n", ""), "@@\n-1/- a\n");
        assert_eq!(picture("a\nb", "a\nb"), "");
    }

    #[test]
    fn far_changes_are_hunks_of_their_own_and_near_ones_are_not() {
        let lines = |n: u32| (1..=n).map(|i| format!("{i}\n")).collect::<String>();
        let text = lines(30);
        let far = text.replace("\n3\n", "\nx\n").replace("\n25\n", "\ny\n");
        assert_eq!(diff_lines(&text, &far).len(), 2);
        let near = text.replace("\n3\n", "\nx\n").replace("\n9\n", "\ny\n");
        assert_eq!(diff_lines(&text, &near).len(), 1);
    }

    #[test]
    fn what_cannot_be_seen_is_still_a_difference() {
        assert_eq!(picture("a\r\n", "a\n"), "@@\n-1/- a\\r\n+-/1 a\n");
        assert_eq!(picture("a", "a\n"), "@@\n-1/- a$\n+-/1 a\n");
    }

    #[test]
    fn both_texts_can_be_read_from_the_diff_of_short_ones() {
        let before = "a\nb\nc\na\nb\nb\na\n";
        for after in ["c\nb\na\nb\na\nc\n", "", "a\nb\nc\n", "x\ny", "b\nb\nb\nb\nb\nb\nb\nb\nb\nb\n"] {
            let lines: Vec<_> = diff_lines(before, after).into_iter().flat_map(|h| h.lines).collect();
            let read = |skip: LineKind| {
                let some = lines.iter().filter(|l| l.kind != skip);
                some.map(|l| format!("{}{}", l.text, if l.unended { "" } else { "\n" })).collect::<String>()
            };
            assert_eq!(read(LineKind::Added), before, "{after:?}");
            assert_eq!(read(LineKind::Removed), after);
        }
    }

    #[test]
    fn texts_made_to_exhaust_it_do_not() {
        for n in [10_000_u32, 200_000] {
            let before: String = (0..n).map(|i| format!("{}\n", i.wrapping_mul(2_654_435_761) % 7)).collect();
            let after: String = (0..n).map(|i| format!("{}\n", i.wrapping_mul(40_503) % 5)).collect();
            assert!(!diff_lines(&before, &after).is_empty());
            let one = before.replacen("3\n", "x\n", 1);
            let hunks = diff_lines(&before, &one);
            assert_eq!((hunks.len(), hunks[0].lines.iter().filter(|l| l.kind != LineKind::Same).count()), (1, 2));
        }
    }

    #[test]
    fn sequences_are_compared_piece_by_piece() {
        assert_eq!(differing(&[1, 2, 3, 4], &[1, 9, 3, 4, 5]), [(1..2, 1..2), (4..4, 4..5)]);
        assert!(differing(&[1, 2], &[1, 2]).is_empty());
    }
}
