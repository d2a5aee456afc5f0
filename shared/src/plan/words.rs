//! Small readings of words: slugs, numbered titles, near misses. Knows nothing of plans.

/// Lower-case words joined by hyphens. Letters of every script are kept.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') && c != '\'' && c != '’' {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Takes `1.`, `2)`, `2.1`, `Step 3:` or `A.` off the front: the number, if it is one, and the rest.
pub(super) fn strip_number(text: &str) -> (Option<u32>, &str) {
    let text = text.trim();
    let after_step = text.get(..5).filter(|word| word.eq_ignore_ascii_case("step ")).and_then(|_| text.get(5..));
    let body = after_step.unwrap_or(text).trim_start();
    let digits = body.len() - body.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 {
        let numbered = body.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let dotted = body.len() - numbered.len() > digits;
        let rest = numbered.trim_start_matches([')', ':', '、', '．', '：', '）']);
        // Wide signs bring their own blank.
        let wide = numbered.starts_with(['、', '．', '：', '）']);
        let separated = dotted || rest.len() < numbered.len() || after_step.is_some() || numbered.starts_with(" - ");
        if separated && (wide || rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            let number = body.get(..digits).and_then(|digits| digits.parse().ok());
            return (number, rest.trim_start_matches([' ', '\t', '\u{3000}', '-', '–', '—', ':']));
        }
    }
    let mut letters = text.chars();
    if letters.next().is_some_and(|c| c.is_ascii_uppercase()) && matches!(letters.next(), Some('.' | ')')) {
        let rest = letters.as_str();
        if rest.starts_with(' ') {
            return (None, rest.trim_start());
        }
    }
    (None, text)
}

/// `2.1 Stop` → 2, 1: the numbers in front of a text that [`strip_number`] takes for a number.
pub(super) fn number_path(text: &str) -> Vec<u32> {
    let text = text.trim();
    let body =
        text.get(..5).filter(|word| word.eq_ignore_ascii_case("step ")).and_then(|_| text.get(5..)).unwrap_or(text);
    let body = body.trim_start();
    let end = body.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(body.len());
    body.get(..end).unwrap_or_default().split('.').filter_map(|digits| digits.parse().ok()).collect()
}

/// Insertions, deletions and replacements between two short words; long ones count as far apart.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(33).collect(), b.chars().take(33).collect());
    if a.len() > 32 || b.len() > 32 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let here = (diagonal + usize::from(x != y)).min(*cell + 1).min(left + 1);
            diagonal = *cell;
            *cell = here;
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The word among `known` that was probably meant.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = if word.chars().count() < 5 { 1 } else { 2 };
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, candidate)| (distance, candidate.len().abs_diff(word.len())))
        .map(|(_, candidate)| candidate)
}

/// True if the text contains `word` as a whole word. Both in lower case.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
}

/// Words as people list them: `a`, `a and b`, `a, b and c`.
pub(super) fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [init @ .., last] => {
            let init: Vec<&str> = init.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", init.join(", "), last.as_ref())
        }
    }
}

/// A span of time in its largest whole unit.
pub(super) fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let fits = |&&(size, _): &&(u64, &str)| seconds >= size && seconds.is_multiple_of(size);
    let &(size, unit) = units.iter().find(fits).unwrap_or(&(1, "second"));
    match seconds / size {
        1 => format!("1 {unit}"),
        n => format!("{n} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_words() {
        for (text, expected) in [
            ("Node Failure Recovery", "node-failure-recovery"),
            ("  What's up?! ", "whats-up"),
            ("Überprüfung 2", "überprüfung-2"),
            ("恢复 数据", "恢复-数据"),
            ("---", ""),
        ] {
            assert_eq!(slug(text), expected);
        }
    }

    #[test]
    fn numbers_come_off_titles_only_when_they_number() {
        for (text, number, rest) in [
            ("1. Check node status", Some(1), "Check node status"),
            ("12) Stop", Some(12), "Stop"),
            ("2.1 Sub part", Some(2), "Sub part"),
            ("Step 3: Restore", Some(3), "Restore"),
            ("Step 4 - Restore", Some(4), "Restore"),
            ("5 - Wait", Some(5), "Wait"),
            ("3、確認", Some(3), "確認"),
            ("A. Recovery Scripts", None, "Recovery Scripts"),
            ("10 minutes of waiting", None, "10 minutes of waiting"),
            ("1.5GB free", None, "1.5GB free"),
            ("Plain", None, "Plain"),
            ("", None, ""),
        ] {
            assert_eq!(strip_number(text), (number, rest), "{text:?}");
        }
    }

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("minuets", ["seconds", "minutes", "hours"]), Some("minutes"));
        assert_eq!(nearest("blocks", ["seconds", "minutes", "hours"]), None);
        assert_eq!(nearest("hrz", ["hrs", "sec"]), Some("hrs"));
        assert_eq!(distance("", "abc"), 3);
    }
}
