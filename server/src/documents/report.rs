//! A post-incident report as one self-contained HTML file. Its text comes from people, so it is cleaned twice and may load nothing.

use std::sync::LazyLock;

use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use shared::{domain::status::PublicIncident, markdown, timestamp::Timestamp};

use crate::public::{PublicReport, Speech, compact, fill};

static STYLE: LazyLock<String> = LazyLock::new(|| {
    compact(concat!(include_str!("../../../web/style/tokens.css"), include_str!("../../../web/style/document.css")))
});

/// The exact text of the document's `<style>`, for the policy that allows it.
#[must_use]
pub fn style() -> &'static str {
    &STYLE
}

/// What a report says about itself, apart from its text. Leave out what its readers may not know.
#[derive(Clone, Debug)]
pub struct ReportDocument<'a> {
    pub incident: i64,
    pub title: &'a str,
    /// "Level 1: Critical".
    pub level: Option<String>,
    pub components: Vec<String>,
    pub started_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub version: i32,
    /// `None` for a draft, which says so.
    pub published_at: Option<Timestamp>,
    pub published_by: Option<String>,
    /// Markdown.
    pub body: &'a str,
    /// At the head of each printed page; not on the public page, whose policy knows one style only.
    pub running: Option<String>,
    /// Address and words of a link back; absent in an export.
    pub back: Option<(&'a str, &'a str)>,
    pub(crate) speech: Speech,
}

impl<'a> ReportDocument<'a> {
    /// For everybody: public fields only, no person's name but those the published text itself tells.
    #[must_use]
    pub(crate) fn public(incident: &'a PublicIncident, report: &'a PublicReport, speech: &Speech) -> Self {
        Self {
            incident: incident.number,
            title: &incident.title,
            level: None,
            components: incident.component_names(),
            started_at: incident.started_at,
            resolved_at: incident.resolved_at,
            version: report.version,
            published_at: Some(report.published_at),
            published_by: None,
            body: &report.body,
            running: None,
            back: Some(("/", speech.texts.current_status)),
            speech: speech.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Report<'a> {
    style: &'a str,
    running: Option<String>,
    policy: &'a str,
    document: &'a ReportDocument<'a>,
    facts: Vec<(&'static str, String)>,
    body: String,
}

/// A whole file, and the policy under which it may be shown by us.
#[derive(Clone, Debug)]
pub struct Printed {
    pub html: String,
    pub policy: String,
}

/// What stands at the head of each printed page, as a style: CSS has no other way to put text there.
pub(super) fn running(title: &str) -> String {
    let mut text = String::new();
    for c in title.chars().take(90) {
        match c {
            // Nothing that ends a string, a style or a line.
            '"' | '\\' | '<' | '>' | '&' => text.push_str(&format!("\\{:x} ", u32::from(c))),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    format!("@media print{{@page{{@top-left{{content:\"{text}\"}}}}}}")
}

/// The policy of a document with these styles.
pub(super) fn policy(styles: &[&str]) -> String {
    let hashes: String =
        styles.iter().map(|style| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(style)))).collect();
    format!("default-src 'none'; style-src{hashes}; img-src 'self' data:; base-uri 'none'; form-action 'none'")
}

/// The whole file.
#[must_use]
pub fn report_html(document: &ReportDocument<'_>) -> Printed {
    let (speech, t) = (&document.speech, document.speech.texts);
    let words = |at: Timestamp| speech.instant(at).words;
    let mut facts = vec![(t.incident, format!("#{}", document.incident))];
    facts.extend(document.level.clone().map(|level| ("Level", level)));
    if !document.components.is_empty() {
        facts.push((t.affected, document.components.join(", ")));
    }
    facts.push((t.started, words(document.started_at)));
    if let Some(at) = document.resolved_at {
        facts.push((t.resolved, words(at)));
        facts.push((t.lasted, speech.span(at.seconds_since(document.started_at))));
    }
    facts.push(match (document.published_at, &document.published_by) {
        (None, _) => ("Version", format!("{} (draft, not published)", document.version)),
        (Some(at), None) => {
            let values = [("version", document.version.to_string()), ("when", words(at))];
            (t.version, fill(t.version_published, &values.each_ref().map(|(name, value)| (*name, value.as_str()))))
        }
        (Some(at), Some(by)) => ("Version", format!("{}, published {} by {by}", document.version, words(at))),
    });
    let running = document.running.as_deref().map(running);
    let styles: Vec<&str> = [style()].into_iter().chain(running.as_deref()).collect();
    let policy = policy(&styles);
    let body = body_html(document.body);
    let report = Report { style: style(), running: running.clone(), policy: &policy, document, facts, body };
    // A template of ours writes into memory; its values' `Display` does not fail.
    let html = report.render().unwrap_or_default();
    Printed { html, policy: format!("{policy}; frame-ancestors 'none'") }
}

/// Markdown to safe HTML. The document has its own first heading, so a text with one of its own goes one level down.
fn body_html(source: &str) -> String {
    let mut html = markdown::to_html(source);
    // Alignment arrives as a style, which cleaning takes away. In text `<` is escaped by now, so this finds only real cells.
    for cell in ["th", "td"] {
        for side in ["left", "center", "right"] {
            html =
                html.replace(&format!("<{cell} style=\"text-align: {side}\">"), &format!("<{cell} align=\"{side}\">"));
        }
    }
    let mut clean = ammonia::Builder::default()
        .url_schemes(["http", "https", "mailto"].into())
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&html)
        .to_string();
    if clean.contains("<h1>") {
        for level in (1..6).rev() {
            for edge in ["<h", "</h"] {
                clean = clean.replace(&format!("{edge}{level}>"), &format!("{edge}{}>", level + 1));
            }
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(body: &str) -> ReportDocument<'_> {
        ReportDocument {
            incident: 12,
            title: "Validator 1 <b>is</b> away",
            level: Some("Level 1: \"Critical\"".into()),
            components: vec!["Validator 1".into(), "<script>".into()],
            started_at: Timestamp::from_unix(1_795_317_007),
            resolved_at: Some(Timestamp::from_unix(1_795_319_527)),
            version: 3,
            published_at: Some(Timestamp::from_unix(1_795_403_407)),
            published_by: Some("Ada & Co".into()),
            body,
            running: Some("Incident 12: </style>\"<script>".into()),
            back: None,
            speech: Speech::default(),
        }
    }

    #[test]
    fn a_report_tells_its_facts_and_text() {
        let html = report_html(&document("# Summary\n\nIt **fell**.\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n")).html;
        assert_eq!(html.matches("</style>").count(), 2, "a title ends no style");
        for part in [
            "#12",
            "Level 1: &#34;Critical&#34;",
            "22 Nov 2026, 03:10 UTC",
            "42 min",
            "3, published 23 Nov 2026, 03:10 UTC by Ada &#38; Co",
            "<h2>Summary</h2>",
            "<strong>fell</strong>",
            "<td align=\"right\">2</td>",
            "is&#60;/b&#62; away",
        ] {
            assert!(html.contains(part), "{part:?} is missing in {html}");
        }
        assert!(!html.contains("<script"));
        assert!(!html.contains("<link") && !html.contains("src="), "the file needs nothing else");
        let draft = report_html(&ReportDocument { published_at: None, ..document("x") }).html;
        assert!(draft.contains("draft, not published"));
    }

    #[test]
    fn no_markup_or_script_survives_in_the_text() {
        let corpus = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg/onload=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\tscript:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:msgbox(1))",
            "![x](javascript:alert(1))",
            "![x\" onerror=\"alert(1)](https://example.org/a.png)",
            "[x](https://example.org/\"onmouseover=\"alert(1))",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<iframe src=\"//example.org\"></iframe>",
            "<style>body{display:none}</style>",
            "<base href=\"//example.org\">",
            "<meta http-equiv=refresh content=0>",
            "<form action=//example.org><input name=password>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<details open ontoggle=alert(1)>",
            "`<script>alert(1)</script>`",
            "```html\n</code><script>alert(1)</script>\n```",
            "<!--><img src=x onerror=alert(1)>-->",
            "<![CDATA[<script>alert(1)</script>]]>",
            "<javascript:alert(1)>",
            "{{ document.secret }}{% include \"x\" %}",
        ];
        // As a browser reads it: only real tags and attributes count, escaped text does not.
        let active = [
            "<script",
            "<svg",
            "<iframe",
            "<style",
            "<base",
            "<meta",
            "<form",
            "<input",
            "<math",
            "<details",
            "<noscript",
            "<!--",
        ];
        for source in corpus {
            let html = body_html(source).to_lowercase();
            for tag in active {
                assert!(!html.contains(tag), "{source:?} became {html:?}");
            }
            for opening in html.split('<').skip(1).filter_map(|t| t.split_once('>')).map(|(tag, _)| tag) {
                let quoted_away: String = opening.split('"').step_by(2).collect();
                assert!(!quoted_away.contains(" on"), "{source:?} became {html:?}");
                for scheme in ["javascript:", "vbscript:", "data:", "java\tscript"] {
                    assert!(!opening.contains(scheme), "{source:?} became {html:?}");
                }
            }
        }
        assert!(body_html("{{ x }}").contains("{{ x }}"));
    }
}
