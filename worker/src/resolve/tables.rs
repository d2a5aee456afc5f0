//! Which tables SQL takes rows from or changes rows of, as far as that can be told for sure. Pure; judges nothing.

/// `None`: it may change rows, and which tables cannot be told. Empty: it says nothing of the kind.
pub(super) fn changed(query: &str) -> Option<Vec<String>> {
    let tokens = tokens(query)?;
    let mut found: Vec<String> = vec![];
    for statement in tokens.split(|token| token == ";") {
        let words: Vec<&str> = statement.iter().map(String::as_str).collect();
        let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
        let skip = |at: usize, word: &str| if is(at, word) { at + 1 } else { at };
        let names = if is(0, "delete") && is(1, "from") {
            vec![name(&words, skip(2, "only"))?.0]
        } else if is(0, "update") {
            vec![name(&words, skip(1, "only"))?.0]
        } else if is(0, "truncate") {
            listed(&words, skip(skip(1, "table"), "only"))?
        } else if is(0, "drop") && is(1, "table") {
            listed(&words, if is(2, "if") && is(3, "exists") { 4 } else { 2 })?
        } else if words.is_empty()
            || ["select", "show", "begin", "commit", "vacuum", "analyze"].iter().any(|w| is(0, w))
        {
            // A SELECT may hide a change in itself.
            if words
                .iter()
                .any(|w| ["delete", "update", "truncate", "insert", "drop"].iter().any(|c| w.eq_ignore_ascii_case(c)))
            {
                return None;
            }
            vec![]
        } else {
            return None;
        };
        for name in names {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    Some(found)
}

/// Words, names in double quotes as they are, and single signs. Whatever could hide something else is not taken apart.
fn tokens(query: &str) -> Option<Vec<String>> {
    if query.contains("--") || query.contains("/*") || query.contains('$') || query.contains('\\') {
        return None;
    }
    let mut found = vec![];
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => rest[1..].find(first)? + 2,
            c if c.is_ascii_alphanumeric() || c == '_' => {
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        // Two in a row are one with a quote in it.
        if matches!(first, '"' | '\'') && rest[end..].starts_with(first) {
            return None;
        }
        found.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    Some(found)
}

/// `schema.table` from there on, written so that it means the same and nothing else, and what follows.
fn name(words: &[&str], at: usize) -> Option<(String, usize)> {
    let part = |at: usize| {
        let word = *words.get(at)?;
        let plain = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        match word.strip_prefix('"') {
            Some(quoted) if quoted.len() > 1 => Some(word.to_owned()),
            None if plain => Some(format!("\"{}\"", word.to_ascii_lowercase())),
            _ => None,
        }
    };
    let first = part(at)?;
    if words.get(at + 1) == Some(&".") {
        Some((format!("{first}.{}", part(at + 2)?), at + 3))
    } else {
        Some((first, at + 1))
    }
}

/// `a, b, c`, and nothing after it but how.
fn listed(words: &[&str], mut at: usize) -> Option<Vec<String>> {
    let mut names = vec![];
    loop {
        let (found, next) = name(words, at)?;
        names.push(found);
        if words.get(next) != Some(&",") {
            let how = ["restart", "continue", "identity", "cascade", "restrict"];
            // What else goes with it is not named.
            let cascades = words[next..].iter().any(|word| word.eq_ignore_ascii_case("cascade"));
            let known = words[next..].iter().all(|word| how.iter().any(|h| word.eq_ignore_ascii_case(h)));
            return (known && !cascades).then_some(names);
        }
        at = next + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_or_nothing_is_said() {
        let cases: [(&str, Option<&[&str]>); 18] = [
            ("DELETE FROM block WHERE height > 7", Some(&["\"block\""])),
            ("delete from only chain.Block;", Some(&["\"chain\".\"block\""])),
            ("UPDATE \"Odd Name\" SET x = 'DELETE FROM y'", Some(&["\"Odd Name\""])),
            ("TRUNCATE block, peer RESTART IDENTITY", Some(&["\"block\"", "\"peer\""])),
            ("TRUNCATE TABLE block CASCADE", None),
            ("DROP TABLE IF EXISTS block", Some(&["\"block\""])),
            ("DELETE FROM a; DELETE FROM b; DELETE FROM a", Some(&["\"a\"", "\"b\""])),
            ("SELECT max(height) FROM block", Some(&[])),
            ("WITH gone AS (DELETE FROM block RETURNING 1) SELECT 1", None),
            ("SELECT 1 FROM (DELETE FROM block RETURNING 1) x", None),
            ("DELETE FROM block -- all", None),
            ("DO $$ BEGIN DELETE FROM block; END $$", None),
            ("CALL prune()", None),
            ("DELETE FROM 'block'", None),
            ("DELETE FROM \"a\"\"b\"", None),
            ("UPDATE", None),
            ("DELETE FROM block'", None),
            ("INSERT INTO block VALUES (1)", None),
        ];
        for (query, expected) in cases {
            let found = changed(query);
            let found = found.as_ref().map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(found.as_deref(), expected, "{query}");
        }
    }
}
