//! A line of output cut where its look changes. Knows nothing of other lines.

use shared::printed::find_all;

use crate::components::ansi;

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
    use super::*;

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

    #[test]
    fn what_deceives_is_spelled_out() {
        let cut = pieces("\u{202e}exe", "");
        assert_eq!(cut[0].text, "<U+202E>exe");
    }
}
