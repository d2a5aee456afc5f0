//! Keeps known values out of whatever leaves the worker: the values, their usual encodings, and their lines. Knows no run, no step.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};
use shared::{domain::secret::MIN_VALUE, hex};

/// Shorter pieces of an encoding stand in other words.
const MIN_ENCODED: usize = 8;

/// Finds values. Shows none of them.
#[derive(Default)]
pub(crate) struct Mask {
    finder: Option<AhoCorasick>,
    /// By pattern: what is written instead.
    instead: Vec<String>,
    longest: usize,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mask").field("patterns", &self.instead.len()).finish_non_exhaustive()
    }
}

impl Mask {
    /// Of these names and values.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let (mut patterns, mut instead) = (Vec::<Vec<u8>>::new(), vec![]);
        for (name, value) in secrets {
            for pattern in forms(value) {
                if !patterns.contains(&pattern) {
                    patterns.push(pattern);
                    instead.push(format!("[secret {name}]"));
                }
            }
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or_default();
        // Too many to be built is not to be had: values are few and short.
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns);
        let finder = if patterns.is_empty() { None } else { build().ok() };
        Self { finder, instead, longest }
    }

    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.finder {
            Some(finder) if finder.is_match(text) => finder.replace_all(text, &self.instead).into(),
            _ => text.into(),
        }
    }

    /// Of a line that goes on: what can be said already, and what may be the beginning of a value.
    pub(crate) fn begun(&self, text: &str) -> (String, String) {
        let mut at = text.len().saturating_sub(self.longest.saturating_sub(1));
        // Nothing that is a value already is cut in two.
        if let Some(finder) = &self.finder {
            let over = finder.find_iter(text).find(|found| found.start() < at && at < found.end());
            at = over.map_or(at, |found| found.start());
        }
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        (self.text(&text[..at]).into_owned(), text[at..].to_owned())
    }
}

/// Everything that is to be found for one value.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut all = vec![];
    let lines = value.lines().map(str::trim).filter(|line| line.chars().count() >= MIN_VALUE);
    let whole = [value, value.trim_end_matches(['\n', '\r'])];
    for plain in whole.into_iter().chain(lines) {
        all.extend(encoded(plain));
    }
    all
}

fn encoded(plain: &str) -> Vec<Vec<u8>> {
    let mut all = vec![plain.as_bytes().to_vec()];
    for alphabet in [STANDARD, URL_SAFE] {
        let engine = GeneralPurpose::new(&alphabet, NO_PAD);
        // Three texts, by where the value begins in what is encoded: `user:value` is one of them.
        for before in 0..3 {
            let text = engine.encode([&vec![0; before], plain.as_bytes()].concat());
            // Without the characters that also hold bits of what stands before and behind.
            let begin = [0, 2, 3][before];
            let end = (before + plain.len()) * 8 / 6;
            all.push(text.as_bytes().get(begin..end).unwrap_or_default().to_vec());
        }
    }
    let percent = |upper: bool, free: fn(u8) -> bool, blank: Option<&str>| {
        plain.bytes().fold(String::new(), |text, byte| match (byte, blank) {
            (b' ', Some(blank)) => text + blank,
            (byte, _) if free(byte) => text + char::from(byte).encode_utf8(&mut [0; 4]),
            (byte, _) if upper => text + &format!("%{byte:02X}"),
            (byte, _) => text + &format!("%{byte:02x}"),
        })
    };
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let form = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'*');
    all.push(percent(true, unreserved, None).into_bytes());
    all.push(percent(false, unreserved, None).into_bytes());
    all.push(percent(true, form, Some("+")).into_bytes());
    let hexadecimal = hex::encode(plain.as_bytes());
    all.push(hexadecimal.to_uppercase().into_bytes());
    all.push(hexadecimal.into_bytes());
    // As JSON and as `set -x` write it.
    let json = serde_json::to_string(plain).unwrap_or_default();
    all.push(json.trim_matches('"').as_bytes().to_vec());
    all.push(plain.replace('\'', "'\\''").into_bytes());
    all.push(plain.replace('"', "\\\"").into_bytes());
    let long_enough = |form: &Vec<u8>| form.len() >= if form == plain.as_bytes() { MIN_VALUE } else { MIN_ENCODED };
    all.retain(long_enough);
    all
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose as base;

    use super::*;

    const VALUE: &str = "c4nary's p+ss/wörd?&";

    fn mask() -> Mask {
        Mask::new([("TOKEN", VALUE), ("KEY", "first line\n  x\nsecond line of it\n")])
    }

    #[test]
    fn a_value_is_found_in_every_usual_dress() {
        let mask = mask();
        let percent: String = VALUE.bytes().map(|b| format!("%{b:02x}")).collect();
        let dressed = [
            VALUE.to_owned(),
            base::STANDARD.encode(VALUE),
            base::URL_SAFE_NO_PAD.encode(VALUE),
            base::STANDARD.encode(format!("user:{VALUE}")),
            base::STANDARD.encode(format!("u:{VALUE}\n")),
            base::STANDARD.encode(format!("us:{VALUE}, and more")),
            hex::encode(VALUE.as_bytes()),
            serde_json::to_string(&serde_json::json!({"a": format!("x{VALUE}y")})).unwrap(),
            "'c4nary'\\''s p+ss/wörd?&'".to_owned(),
            "c4nary%27s%20p%2Bss%2Fw%C3%B6rd%3F%26".to_owned(),
            "c4nary%27s+p%2Bss%2Fw%C3%B6rd%3F%26".to_owned(),
            "c4nary%27s%20p%2bss%2fw%c3%b6rd%3f%26".to_owned(),
        ];
        for text in dressed {
            let masked = mask.text(&text).into_owned();
            assert!(masked.contains("[secret TOKEN]"), "{text}: {masked}");
            assert!(!masked.contains("nary") && !masked.contains("w%C3"), "{masked}");
        }
        assert!(!percent.is_empty());
        for (line, expected) in [
            ("x first line y", "x [secret KEY] y"),
            ("second line of it", "[secret KEY]"),
            ("x", "x"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(mask.text(line), expected);
        }
        assert!(!format!("{mask:?}").contains("nary"));
    }

    #[test]
    fn the_longest_of_several_is_taken_and_without_any_nothing_is_done() {
        let mask = Mask::new([("SHORT", "hunter"), ("LONG", "hunter22")]);
        assert_eq!(mask.text("a hunter, a hunter22"), "a [secret SHORT], a [secret LONG]");
        assert!(matches!(Mask::default().text("hunter"), Cow::Borrowed("hunter")));
    }

    #[test]
    fn a_line_in_two_pieces_is_cut_where_no_value_can_be() {
        let mask = Mask::new([("T", "hunter22")]);
        for (one, two) in
            [("say hunt", "er22 now"), ("say hunter22", " now"), ("say ", "hunter22 now"), ("sayhunter2", "2 now")]
        {
            let (said, kept) = mask.begun(&format!("{}{one}", "é".repeat(50)));
            assert!(!said.contains("hunt"), "{said}");
            let whole = said + &mask.text(&(kept + two));
            assert!(whole.ends_with("[secret T] now"), "{one}|{two}: {whole}");
        }
    }
}
