//! Rules about one file: its door plate, its length, what must not be left in it.

use super::{Finding, Source};

const LOOK_AT: usize = 300;
const TOO_LONG: usize = 500;

/// The first line says what lives here.
pub(super) fn door_plate(source: &Source) -> Option<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    let words = first.strip_prefix("//! ").unwrap_or_default();
    (words.trim().len() < 10).then(|| {
        Finding::broken(&source.path, "the first line is no door plate: `//! what lives here, and what may not`")
    })
}

/// Lines of code, without tests.
pub(super) fn ceiling(source: &Source) -> Option<Finding> {
    if is_test_file(&source.path) {
        return None;
    }
    match without_tests(&source.text).lines().count() {
        n if n > TOO_LONG => Some(Finding::broken(
            &source.path,
            format!("{n} lines; split it by what it is about ({TOO_LONG} is the ceiling)"),
        )),
        n if n > LOOK_AT => {
            Some(Finding::look(&source.path, format!("{n} lines; {LOOK_AT} is a good place to think of a split")))
        }
        _ => None,
    }
}

/// A test that is not run proves nothing.
pub(super) fn ignored_tests(source: &Source) -> Vec<Finding> {
    lines_with(source, |line| line.trim_start().starts_with("#[ignore"), "an ignored test: run it or remove it")
}

/// Paths of the machine it was written on.
pub(super) fn machine_paths(source: &Source, own: &[String]) -> Vec<Finding> {
    lines_with(source, |line| own.iter().any(|path| names_path(line, path)), "names a path of this machine")
}

fn names_path(line: &str, path: &str) -> bool {
    let below = format!("{path}/");
    line.match_indices(&below).any(|(at, _)| {
        // `web/src/lib.rs` does not name `/src`.
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "._-/}*".contains(c)))
    })
}

fn lines_with(source: &Source, is_bad: impl Fn(&str) -> bool, what: &str) -> Vec<Finding> {
    let bad = source.text.lines().zip(1..).filter(|(line, _)| is_bad(line));
    bad.map(|(_, number)| Finding::broken(format!("{}:{number}", source.path), what)).collect()
}

pub(super) fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("tests.rs") || path.contains("/tests/")
}

/// The text up to the file's own test module.
pub(super) fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ").map_or(text, |at| &text[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    #[test]
    fn a_file_without_a_door_plate_is_found() {
        assert!(door_plate(&source("a.rs", "//! What lives here.\n")).is_none());
        for text in ["", "use std::fs;\n", "//! P\n", "// What lives here.\n"] {
            assert!(door_plate(&source("a.rs", text)).is_some(), "{text}");
        }
    }

    #[test]
    fn long_files_are_found_and_tests_do_not_count() {
        let long = "x\n".repeat(501);
        assert!(ceiling(&source("a/src/b.rs", &long)).unwrap().fails);
        assert!(!ceiling(&source("a/src/b.rs", &"x\n".repeat(301))).unwrap().fails);
        assert!(ceiling(&source("a/src/b.rs", &"x\n".repeat(300))).is_none());
        assert!(ceiling(&source("a/src/b/tests.rs", &long)).is_none());
        assert!(ceiling(&source("tests/it/b.rs", &long)).is_none());
        assert!(ceiling(&source("a/src/b.rs", &format!("x\n#[cfg(test)]\nmod tests {{\n{long}"))).is_none());
    }

    #[test]
    fn left_behind_things_are_found_with_their_line() {
        let own = ["/src".to_owned(), "/home/ada".to_owned()];
        let found = machine_paths(&source("a.md", "web/src/x\n./src/x\n`/src/x`\ncd /home/ada/x"), &own);
        assert_eq!(found.iter().map(|f| f.place.as_str()).collect::<Vec<_>>(), ["a.md:3", "a.md:4"]);
        let attribute = format!("fn a() {{}}\n  #[{}]\n", "ignore");
        assert_eq!(ignored_tests(&source("a.rs", &attribute))[0].place, "a.rs:2");
    }
}
