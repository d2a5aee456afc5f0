//! An export: one JSON object a line, as [`Link`] is written. Read without building what is in it where the line looks as ours do,
//! by the JSON reader where it does not. Opens no file.

use std::borrow::Cow;

use super::{Broken, Link, Verifier};

/// Why a stretch of an export ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line (counted from 1 within what was given) is no entry at all.
    #[error("line {line} is not an entry of an audit export: {why}")]
    Line { line: u64, why: String },
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// What came of a stretch of whole lines that was checked by itself.
#[derive(Clone, Debug)]
pub struct Stretch {
    verifier: Verifier,
    lines: u64,
    fault: Option<Fault>,
}

impl Stretch {
    /// `wanted`: entries whose hashes are to be noted, ascending, each once.
    #[must_use]
    pub fn check(text: &[u8], wanted: &[u64]) -> Self {
        let mut stretch = Self { verifier: Verifier::anywhere(wanted), lines: 0, fault: None };
        let mut unescaped = String::new();
        for line in text.split(|byte| *byte == b'\n') {
            stretch.lines += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            if let Err(fault) = check_line(&mut stretch.verifier, line, &mut unescaped) {
                stretch.fault = Some(match fault {
                    Fault::Line { why, .. } => Fault::Line { line: stretch.lines, why },
                    broken => broken,
                });
                return stretch;
            }
        }
        // A line end is the end of a line, not the beginning of one more.
        stretch.lines -= u64::from(text.is_empty() || text.ends_with(b"\n"));
        stretch
    }
}

/// A whole export, stretch by stretch.
#[derive(Clone, Debug, Default)]
pub struct Export {
    pub verifier: Verifier,
    lines: u64,
}

impl Export {
    #[must_use]
    pub fn noting(wanted: &[u64]) -> Self {
        Self { verifier: Verifier::noting(wanted), lines: 0 }
    }

    /// Goes on with the next stretch.
    ///
    /// # Errors
    /// The first thing wrong in it, or between it and what came before.
    pub fn join(&mut self, stretch: Stretch) -> Result<(), Fault> {
        let before = self.lines;
        self.lines += stretch.lines;
        let broken = match &stretch.fault {
            Some(Fault::Broken(broken)) => Some(broken.what.clone()),
            _ => None,
        };
        self.verifier.join(stretch.verifier, broken)?;
        match stretch.fault {
            Some(Fault::Line { line, why }) => Err(Fault::Line { line: before + line, why }),
            _ => Ok(()),
        }
    }
}

fn check_line(verifier: &mut Verifier, line: &[u8], unescaped: &mut String) -> Result<(), Fault> {
    let line = std::str::from_utf8(line).map_err(|e| Fault::Line { line: 0, why: e.to_string() })?;
    if let Some(parts) = as_ours(line) {
        let entry = match unescape(parts.entry, unescaped) {
            Some(entry) => Cow::Borrowed(entry),
            None => Cow::Owned(read(line)?.entry),
        };
        return Ok(verifier.check_text(&entry, parts.previous.as_bytes(), parts.hash.as_bytes())?);
    }
    Ok(verifier.check(&read(line)?)?)
}

fn read(line: &str) -> Result<Link, Fault> {
    serde_json::from_str(line).map_err(|e| Fault::Line { line: 0, why: e.to_string() })
}

struct Parts<'a> {
    /// Still escaped.
    entry: &'a str,
    previous: &'a str,
    hash: &'a str,
}

/// The line's parts, if it is written as we write it: this order, nothing between.
fn as_ours(line: &str) -> Option<Parts<'_>> {
    let rest = line.strip_prefix("{\"entry\":\"")?.strip_suffix("\"}")?;
    let (rest, hash) = split_last(rest, "\",\"hash\":\"")?;
    let (entry, previous) = split_last(rest, "\",\"previous\":\"")?;
    Some(Parts { entry, previous, hash })
}

/// 64 characters at the end, and `between` before them.
fn split_last<'a>(text: &'a str, between: &str) -> Option<(&'a str, &'a str)> {
    let (rest, last) = text.split_at_checked(text.len().checked_sub(64)?)?;
    Some((rest.strip_suffix(between)?, last))
}

/// Undoes the two escapes that canonical JSON needs inside a JSON string. `None`: there is another, or a quote that ends it.
fn unescape<'a>(text: &str, out: &'a mut String) -> Option<&'a str> {
    out.clear();
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(length) = bytes.get(from..)?.iter().position(|byte| matches!(byte, b'\\' | b'"' | ..0x20)) {
        let at = from + length;
        let (b'\\', Some(escaped @ (b'"' | b'\\'))) = (bytes[at], bytes.get(at + 1)) else { return None };
        out.push_str(text.get(from..at)?);
        out.push(char::from(*escaped));
        from = at + 2;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        domain::{
            actor::Actor,
            audit::{Entry, genesis, link},
        },
        timestamp::Timestamp,
    };

    fn lines(n: u64) -> Vec<String> {
        let mut previous = genesis();
        let link = |seq| {
            let entry = Entry {
                seq,
                at: Timestamp::from_unix(1000),
                by: Actor::User { id: crate::ids::UserId(uuid::Uuid::nil()), name: "Ada \"\\\n\u{1}é😀".into() },
                action: "run.expired".into(),
                object: format!("run {seq}"),
                denied: seq % 2 == 0,
                detail: json!({"n": seq, "text": "\"hash\":\"", "control": "\u{7}\t"}),
            };
            let link = link(previous, &entry);
            previous = link.hash;
            serde_json::to_string(&link).unwrap()
        };
        (1..=n).map(link).collect()
    }

    fn rehashed(line: &str) -> String {
        let mut link = read(line).unwrap();
        link.entry = link.entry.replace("run 4", "run 9");
        link.hash = crate::domain::audit::hash(link.previous, &link.entry);
        serde_json::to_string(&link).unwrap()
    }

    /// In stretches of so many lines.
    fn verify(lines: &[String], size: usize) -> Result<(u64, Vec<u64>), String> {
        let mut export = Export::noting(&[2, 5, 99]);
        for stretch in lines.chunks(size) {
            let stretch = Stretch::check((stretch.join("\n") + "\n").as_bytes(), &[2, 5, 99]);
            export.join(stretch).map_err(|fault| fault.to_string())?;
        }
        Ok((export.verifier.head().0, export.verifier.noted().iter().map(|(seq, _)| *seq).collect()))
    }

    #[test]
    fn stretches_of_any_size_say_the_same_about_every_tamper() {
        let whole = lines(7);
        let edit = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = whole.clone();
            change(&mut lines);
            lines
        };
        let cases = [
            (edit(&|_| ()), Ok((7, vec![2, 5]))),
            (edit(&|l| drop(l.remove(2))), Err("entry 3: is missing; found entry 4 in its place")),
            (edit(&|l| drop(l.remove(0))), Err("entry 1: is missing; found entry 2 in its place")),
            (
                edit(&|l| l[4] = l[4].replace("run 5", "run 6")),
                Err("entry 5: was altered: its text does not give its hash"),
            ),
            (edit(&|l| l.insert(3, l[2].clone())), Err("entry 4: is missing; found entry 3 in its place")),
            (edit(&|l| l.swap(3, 4)), Err("entry 4: is missing; found entry 5 in its place")),
            (
                edit(&|l| {
                    l[5] = l[5].replace("\"previous\":\"", "\"previous\":\"0").replacen("0\",\"hash", "\",\"hash", 1)
                }),
                Err(""),
            ),
            // Altered, and its own hash made to fit: the next one gives it away, wherever a stretch ends.
            (edit(&|l| l[3] = rehashed(&l[3])), Err("entry 5: does not follow from the entry before it")),
            (
                edit(&|l| l[3] = "junk".into()),
                Err("line 4 is not an entry of an audit export: expected value at line 1 column 1"),
            ),
            (edit(&|l| l[3].truncate(50)), Err("line 4 is not an entry")),
            (edit(&|l| l.insert(3, "  ".into())), Ok((7, vec![2, 5]))),
            (edit(&|l| l[3] = l[3].replacen(":", " : ", 1)), Ok((7, vec![2, 5]))),
        ];
        for (number, (lines, expected)) in cases.into_iter().enumerate() {
            for size in [1, 2, 3, 100] {
                match (verify(&lines, size), &expected) {
                    (Ok(found), Ok(expected)) => assert_eq!(found, *expected, "case {number} by {size}"),
                    (Err(found), Err(words)) => assert!(found.contains(words), "case {number} by {size}: {found}"),
                    (found, _) => panic!("case {number} by {size}: {found:?}"),
                }
            }
        }
    }

    #[test]
    fn our_own_lines_take_the_short_way_and_give_the_same_text() {
        for line in lines(3) {
            let parts = as_ours(&line).unwrap();
            let mut out = String::new();
            assert_eq!(unescape(parts.entry, &mut out), Some(read(&line).unwrap().entry.as_str()), "{line}");
        }
        let mut out = String::new();
        for other in ["a\\u0041", "a\\n", "a\"b", "a\\", "a\u{1}"] {
            assert_eq!(unescape(other, &mut out), None, "{other:?}");
        }
    }

    #[test]
    fn a_digest_is_written_in_one_way() {
        let mut line = lines(1).remove(0);
        let hash = as_ours(&line).unwrap().hash.to_owned();
        line = line.replace(&hash, &hash.to_uppercase());
        assert!(verify(&[line], 1).unwrap_err().contains("was altered"));
    }
}
