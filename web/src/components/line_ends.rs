//! Between a plan's bytes and a text field: the field knows one kind of line end and counts in UTF-16. Pure.

/// How the lines of a text end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnds {
    Unix,
    Windows,
    /// A text field cannot tell them apart: what is edited gets the more frequent one.
    Mixed {
        mostly_windows: bool,
    },
}

impl LineEnds {
    pub(crate) fn of(source: &str) -> Self {
        let windows = source.matches("\r\n").count();
        let all = source.matches(['\n', '\r']).count() - windows;
        if windows == 0 && !source.contains('\r') {
            Self::Unix
        } else if windows == all {
            Self::Windows
        } else {
            Self::Mixed { mostly_windows: windows * 2 > all }
        }
    }
}

/// As a text field shows it.
pub(crate) fn shown(source: &str) -> String {
    source.replace("\r\n", "\n").replace('\r', "\n")
}

/// What to save for a text from the field: nothing typed is the source itself, byte for byte; else its line ends are kept.
pub(crate) fn written(text: &str, source: &str) -> String {
    if shown(source) == text {
        return source.to_owned();
    }
    match LineEnds::of(source) {
        LineEnds::Windows | LineEnds::Mixed { mostly_windows: true } => text.replace('\n', "\r\n"),
        LineEnds::Unix | LineEnds::Mixed { mostly_windows: false } => text.to_owned(),
    }
}

/// Where a line and column (from 1, in characters) are in a field: in UTF-16 units from its beginning.
pub(crate) fn place(text: &str, line: u32, column: u32) -> u32 {
    let before = line.saturating_sub(1) as usize;
    let mut units = 0;
    for (index, one) in text.split_inclusive('\n').enumerate() {
        if index == before {
            let visible = one.trim_end_matches('\n').chars();
            return units + visible.take(column.saturating_sub(1) as usize).map(len).sum::<u32>();
        }
        units += one.chars().map(len).sum::<u32>();
    }
    units
}

fn len(c: char) -> u32 {
    if c as u32 > 0xffff { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_touched_is_saved_byte_for_byte_and_edits_keep_the_kind_of_line_end() {
        for source in ["", "a", "a\n", "a\r\nb\r\n", "a\r\nb\nc\r\n", "a\rb", "\u{feff}a\r\n"] {
            assert_eq!(written(&shown(source), source), source);
        }
        assert_eq!(written("a\nx\n", "a\r\nb\r\n"), "a\r\nx\r\n");
        assert_eq!(written("a\nx\n", "a\nb\n"), "a\nx\n");
        assert_eq!(LineEnds::of("a\r\nb\r\nc\n"), LineEnds::Mixed { mostly_windows: true });
        assert_eq!(written("x\n", "a\r\nb\r\nc\n"), "x\r\n");
        assert_eq!(LineEnds::of("a"), LineEnds::Unix);
        assert_eq!(LineEnds::of("a\rb"), LineEnds::Mixed { mostly_windows: false });
    }

    #[test]
    fn a_place_is_counted_as_the_browser_counts() {
        let text = "one\n😀é漢\nlast";
        for ((line, column), expected) in
            [((1, 1), 0), ((1, 3), 2), ((2, 1), 4), ((2, 2), 6), ((2, 9), 8), ((3, 1), 9), ((9, 1), 13), ((0, 0), 0)]
        {
            assert_eq!(place(text, line, column), expected, "{line}:{column}");
        }
    }
}
