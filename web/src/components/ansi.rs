//! ANSI colours (SGR) in a line of output, as spans with token classes. Draws nothing; what else a line holds is `printed`'s.

use std::ops::Range;

use shared::printed::{self, Printed};

/// A line without escapes, and which parts of it look different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) text: String,
    pub(crate) marks: Vec<(Range<usize>, Look)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    fg: Option<u8>,
    bg: Option<u8>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

impl Look {
    /// Classes of `run.css`; empty for ordinary text.
    #[must_use]
    pub(crate) fn classes(self) -> String {
        let mut classes = vec![];
        if let Some(n) = self.fg {
            classes.push(format!("sgr-fg-{n}"));
        }
        if let Some(n) = self.bg {
            classes.push(format!("sgr-bg-{n}"));
        }
        for (on, class) in [
            (self.bold, "sgr-bold"),
            (self.dim, "sgr-dim"),
            (self.italic, "sgr-italic"),
            (self.underline, "sgr-underline"),
        ] {
            if on {
                classes.push(class.to_owned());
            }
        }
        classes.join(" ")
    }

    fn apply(&mut self, parameters: &str) {
        let mut codes =
            parameters.split([';', ':']).map(|p| if p.is_empty() { Some(0) } else { p.parse::<u16>().ok() });
        while let Some(code) = codes.next() {
            match code {
                Some(0) => *self = Self::default(),
                Some(1) => self.bold = true,
                Some(2) => self.dim = true,
                Some(3) => self.italic = true,
                Some(4) => self.underline = true,
                Some(22) => (self.bold, self.dim) = (false, false),
                Some(23) => self.italic = false,
                Some(24) => self.underline = false,
                Some(n @ 30..=37) => self.fg = u8::try_from(n - 30).ok(),
                Some(38) => self.fg = extended(&mut codes),
                Some(39) => self.fg = None,
                Some(n @ 40..=47) => self.bg = u8::try_from(n - 40).ok(),
                Some(48) => self.bg = extended(&mut codes),
                Some(49) => self.bg = None,
                Some(n @ 90..=97) => self.fg = u8::try_from(n - 82).ok(),
                Some(n @ 100..=107) => self.bg = u8::try_from(n - 92).ok(),
                _ => {}
            }
        }
    }
}

/// `5;n` or `2;r;g;b` after 38 or 48, brought to the nearest of the sixteen colours the tokens have.
fn extended(codes: &mut impl Iterator<Item = Option<u16>>) -> Option<u8> {
    match codes.next()?? {
        5 => match codes.next()?? {
            n @ 0..=15 => u8::try_from(n).ok(),
            n @ 16..=231 => {
                let n = n - 16;
                Some(nearest(n / 36 * 51, n / 6 % 6 * 51, n % 6 * 51))
            }
            n @ 232..=243 if n < 238 => Some(8),
            _ => Some(7),
        },
        2 => Some(nearest(codes.next()??, codes.next()??, codes.next()??)),
        _ => None,
    }
}

fn nearest(r: u16, g: u16, b: u16) -> u8 {
    let strongest = r.max(g).max(b);
    if strongest < 64 {
        return 0;
    }
    let on = |part: u16| u8::from(part * 2 > strongest);
    let hue = on(r) | on(g) << 1 | on(b) << 2;
    if strongest > 170 { hue | 8 } else { hue }
}

/// Splits a line into its text and its looks. Never fails: what it does not know, it leaves out.
#[must_use]
pub(crate) fn plain(line: &str) -> Plain {
    let mut out = Plain::default();
    let mut look = Look::default();
    let mut from = 0;
    printed::read(line, |printed| match printed {
        Printed::Char(c) => out.text.push(c),
        Printed::Look(parameters) => {
            out.mark(from, look);
            from = out.text.len();
            look.apply(parameters);
        }
    });
    out.mark(from, look);
    out
}

impl Plain {
    fn mark(&mut self, from: usize, look: Look) {
        if from < self.text.len() && look != Look::default() {
            self.marks.push((from..self.text.len(), look));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(line: &str) -> Vec<(String, String)> {
        let plain = plain(line);
        plain.marks.iter().map(|(range, look)| (plain.text[range.clone()].to_owned(), look.classes())).collect()
    }

    #[test]
    fn colours_become_classes() {
        assert_eq!(plain("a\u{1b}[31mb\u{1b}[0mc").text, "abc");
        assert_eq!(classes("a\u{1b}[31mb\u{1b}[0mc"), [("b".into(), "sgr-fg-1".into())]);
        assert_eq!(classes("\u{1b}[1;92mok"), [("ok".into(), "sgr-fg-10 sgr-bold".into())]);
        assert_eq!(classes("\u{1b}[38;5;196mred"), [("red".into(), "sgr-fg-9".into())]);
        assert_eq!(classes("\u{1b}[38;2;0;120;0mgreen"), [("green".into(), "sgr-fg-2".into())]);
    }
}
