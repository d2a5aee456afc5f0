//! Markdown to HTML for reports, in the browser and on the server. Raw HTML in the source becomes text, never markup.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// CommonMark with tables and strikethrough. Links and images go only to http, https, mailto and relative addresses; of the
/// others the text remains.
#[must_use]
pub fn to_html(source: &str) -> String {
    let mut kept = Kept::default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(source, options).filter_map(|event| kept.take(event));
    let mut html = String::with_capacity(source.len() * 2);
    html::push_html(&mut html, events);
    aligned(html)
}

/// Alignment of cells as an attribute: the pages' policy forbids inline styles. What was typed is escaped and cannot match.
fn aligned(mut html: String) -> String {
    for side in ["left", "center", "right"] {
        for cell in ["th", "td"] {
            let styled = format!("<{cell} style=\"text-align: {side}\">");
            if html.contains(&styled) {
                html = html.replace(&styled, &format!("<{cell} align=\"{side}\">"));
            }
        }
    }
    html
}

/// Which of the open links and images are markup in the result.
#[derive(Default)]
struct Kept {
    open: Vec<bool>,
}

impl Kept {
    fn take<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => Some(Event::Text(html)),
            Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Link { link_type, ref dest_url, .. } | Tag::Image { link_type, ref dest_url, .. }) => {
                let keep = link_type == LinkType::Email || is_allowed(dest_url);
                self.open.push(keep);
                keep.then_some(event)
            }
            Event::End(TagEnd::Link | TagEnd::Image) => self.open.pop().unwrap_or(false).then_some(event),
            other => Some(other),
        }
    }
}

/// Reads the scheme as browsers do: white space and control characters do not count.
fn is_allowed(address: &str) -> bool {
    let seen: String = address.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(64).collect();
    match seen.split_once([':', '/', '?', '#', '\\']) {
        Some((scheme, _)) if seen[scheme.len()..].starts_with(':') => {
            ["http", "https", "mailto"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
        }
        // Nothing in the first characters ends a scheme: only an honest short name is relative.
        None => !seen.contains(':') && seen.chars().count() < 64,
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::to_html;

    #[test]
    fn common_markdown_becomes_html() {
        for (source, expected) in [
            ("# Hi\n\n*a* **b** ~~c~~", "<h1>Hi</h1>\n<p><em>a</em> <strong>b</strong> <del>c</del></p>\n"),
            ("[x](https://h/p?a=b&c)", "<p><a href=\"https://h/p?a=b&amp;c\">x</a></p>\n"),
            ("[x](/incidents/1#a)", "<p><a href=\"/incidents/1#a\">x</a></p>\n"),
            ("[x](notes.md)", "<p><a href=\"notes.md\">x</a></p>\n"),
            ("<me@example.org>", "<p><a href=\"mailto:me@example.org\">me@example.org</a></p>\n"),
            ("![alt](a.png \"t\")", "<p><img src=\"a.png\" alt=\"alt\" title=\"t\" /></p>\n"),
            ("`<b>`", "<p><code>&lt;b&gt;</code></p>\n"),
        ] {
            assert_eq!(to_html(source), expected, "{source:?}");
        }
        assert!(to_html("|a|b|\n|-|-|\n|1|2|").contains("<td>2</td>"));
        assert!(to_html("|a|b|\n|-|-:|\n|1|2|").contains("<td align=\"right\">2</td>"));
    }

    #[test]
    fn raw_html_is_shown_as_text() {
        for source in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<svg/onload=alert(1)>",
            "<iframe src=\"javascript:alert(1)\"></iframe>",
            "<!-- --><b onclick=x>",
            "<style>@import 'x'</style>",
            "- <details open ontoggle=alert(1)>",
        ] {
            let html = to_html(source);
            let markup = html.replace("<p>", "").replace("</p>", "").replace("<ul>", "").replace("</ul>", "");
            let markup = markup.replace("<li>", "").replace("</li>", "");
            assert!(!markup.contains('<'), "{source:?} gave {html}");
        }
    }

    #[test]
    fn addresses_that_run_something_are_dropped() {
        for source in [
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](<java\tscript:alert(1)>)",
            "[x](&#106;avascript:alert(1))",
            "[x](javascript&colon;alert(1))",
            "[x](\u{1}javascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:msgbox)",
            "[x](file:///etc/passwd)",
            "<javascript:alert(1)>",
            "![x](data:image/svg+xml,<svg>)",
            "![x](javascript:alert(1))",
            "[x][r]\n\n[r]: javascript:alert(1)",
        ] {
            let html = to_html(source);
            assert!(!html.contains("href") && !html.contains("src="), "{source:?} gave {html}");
        }
        let long = format!("[x]({}javascript:alert(1))", "a".repeat(80));
        assert!(!to_html(&long).contains("href"));
    }

    #[test]
    fn titles_and_alternative_texts_cannot_break_out() {
        for source in [
            "[x](/a '\"><script>alert(1)</script>')",
            "![\"><script>alert(1)</script>](/a)",
            "![<img onerror=x>](/a '\" onerror=\"alert(1)')",
            "```\"><script>\nx\n```",
            "[x](/\"onmouseover=alert(1))",
        ] {
            let html = to_html(source);
            assert!(!html.contains("<script") && !html.contains("\" on"), "{source:?} gave {html}");
        }
    }
}
