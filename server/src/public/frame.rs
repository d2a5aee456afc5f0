//! What all public pages share: the inlined style with its policy, the script's address, shapes and colours of the states. Holds no
//! fact of any incident.

use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;
use shared::{
    domain::{incident::PublicState, status::Impact},
    timestamp::Timestamp,
};

use super::{
    brand::Branding,
    page::{Page, Policy},
    speech::{Instant, Speech},
    texts::{Texts, fill},
};

/// Made anew when the brand changes.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) style: String,
    pub(crate) policy: Policy,
    /// Of the few pages that have a form.
    pub(crate) form_policy: Policy,
    /// Strangers can ask to be told by mail.
    pub(crate) subscribe: bool,
    pub(crate) speech: Speech,
    pub(crate) t: &'static Texts,
    pub(crate) brand: Arc<Branding>,
    /// What the script says, as JSON.
    pub(crate) script_words: String,
    /// Address of `status.js`; without it the pages are complete, only not live.
    pub(crate) script: Option<String>,
    /// Set in a copy: what it is a copy of.
    pub(crate) original: Option<Original>,
}

#[derive(Clone, Debug)]
pub(crate) struct Original {
    pub(crate) base: String,
    pub(crate) copied_at: Timestamp,
}

impl Frame {
    pub(crate) fn new(
        script: Option<String>,
        original: Option<Original>,
        brand: Arc<Branding>,
        subscribe: bool,
    ) -> Self {
        let style = compact(concat!(
            include_str!("../../../web/style/tokens.css"),
            include_str!("../../../web/style/public.css")
        ));
        let mut style = without_unused(&style);
        if let Some(accent) = &brand.brand.accent {
            let (light, dark) = accent.readable();
            style.push_str(&format!(
                ":root{{--accent:light-dark({},{})}}header.site{{border-bottom:3px solid var(--accent)}}.about{{padding-top:.75rem}}",
                light.as_str(),
                dark.as_str()
            ));
        }
        let speech = Speech::of(&brand.brand);
        let t = speech.texts;
        let script_words =
            json!({ "lang": t.code, "live": t.live, "lost": t.lost, "now": t.just_now, "min": t.minutes_ago, "h": t.hours_ago, "zone": speech.zone_own_words() })
                .to_string();
        let policy = Policy::for_style(&style);
        let form_policy = Policy::for_form(&style);
        Self { style, policy, form_policy, subscribe, speech, t, brand, script_words, script, original }
    }

    /// "of Validator 1": `text` with its one place filled in, whatever it is called there.
    pub(crate) fn about(&self, text: &str, what: &str) -> String {
        fill(text, &[("name", what), ("title", what)])
    }

    /// In a copy: when it was made.
    pub(crate) fn copied_at(&self) -> Option<Instant> {
        self.original.as_ref().map(|original| self.speech.instant(original.copied_at))
    }

    pub(crate) fn page(&self, status: StatusCode, template: &impl Template) -> Page {
        // A template of ours writes into memory; its values' `Display` does not fail.
        let html = template.render().unwrap_or_else(|error| {
            tracing::error!(%error, "a public page could not be rendered");
            String::new()
        });
        Page::html(status, html, &self.policy)
    }
}

/// Colour and shape of an impact: the CSS class is also the id of the shape.
pub(crate) fn tone(impact: Impact) -> &'static str {
    match impact {
        Impact::Operational => "good",
        Impact::Degraded => "notice",
        Impact::PartialOutage => "warning",
        Impact::MajorOutage => "critical",
    }
}

/// An incident's tone: what it does to people while it is open, calm once it is over.
pub(crate) fn incident_tone(state: PublicState, impact: Impact) -> &'static str {
    match (state, impact) {
        (PublicState::Resolved, _) => "good",
        // Open, though no component is named: still worth a look.
        (_, Impact::Operational) => "notice",
        (_, impact) => tone(impact),
    }
}

/// A sentence instead of a page: nothing here, or nothing known yet.
#[derive(Template)]
#[template(path = "sentence.html")]
pub(crate) struct Sentence<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) site: &'a str,
    pub(crate) heading: &'a str,
    pub(crate) text: &'a str,
    /// True while a better page is expected: the script then waits for it.
    pub(crate) live: bool,
}

/// Style without comments and needless blanks. Strings are copied as they are.
pub(crate) fn compact(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(c) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if c == '"' || c == '\'' {
            let end = rest[1..].find(c).map_or(rest.len(), |i| i + 2);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if c.is_whitespace() {
            rest = rest.trim_start();
            let before = out.ends_with(['{', '}', ';', ',', ':', '(', ' ']) || out.is_empty();
            if !before && !rest.starts_with(['{', '}', ';', ',', ')']) {
                out.push(' ');
            }
        } else {
            if c == '}' && out.ends_with(';') {
                out.pop();
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Compact style without the custom properties that nothing in it refers to: the tokens are the console's too.
fn without_unused(css: &str) -> String {
    let mut css = css.to_owned();
    loop {
        let mut kept = String::with_capacity(css.len());
        let mut rest = css.as_str();
        while let Some(at) = rest.find("--") {
            let (before, declared) = rest.split_at(at);
            kept.push_str(before);
            let name = &declared
                [..declared[2..].find(|c: char| !c.is_alphanumeric() && c != '-').map_or(declared.len(), |n| n + 2)];
            let is_declaration = before.ends_with(['{', ';']) && declared[name.len()..].starts_with(':');
            let refers = |text: &str| {
                text.match_indices(&format!("var({name}"))
                    .any(|(at, found)| text[at + found.len()..].starts_with([')', ',']))
            };
            let end = declared.find([';', '}']).unwrap_or(declared.len());
            if is_declaration && !refers(&css) {
                rest = declared[end..].strip_prefix(';').unwrap_or(&declared[end..]);
            } else {
                kept.push_str(name);
                rest = &declared[name.len()..];
            }
        }
        kept.push_str(rest);
        if kept.len() == css.len() {
            return kept;
        }
        css = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_custom_properties_that_are_used_stay() {
        let css = ":root{color-scheme:light;--a:1px;--ab:2px;--b:var(--c);--c:3px;--d:url(x)}p{top:var(--ab);left:var(--a,0)}.x--y{top:0}";
        assert_eq!(
            without_unused(css),
            ":root{color-scheme:light;--a:1px;--ab:2px;}p{top:var(--ab);left:var(--a,0)}.x--y{top:0}"
        );
    }

    #[test]
    fn compacting_keeps_the_meaning() {
        let css = "/* a */\n:root {\n  --x: calc(1px + 2px);\n}\n\n.a .b, .c :hover { content: \" ; } \"; margin: 0 auto; }\n@media (min-width: 40rem) { p { top: 0 } }\n";
        let expected = ":root{--x:calc(1px + 2px)}.a .b,.c :hover{content:\" ; } \";margin:0 auto}@media (min-width:40rem){p{top:0}}";
        assert_eq!(compact(css), expected);
        assert_eq!(compact("a{} /* open"), "a{}");
    }
}
