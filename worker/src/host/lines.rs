//! Pieces of a byte stream → lines, for standard output and standard error apart. Knows nothing of Docker.

use super::LogLine;

/// Longer lines are cut into pieces, so that a program without line ends cannot fill the memory.
const MAX_LINE: usize = 16 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Lines {
    rest: [Vec<u8>; 2],
}

impl Lines {
    /// The lines that end within `piece`.
    pub(crate) fn push(&mut self, from_stderr: bool, piece: &[u8]) -> Vec<LogLine> {
        let mut found = vec![];
        self.read(from_stderr, piece, &mut found);
        found
    }

    /// The same, into a list that has lines already.
    pub(crate) fn read(&mut self, from_stderr: bool, piece: &[u8], found: &mut Vec<LogLine>) {
        let rest = &mut self.rest[usize::from(from_stderr)];
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let (mut part, ends) = match part.strip_suffix(b"\n") {
                Some(line) => (line, true),
                None => (part, false),
            };
            while rest.len() + part.len() > MAX_LINE {
                let (head, tail) = part.split_at(MAX_LINE - rest.len());
                rest.extend_from_slice(head);
                // Between two characters: half of one would be none.
                let begun = rest.len() - half_a_character(rest);
                let over = rest.split_off(begun);
                found.push(LogLine { cut: true, ..line(from_stderr, rest) });
                rest.extend_from_slice(&over);
                part = tail;
            }
            rest.extend_from_slice(part);
            if ends {
                found.push(line(from_stderr, rest));
            }
        }
    }

    /// What was begun and not ended.
    pub(crate) fn finish(&mut self) -> Vec<LogLine> {
        let [out, err] = &mut self.rest;
        [(false, out), (true, err)]
            .into_iter()
            .filter(|(_, rest)| !rest.is_empty())
            .map(|(e, rest)| line(e, rest))
            .collect()
    }
}

/// How many bytes at the end begin a character that goes on.
fn half_a_character(bytes: &[u8]) -> usize {
    let from_end = bytes.iter().rev().take(4).position(|byte| byte & 0xc0 != 0x80);
    let Some((back, first)) = from_end.and_then(|back| Some((back, bytes.get(bytes.len() - 1 - back)?))) else {
        return 0;
    };
    let whole = match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    if whole > back + 1 { back + 1 } else { 0 }
}

fn line(from_stderr: bool, bytes: &mut Vec<u8>) -> LogLine {
    let text = String::from_utf8_lossy(bytes).trim_end_matches('\r').to_owned();
    bytes.clear();
    LogLine { from_stderr, text, cut: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_lines_and_streams_do_not_mix() {
        let mut lines = Lines::default();
        let mut all = lines.push(false, b"one\r\ntw");
        all.extend(lines.push(true, b"bad\n"));
        all.extend(lines.push(false, b"o\nthr"));
        all.extend(lines.finish());
        let read: Vec<_> = all.iter().map(|l| (l.from_stderr, l.text.as_str())).collect();
        assert_eq!(read, [(false, "one"), (true, "bad"), (false, "two"), (false, "thr")]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut lines = Lines::default();
        let found = lines.push(false, &[b'x'; MAX_LINE * 2 + 1]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|line| line.cut));
        let rest = lines.finish();
        assert_eq!((rest[0].text.as_str(), rest[0].cut), ("x", false));
        let odd = format!("x{}", "é".repeat(MAX_LINE / 2));
        let found = lines.push(false, odd.as_bytes());
        assert_eq!((found[0].text.len(), lines.finish()[0].text.as_str()), (MAX_LINE - 1, "é"));
        let exact = [vec![b'x'; MAX_LINE], b"\ny\n".to_vec()].concat();
        let found: Vec<_> = lines.push(false, &exact).iter().map(|l| l.text.len()).collect();
        assert_eq!((found, lines.finish().len()), (vec![MAX_LINE, 1], 0));
    }
}
