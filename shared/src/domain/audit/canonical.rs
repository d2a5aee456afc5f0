//! Whether the text of an entry is canonical JSON with the fields of one, without building it: sorted keys, no white space, one
//! way to write each string and number. A million entries are looked at in a second; nothing is allocated.

/// As deep as `serde_json` reads.
const DEEPEST: u32 = 127;

/// The sequence number of the entry.
///
/// # Errors
/// What is wrong, as it reads after "entry 7".
pub(super) fn seq_of(text: &str) -> Result<u64, String> {
    let mut scan = Scan { text, at: 0 };
    scan.entry().ok_or_else(|| format!("is not an entry in canonical JSON (from character {} on)", scan.at + 1))
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn entry(&mut self) -> Option<u64> {
        self.literal(b"{\"action\":")?;
        self.string()?;
        self.literal(b",\"at\":")?;
        self.string()?;
        self.literal(b",\"by\":")?;
        self.object(0)?;
        self.literal(b",\"denied\":")?;
        self.literal(b"true").or_else(|| self.literal(b"false"))?;
        self.literal(b",\"detail\":")?;
        self.value(0)?;
        self.literal(b",\"object\":")?;
        self.string()?;
        self.literal(b",\"seq\":")?;
        let from = self.at;
        self.number()?;
        let seq = self.text.get(from..self.at)?.parse().ok()?;
        self.literal(b"}")?;
        (self.at == self.text.len()).then_some(seq)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn literal(&mut self, wanted: &[u8]) -> Option<()> {
        let there = self.text.as_bytes().get(self.at..self.at + wanted.len())? == wanted;
        there.then(|| self.at += wanted.len())
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    fn array(&mut self, depth: u32) -> Option<()> {
        self.literal(b"[").filter(|()| depth <= DEEPEST)?;
        if self.literal(b"]").is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if self.literal(b",").is_none() {
                return self.literal(b"]");
            }
        }
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        self.literal(b"{").filter(|()| depth <= DEEPEST)?;
        if self.literal(b"}").is_some() {
            return Some(());
        }
        let mut before: Option<(usize, usize, bool)> = None;
        loop {
            let from = self.at;
            let escaped = self.string()?;
            let key = (from, self.at, escaped);
            if before.is_some_and(|before| !self.ascending(before, key)) {
                self.at = from;
                return None;
            }
            before = Some(key);
            self.literal(b":")?;
            self.value(depth)?;
            if self.literal(b",").is_none() {
                return self.literal(b"}");
            }
        }
    }

    /// Keys sort by what they say, which differs from how they are written only where something is escaped.
    fn ascending(&self, one: (usize, usize, bool), other: (usize, usize, bool)) -> bool {
        let written = |(from, to, _): (usize, usize, bool)| self.text.get(from..to).unwrap_or_default();
        if !one.2 && !other.2 {
            // Without the quote at the end, which would sort a name before a longer one only by chance.
            return written(one).trim_end_matches('"') < written(other).trim_end_matches('"');
        }
        let said = |key| serde_json::from_str::<String>(written(key)).ok();
        said(one) < said(other)
    }

    /// True if something in it is escaped.
    fn string(&mut self) -> Option<bool> {
        self.literal(b"\"")?;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        loop {
            match *bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(escaped);
                }
                b'\\' => {
                    escaped = true;
                    self.at += self.escape()?;
                }
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }

    /// How long the escape is; there is one way to write each character that needs one.
    fn escape(&self) -> Option<usize> {
        let rest = self.text.as_bytes().get(self.at + 1..)?;
        match *rest.first()? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
            b'u' => {
                let [b'0', b'0', high @ (b'0' | b'1'), low] = *rest.get(1..5)? else { return None };
                let short = high == b'0' && matches!(low, b'8' | b'9' | b'a' | b'c' | b'd');
                (matches!(low, b'0'..=b'9' | b'a'..=b'f') && !short).then_some(6)
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = rest.iter().take_while(|b| b.is_ascii_digit() || b"+-.eE".contains(b)).count();
        let (from, to) = (self.at, self.at + length);
        let digits = rest.get(..length)?.strip_prefix(b"-").unwrap_or(rest.get(..length)?);
        let plain = matches!(digits, [b'1'..=b'9', more @ ..] if more.len() < 18 && more.iter().all(u8::is_ascii_digit))
            || rest.get(..length)? == b"0";
        if !plain {
            // Rare enough to be read and written again.
            let token = self.text.get(from..to)?;
            let value: serde_json::Value = serde_json::from_str(token).ok()?;
            let written = value.to_string();
            (value.is_number() && written == token).then_some(())?;
        }
        self.at = to;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::digest::canonical_json;

    fn entry(detail: &str) -> String {
        format!(
            r#"{{"action":"a","at":"2026-11-22T03:10:07Z","by":{{"actor":"muster"}},"denied":false,"detail":{detail},"object":"o","seq":7}}"#
        )
    }

    #[test]
    fn whatever_we_write_is_canonical() {
        let everything: String = (0..0x300).filter_map(char::from_u32).chain(['\u{2028}', '😀']).collect();
        let details = [
            json!({}),
            json!(null),
            json!([]),
            json!({"b": [1, -2, 0, true, null], "a": {"y": "", "x": {}}, "ab": 1, "a!": 2}),
            json!({"n": 18_446_744_073_709_551_615_u64, "m": -9_223_372_036_854_775_808_i64, "f": 1.5, "e": 1e300}),
            json!({ everything.clone(): everything, "\"": 1, "\\": 2, "\n": 3, "é": 4 }),
        ];
        for detail in details {
            let text = entry(&canonical_json(&detail));
            assert_eq!(seq_of(&text), Ok(7), "{text}");
        }
    }

    #[test]
    fn whatever_is_written_otherwise_is_not() {
        let details = [
            " {}",
            "{} ",
            "{\"b\":1,\"a\":2}",
            "{\"a\":1,\"a\":1}",
            "{\"a\": 1}",
            "{\"a\":1,}",
            "[1,]",
            "[1 ]",
            "01",
            "-0",
            "1.0e2",
            "1e2",
            "+1",
            "\"\\/\"",
            "\"\\u0041\"",
            "\"\\u000a\"",
            "\"\\u001F\"",
            "\"\\u0020\"",
            "\"\\x\"",
            "\"\n\"",
            "\"",
            "",
            "nul",
            "{",
            "[",
            "{\"a\"}",
            "{\"ab\":1,\"a\":1}",
            "{\"\\n\":1,\"\\t\":1}",
            "1.50",
        ];
        for detail in details {
            assert!(seq_of(&entry(detail)).is_err(), "{detail}");
            if let Ok(value) = serde_json::from_str::<Value>(detail) {
                assert_ne!(canonical_json(&value), detail, "this is canonical after all");
            }
        }
        let whole = entry("{}");
        for wrong in [
            whole.replace("\"seq\":7", "\"seq\":07"),
            whole.replace("\"seq\":7", "\"seq\":-7"),
            whole.replace("\"seq\":7", "\"seq\":7.0"),
            whole.replace("\"seq\":7", "\"seq\":7,\"z\":1"),
            whole.replace("\"object\":\"o\",", ""),
            whole.replace("false", "0"),
            format!("{whole}\n"),
            format!(" {whole}"),
        ] {
            assert!(seq_of(&wrong).is_err(), "{wrong}");
        }
        let deep = format!("{}1{}", "[".repeat(4000), "]".repeat(4000));
        assert!(seq_of(&entry(&deep)).is_err(), "deeper than anything is read");
    }
}
