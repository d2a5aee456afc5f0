//! What a program printed, as text that is safe to show and to search: escape sequences understood or dropped, characters that
//! would deceive the eye spelled out. Knows no page and no colour.

use std::ops::Range;

/// One thing a line consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Printed<'a> {
    Char(char),
    /// Parameters of "select graphic rendition": `1;31`.
    Look(&'a str),
}

/// Reads a line from left to right. Never fails: what it does not know, it leaves out.
pub fn read<'a>(line: &'a str, mut take: impl FnMut(Printed<'a>)) {
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\u{1b}' => rest = escape(rest, &mut take),
            '\t' => take(Printed::Char(c)),
            c if c.is_control() => {}
            c if deceives(c) => {
                format!("<U+{:04X}>", u32::from(c)).chars().for_each(|c| take(Printed::Char(c)));
            }
            c => take(Printed::Char(c)),
        }
    }
}

/// What follows ESC; what is left after it.
fn escape<'a>(after: &'a str, take: &mut impl FnMut(Printed<'a>)) -> &'a str {
    let Some(kind) = after.chars().next() else { return "" };
    let rest = &after[kind.len_utf8()..];
    match kind {
        '[' => {
            let Some(end) = rest.find(|c| ('\u{40}'..='\u{7e}').contains(&c)) else { return "" };
            if rest[end..].starts_with('m') {
                take(Printed::Look(&rest[..end]));
            }
            &rest[end + 1..]
        }
        // A title or a link: up to BEL or ESC \.
        ']' => match (rest.find('\u{7}'), rest.find("\u{1b}\\")) {
            (Some(bell), None) => &rest[bell + 1..],
            (Some(bell), Some(end)) if bell < end => &rest[bell + 1..],
            (_, Some(end)) => &rest[end + 2..],
            (None, None) => "",
        },
        _ => rest,
    }
}

/// Characters that are not seen but turn, hide or break what is.
fn deceives(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// The line's text as it is shown.
#[must_use]
pub fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    read(line, |printed| {
        if let Printed::Char(c) = printed {
            text.push(c);
        }
    });
    text
}

/// Where `needle` stands in `text`, letters A to Z in either case.
#[must_use]
pub fn find_all(text: &str, needle: &str) -> Vec<Range<usize>> {
    if needle.is_empty() {
        return vec![];
    }
    let (text, needle) = (text.to_ascii_lowercase(), needle.to_ascii_lowercase());
    text.match_indices(&needle).map(|(at, found)| at..at + found.len()).collect()
}

/// Which of these lines (from 0) contain `needle` as they are shown.
#[must_use]
pub fn lines_with(lines: &str, needle: &str) -> Vec<usize> {
    if needle.is_empty() {
        return vec![];
    }
    let needle = needle.to_ascii_lowercase();
    if !lines.bytes().all(shown_as_is) {
        let found = |line: &str| plain(line).to_ascii_lowercase().contains(&needle);
        return lines.split('\n').enumerate().filter(|(_, line)| found(line)).map(|(n, _)| n).collect();
    }
    let lines = lines.to_ascii_lowercase();
    let (mut found, mut n, mut counted) = (vec![], 0, 0);
    for (at, _) in lines.match_indices(&needle) {
        n += lines.as_bytes()[counted..at].iter().filter(|b| **b == b'\n').count();
        counted = at;
        if found.last() != Some(&n) {
            found.push(n);
        }
    }
    found
}

/// Most output is plain ASCII and can be searched whole.
fn shown_as_is(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_controls_vanish_and_what_deceives_is_spelled_out() {
        let cases = [
            ("a\u{1b}[31mb\u{1b}[0mc", "abc"),
            ("\u{1b}[2K\u{1b}]0;title\u{7}done\r", "done"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]0;a\u{1b}\\b\u{7}c", "bc"),
            ("\u{9b}31mx\u{85}y\0z", "31mxyz"),
            ("user\u{202e}txt.exe", "user<U+202E>txt.exe"),
            ("a\u{200b}b\u{feff}\u{2066}\u{e0041}", "a<U+200B>b<U+FEFF><U+2066><U+E0041>"),
            ("שלום 👩\u{200d}🚒", "שלום 👩\u{200d}🚒"),
            ("<script>alert(1)</script>\t&amp;", "<script>alert(1)</script>\t&amp;"),
        ];
        for (line, text) in cases {
            assert_eq!(plain(line), text, "{line:?}");
        }
        for line in ["\u{1b}", "\u{1b}[", "\u{1b}[38;5m x", "\u{1b}]", "é\u{1b}[31mé", "\u{1b}é", "\u{1b}[é\u{1b}"]
        {
            let _ = plain(line);
        }
    }

    #[test]
    fn a_needle_is_found_in_either_case_and_where_the_eye_sees_it() {
        assert_eq!(find_all("Line one, line two", "LINE"), [0..4, 10..14]);
        assert_eq!(find_all("é É é", "é"), [0..2, 6..8]);
        assert_eq!(find_all("aaaa", "aa"), [0..2, 2..4]);
        assert_eq!((find_all("x", ""), lines_with("x", "")), (vec![], vec![]));
        assert_eq!(lines_with("one\ntwo ONE one\n\nthree", "one"), [0, 1]);
        assert_eq!(lines_with("\nb\n\nab", "B"), [1, 3]);
        assert_eq!(lines_with("fo\u{1b}[1mo\nx\nfoo", "foo"), [0, 2], "colours do not hide it");
        assert_eq!(lines_with("\u{1b}[31mx", "31"), Vec::<usize>::new(), "nor are they text");
        assert_eq!(lines_with("a\u{202e}b", "u+202e"), [0]);
    }
}
