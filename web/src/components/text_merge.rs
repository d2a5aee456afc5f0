//! Two people's changes to one text joined, where they do not touch. Pure; a text in which they do is nobody's to guess.

use std::ops::Range;

use shared::domain::text_diff::differing;

/// A change: lines of the base, and lines of the new text in their place.
type Change = (Range<usize>, Range<usize>);

/// `None` if both changed the same lines, or lines beside each other, in different ways.
pub(crate) fn merge(base: &str, mine: &str, theirs: &str) -> Option<String> {
    let (base, mine, theirs) = (split(base), split(mine), split(theirs));
    let (left, right) = (differing(&base, &mine), differing(&base, &theirs));
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut joined = String::new();
    let mut at = 0;
    let put = |change: &Change, from: &[&str], at: &mut usize, joined: &mut String| {
        joined.extend(base.get(*at..change.0.start).unwrap_or_default().iter().copied());
        joined.extend(from.get(change.1.clone()).unwrap_or_default().iter().copied());
        *at = change.0.end;
    };
    loop {
        let mine_first = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(a), Some(b)) if a.0.end < b.0.start => true,
            (Some(a), Some(b)) if b.0.end < a.0.start => false,
            (Some(a), Some(b)) => {
                // Both did the very same: once is enough.
                if a.0 != b.0 || mine.get(a.1.clone()) != theirs.get(b.1.clone()) {
                    return None;
                }
                right.next();
                true
            }
        };
        if mine_first {
            left.next().iter().for_each(|change| put(change, &mine, &mut at, &mut joined));
        } else {
            right.next().iter().for_each(|change| put(change, &theirs, &mut at, &mut joined));
        }
    }
    joined.extend(base.get(at..).unwrap_or_default().iter().copied());
    Some(joined)
}

fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_do_not_touch_are_joined_and_others_are_not() {
        let base = "1\n2\n3\n4\n5\n6\n";
        let cases = [
            (base, base, Some(base)),
            ("x\n2\n3\n4\n5\n6\n", base, Some("x\n2\n3\n4\n5\n6\n")),
            (base, "1\n2\n3\n4\n5\ny\n", Some("1\n2\n3\n4\n5\ny\n")),
            ("x\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\ny\n", Some("x\n2\n3\n4\n5\ny\n")),
            ("1\n2\n3\n4\n5\ny\n", "x\n2\n3\n4\n5\n6\n", Some("x\n2\n3\n4\n5\ny\n")),
            ("1\n4\n5\n6\n", "1\n2\n3\n4\n5\n6\n7\n", Some("1\n4\n5\n6\n7\n")),
            ("1\nx\n3\n4\n5\n6\n", "1\nx\n3\n4\n5\n6\n", Some("1\nx\n3\n4\n5\n6\n")),
            ("1\nx\n3\n4\n5\n6\n", "1\ny\n3\n4\n5\n6\n", None),
            ("1\nx\n3\n4\n5\n6\n", "1\n2\ny\n4\n5\n6\n", None),
            ("1\n2\n3\n4\n5\n6\nx\n", "1\n2\n3\n4\n5\n6\ny\n", None),
            ("", "1\n2\n3\n4\n5\ny\n", None),
        ];
        for (mine, theirs, expected) in cases {
            assert_eq!(merge(base, mine, theirs).as_deref(), expected, "{mine:?} {theirs:?}");
        }
    }
}
