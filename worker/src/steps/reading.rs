//! The number in an answer: what `grep height` and a pair of eyes would find. Pure.

/// A number and what it is called there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) name: String,
    pub(crate) value: f64,
}

impl Reading {
    pub(crate) fn text(&self) -> String {
        // Display of f64 writes whole numbers without a fraction.
        self.value.to_string()
    }
}

/// The first number on the first line (not a `#` comment) that contains `filter` and has one; without a filter, of the whole.
pub(crate) fn find(body: &str, filter: Option<&str>) -> Option<Reading> {
    body.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter(|line| filter.is_none_or(|filter| line.contains(filter)))
        .find_map(|line| on_line(line, filter))
}

fn on_line(line: &str, filter: Option<&str>) -> Option<Reading> {
    // In JSON on one line the number that is meant stands after the name that was asked for.
    let json = line.trim_start().starts_with(['{', '[']);
    let from = filter.filter(|_| json).and_then(|filter| line.find(filter)).unwrap_or(0);
    let metric = metric_name(line);
    let skip = metric.map_or(from, |name| name.len() + labels_len(&line[name.len()..]));
    // What touches a letter or underscore is no number: not the 2 of `bt2c`, not the 1 of "validator1".
    let words = line[skip..].split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+')));
    words.filter(|word| !word.is_empty()).enumerate().find_map(|(i, word)| {
        let value = word.parse::<f64>().ok().filter(|n| n.is_finite())?;
        let name = metric.filter(|_| i == 0).or(filter).unwrap_or("number");
        Some(Reading { name: name.to_owned(), value })
    })
}

/// `bt2c_block_height` of `bt2c_block_height{node="1"} 41`.
fn metric_name(line: &str) -> Option<&str> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(line.len());
    let name = &line[..end];
    let follows = line[end..].chars().next();
    (name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && matches!(follows, Some('{' | ' ' | '\t')))
        .then_some(name)
}

/// Length of `{…}` at the beginning, quotes respected.
fn labels_len(text: &str) -> usize {
    if !text.starts_with('{') {
        return 0;
    }
    let (mut quoted, mut escaped) = (false, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return i + 1,
            _ => {}
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_person_would_read() {
        let prometheus =
            "# HELP bt2c_block_height Height 7\n# TYPE bt2c_block_height gauge\nbt2c_peers 1\nbt2c_block_height 41\n";
        type Case<'a> = (&'a str, Option<&'a str>, Option<(&'a str, f64)>);
        let cases: &[Case<'_>] = &[
            (prometheus, Some("height"), Some(("bt2c_block_height", 41.0))),
            (prometheus, None, Some(("bt2c_peers", 1.0))),
            ("height{node=\"1\",path=\"a}b\"} 4.2e1 1700000000", Some("height"), Some(("height", 42.0))),
            ("{\"peers\":3,\"height\":41}", Some("height"), Some(("height", 41.0))),
            ("{\n  \"validator1\": true,\n  \"height\": 41,\n}", Some("height"), Some(("height", 41.0))),
            ("41\n", None, Some(("number", 41.0))),
            ("node validator1 at height 17", Some("height"), Some(("height", 17.0))),
            ("height NaN", Some("height"), None),
            ("height of bt2c", Some("height"), None),
            ("peers 3", Some("height"), None),
            ("height -3", Some("height"), Some(("height", -3.0))),
            ("height: 2026-11-22", Some("height"), None),
            ("Höhe ü 12 height", Some("height"), Some(("height", 12.0))),
            ("", None, None),
        ];
        for (body, filter, expected) in cases {
            let found = find(body, *filter);
            let found = found.as_ref().map(|r| (r.name.as_str(), r.value));
            assert_eq!(found, *expected, "{body:?} {filter:?}");
        }
    }

    #[test]
    fn whole_numbers_are_written_whole() {
        let text = |value| Reading { name: String::new(), value }.text();
        assert_eq!((text(41.0), text(0.5)), ("41".into(), "0.5".into()));
    }
}
