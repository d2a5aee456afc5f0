//! What was said in public, short enough to be said elsewhere again. Knows no network and sends nothing.

/// What fits everywhere: the shortest of the common limits (X 280, Bluesky 300, Mastodon 500), the link counted as long as it is.
pub const MOST: usize = 280;

/// `head`, as much of `said` as fits, and the link, which is never cut.
#[must_use]
pub fn short(head: &str, said: &str, link: &str) -> String {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = |text: &str| text.chars().count();
    let room = MOST.saturating_sub(length(link) + 1);
    let head = cut(&one_line(head), room);
    let left = room.saturating_sub(length(&head) + 1);
    let said = cut(&one_line(said), left);
    [head, said, link.to_owned()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// At a word's end if there is one, with a sign that there is more.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let Some(room) = most.checked_sub(1).filter(|room| *room > 0) else { return String::new() };
    let fits: String = text.chars().take(room).collect();
    let whole = text.chars().nth(room) == Some(' ');
    let end = if whole { None } else { fits.rfind(' ').filter(|end| *end > 0) };
    format!("{}…", end.map_or(&*fits, |end| &fits[..end]).trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://status.example.org/incidents/12";

    #[test]
    fn it_fits_and_keeps_the_link() {
        for (head, said) in [
            ("Identified: Blocks are late.", "A disk is full."),
            ("Identified: Blocks are late.", &*"word ".repeat(200)),
            ("Identified: Blocks are late.", &*"ä".repeat(2000)),
            (&*"title ".repeat(100), "said"),
            (&*"x".repeat(400), ""),
            ("", ""),
        ] {
            let text = short(head, said, LINK);
            assert!(text.chars().count() <= MOST && text.ends_with(LINK), "{text}");
            assert!(!text.contains('\n') && !text.contains("  "), "{text}");
        }
        assert_eq!(short("A: b.", "One\n two", LINK), format!("A: b. One two {LINK}"));
    }

    #[test]
    fn it_is_cut_between_words() {
        for (text, most, expected) in [
            ("one two three", 13, "one two three"),
            ("one two three", 12, "one two…"),
            ("one two three", 8, "one two…"),
            ("one two three", 7, "one…"),
            ("abcdef", 4, "abc…"),
            ("abcdef", 1, ""),
            ("abcdef", 0, ""),
        ] {
            assert_eq!(cut(text, most), expected, "{text} {most}");
        }
    }
}
