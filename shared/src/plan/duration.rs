//! Spans of time and amounts as people write them. Knows nothing of tables.

use super::words::nearest;

const UNITS: [(&str, u64); 22] = [
    ("s", 1),
    ("sec", 1),
    ("secs", 1),
    ("second", 1),
    ("seconds", 1),
    ("m", 60),
    ("min", 60),
    ("mins", 60),
    ("minute", 60),
    ("minutes", 60),
    ("h", 3600),
    ("hr", 3600),
    ("hrs", 3600),
    ("hour", 3600),
    ("hours", 3600),
    ("d", 86_400),
    ("day", 86_400),
    ("days", 86_400),
    ("w", 604_800),
    ("week", 604_800),
    ("weeks", 604_800),
    ("wk", 604_800),
];

/// Words that bound a span and change nothing: "within 1 hour" promises one hour.
const BOUNDS: [&str; 12] =
    ["<", "<=", "≤", "~", "≈", "within", "under", "in", "about", "max", "maximum", "approximately"];
const AT_ONCE: [&str; 6] = ["immediate", "immediately", "instant", "instantly", "now", "zero"];
const NOTHING: [&str; 9] = ["", "-", "–", "—", "n/a", "na", "none", "tbd", "?"];

/// Why a text is no span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotATime {
    /// The plan leaves it open: empty, `-`, `TBD`.
    Open,
    UnknownUnit {
        unit: String,
        meant: Option<String>,
    },
    Unreadable,
}

impl NotATime {
    /// For the author: what is wrong with `text` and what to write instead.
    pub(super) fn explain(&self, text: &str) -> String {
        let text = text.trim();
        match self {
            Self::Open => "it is left open.".to_owned(),
            Self::UnknownUnit { unit, meant: Some(meant) } => {
                let better = text.to_lowercase().replacen(unit.as_str(), meant, 1);
                format!("\"{text}\" has the unknown unit \"{unit}\". Did you mean \"{better}\"?")
            }
            Self::UnknownUnit { unit, meant: None } => {
                format!("\"{text}\" has the unknown unit \"{unit}\". Write it like \"30 minutes\" or \"2 hours\".")
            }
            Self::Unreadable => format!("\"{text}\" cannot be read. Write it like \"30 minutes\" or \"2 hours\"."),
        }
    }
}

/// An amount of time, or of something the plan has its own word for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Amount {
    Seconds(u64),
    Of(u64, String),
}

/// Seconds in `< 1 hour`, `30 minutes`, `2h`, `1 hour 30 minutes`, `1h30m`, `Immediate`. Of `15-30 minutes` the later.
pub(super) fn seconds(text: &str) -> Result<u64, NotATime> {
    match amount(text)? {
        Amount::Seconds(seconds) => Ok(seconds),
        Amount::Of(_, unit) => Err(NotATime::UnknownUnit { unit, meant: None }),
    }
}

/// As [`seconds`], but also `0 blocks`.
pub(super) fn amount(text: &str) -> Result<Amount, NotATime> {
    let text = text.to_lowercase();
    let text = text.split_once('(').map_or(text.as_str(), |(before, _)| before).trim();
    if NOTHING.contains(&text) {
        return Err(NotATime::Open);
    }
    let tokens = tokens(text);
    let mut rest: &[&str] = &tokens;
    loop {
        rest = match rest {
            [bound, more @ ..] if BOUNDS.contains(bound) => more,
            ["less" | "fewer" | "no", "than" | "later" | "more", more @ ..]
            | ["up" | "at", "to" | "most", more @ ..] => more,
            ["than", more @ ..] => more,
            _ => break,
        };
    }
    match rest {
        [] => return Err(NotATime::Unreadable),
        [word] if AT_ONCE.contains(word) => return Ok(Amount::Seconds(0)),
        ["at", "once"] | ["real", "time"] | ["real", "-", "time"] => return Ok(Amount::Seconds(0)),
        ["0"] => return Ok(Amount::Seconds(0)),
        _ => {}
    }
    spans(rest)
}

fn spans(mut rest: &[&str]) -> Result<Amount, NotATime> {
    let mut total: u64 = 0;
    let mut first = true;
    while let [number, more @ ..] = rest {
        if !first && matches!(*number, "and" | "," | "+") {
            rest = more;
            continue;
        }
        // A range promises its later end.
        if let [_, "-" | "–" | "to", later, ..] = rest
            && parse_milli(later).is_some()
        {
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        let milli = parse_milli(number).ok_or(NotATime::Unreadable)?;
        let [unit, more @ ..] = more else { return Err(NotATime::Unreadable) };
        let Some(&(_, size)) = UNITS.iter().find(|(name, _)| name == unit) else {
            let meant =
                nearest(unit, UNITS.iter().map(|(name, _)| *name).filter(|name| name.len() > 2)).map(str::to_owned);
            let of_its_own = first && more.is_empty() && meant.is_none() && milli.is_multiple_of(1000);
            if of_its_own && unit.chars().all(|c| c.is_alphabetic() || c == '-') && unit.chars().count() > 2 {
                return Ok(Amount::Of(milli / 1000, (*unit).to_owned()));
            }
            return Err(NotATime::UnknownUnit { unit: (*unit).to_owned(), meant });
        };
        let span = milli.checked_mul(size).ok_or(NotATime::Unreadable)?.div_ceil(1000);
        total = total.checked_add(span).ok_or(NotATime::Unreadable)?;
        first = false;
        rest = more;
    }
    Ok(Amount::Seconds(total))
}

/// Thousandths, so that "1.5 hours" needs no floating point.
fn parse_milli(token: &str) -> Option<u64> {
    match token {
        "a" | "an" | "one" => return Some(1000),
        "half" => return Some(500),
        _ => {}
    }
    let (whole, fraction) = token.split_once('.').unwrap_or((token, ""));
    if whole.is_empty() || fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(fraction)
}

/// Splits at white space and between digits and letters, so that `1h30m` reads as `1 h 30 m`.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace().map(|word| word.trim_end_matches('.')) {
        let mut start = 0;
        let mut last = None;
        for (at, c) in word.char_indices() {
            let class = class(c);
            if last.is_some_and(|last| last != class) {
                tokens.extend(word.get(start..at));
                start = at;
            }
            last = Some(class);
        }
        tokens.extend(word.get(start..));
    }
    // "half an hour" is half of one hour.
    if let Some(at) = tokens.windows(2).position(|pair| matches!(pair, ["half", "a" | "an"])) {
        tokens.remove(at + 1);
    }
    tokens
}

fn class(c: char) -> u8 {
    match c {
        '0'..='9' | '.' => 0,
        '<' | '≤' | '=' | '~' | '≈' => 1,
        ',' | '+' | '–' => 2,
        '-' => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_people_write() {
        for (text, expected) in [
            ("< 1 hour", 3600),
            ("30 minutes", 1800),
            ("Immediate", 0),
            ("Immediately", 0),
            ("2h", 7200),
            ("1 hour 30 minutes", 5400),
            ("1h30m", 5400),
            ("1 hour and 30 min", 5400),
            ("1.5 hours", 5400),
            ("half an hour", 1800),
            ("an hour", 3600),
            ("within 15 mins", 900),
            ("Less than 1 hour", 3600),
            ("up to 2 days", 172_800),
            ("≤45s", 45),
            ("<=45 sec.", 45),
            ("15-30 minutes", 1800),
            ("15 to 30 minutes", 1800),
            ("4 hours (office hours)", 14_400),
            ("0", 0),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_span_says_why() {
        let misspelt = |unit: &str, meant: Option<&str>| {
            Err(NotATime::UnknownUnit { unit: unit.to_owned(), meant: meant.map(str::to_owned) })
        };
        assert_eq!(seconds("10 minuets"), misspelt("minuets", Some("minutes")));
        assert_eq!(seconds("2 huors"), misspelt("huors", Some("hours")));
        assert_eq!(seconds("3 blocks"), misspelt("blocks", None));
        assert_eq!(seconds("10 q"), misspelt("q", None));
        assert_eq!(seconds("TBD"), Err(NotATime::Open));
        for text in ["soon", "10", "99999999999999999999 hours", "18446744073709551615 weeks", "1..2 h", "(x)"] {
            assert!(seconds(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn amounts_keep_the_plans_own_words() {
        assert_eq!(amount("0 blocks"), Ok(Amount::Of(0, "blocks".into())));
        assert_eq!(amount("5 minutes"), Ok(Amount::Seconds(300)));
        assert_eq!(amount("5 transactions"), Ok(Amount::Of(5, "transactions".into())));
        assert!(matches!(amount("5 minuets"), Err(NotATime::UnknownUnit { meant: Some(_), .. })));
    }
}
