//! The sections of a report's text: what is commented on, and what is chosen to become public. Changes no word.

use super::facts::Fence;

/// One heading with what stands under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Empty before the first heading.
    pub title: &'a str,
    /// With its heading.
    pub text: &'a str,
}

/// A heading of the first or second degree.
fn heading(line: &str) -> Option<&str> {
    let title = line.strip_prefix("## ").or_else(|| line.strip_prefix("# "))?;
    Some(title.trim().trim_end_matches('#').trim_end())
}

/// In order. What stands before the first heading is one without a title, if there is anything.
#[must_use]
pub fn sections(body: &str) -> Vec<Section<'_>> {
    let mut begins = vec![];
    let (mut fence, mut at) = (Fence::default(), 0);
    for line in body.split_inclusive('\n') {
        if fence.outside(line)
            && let Some(title) = heading(line)
        {
            begins.push((at, title));
        }
        at += line.len();
    }
    let first = begins.first().map_or(body.len(), |(at, _)| *at);
    let mut all = vec![];
    if let Some(text) = body.get(..first).filter(|text| !text.trim().is_empty()) {
        all.push(Section { title: "", text });
    }
    let ends = begins.iter().skip(1).map(|(at, _)| *at).chain([body.len()]);
    all.extend(
        begins.iter().zip(ends).filter_map(|((from, title), to)| Some(Section { title, text: body.get(*from..to)? })),
    );
    all
}

/// Only these, by their place from 0, in the text's order. `None` if there is no such place or none was named.
#[must_use]
pub fn chosen(body: &str, places: &[u16]) -> Option<String> {
    let all = sections(body);
    let known = places.iter().all(|place| usize::from(*place) < all.len());
    if places.is_empty() || !known {
        return None;
    }
    let is_chosen = |place: usize| places.iter().any(|chosen| usize::from(*chosen) == place);
    Some(all.iter().enumerate().filter(|(place, _)| is_chosen(*place)).map(|(_, section)| section.text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "before\n\n# One\na\n### deeper\n```\n# not one\n```\n## Two ##\nb\n";

    #[test]
    fn a_text_falls_into_its_headings() {
        let titles = |text| sections(text).iter().map(|section| section.title).collect::<Vec<_>>().join("|");
        assert_eq!(titles(TEXT), "|One|Two");
        assert_eq!(titles("# A\n"), "A");
        assert_eq!(titles("no heading"), "");
        assert_eq!(titles("\n\n"), "");
        assert_eq!(sections(TEXT).iter().map(|section| section.text).collect::<String>(), TEXT, "nothing is lost");
    }

    #[test]
    fn only_what_was_chosen_is_taken() {
        for (places, expected) in [
            (&[2][..], Some("## Two ##\nb\n")),
            (&[2, 0, 0], Some("before\n\n## Two ##\nb\n")),
            (&[3], None),
            (&[], None),
        ] {
            assert_eq!(chosen(TEXT, places).as_deref(), expected, "{places:?}");
        }
    }
}
